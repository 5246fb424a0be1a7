package feed

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Absolute is sanitised HTML with every address in it made absolute: relative
// to base, that of the page where it is shown. Everything else stays as it is.
func Absolute(text, base string) string {
	at, err := url.Parse(base)
	if err != nil || text == "" {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 256)
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		raw := string(z.Raw()) // before Token, which reuses the buffer
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			b.WriteString(raw)
			continue
		}
		t := z.Token()
		changed := false
		for i, a := range t.Attr {
			if resolved, ok := resolve(at, a); ok {
				t.Attr[i].Val, changed = resolved, true
			}
		}
		if changed {
			b.WriteString(t.String())
		} else {
			b.WriteString(raw)
		}
	}
}

func resolve(base *url.URL, a html.Attribute) (string, bool) {
	switch a.Key {
	case "href", "src", "poster", "cite":
	case "srcset":
		return resolveSet(base, a.Val)
	default:
		return "", false
	}
	ref, err := url.Parse(a.Val)
	if err != nil || ref.IsAbs() {
		return "", false
	}
	return base.ResolveReference(ref).String(), true
}

// resolveSet makes the addresses of a srcset absolute. Ours have no comma in
// them: an address with one is not told from two.
func resolveSet(base *url.URL, set string) (string, bool) {
	var out []string
	for candidate := range strings.SplitSeq(set, ",") {
		fields := strings.Fields(candidate)
		if len(fields) == 0 {
			continue
		}
		ref, err := url.Parse(fields[0])
		if err != nil {
			return "", false
		}
		fields[0] = base.ResolveReference(ref).String()
		out = append(out, strings.Join(fields, " "))
	}
	return strings.Join(out, ", "), true
}
