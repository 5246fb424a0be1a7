package markup

import (
	"html"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/yuin/goldmark/util"
)

// Tag is an HTML start tag.
type Tag struct {
	Range
	// Name is in lower case.
	Name string
	// Attrs are its attributes.
	Attrs []Attr
}

// Attr is an attribute of a tag.
type Attr struct {
	// Name is in lower case.
	Name string
	// Value is unescaped.
	Value string
	// At is where the value stands, without quotes.
	At Range
}

// Value is the attribute's value, empty if there is none.
func (t Tag) Value(name string) string {
	for _, a := range t.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// Tags lists the start tags of a text, outside of code.
func Tags(s string, code []Range) []Tag {
	var out []Tag
	for i := 0; i < len(s); {
		n := strings.IndexByte(s[i:], '<')
		if n < 0 {
			break
		}
		i += n
		if r, ok := around(code, i); ok {
			i = r.End
			continue
		}
		if i > 0 && s[i-1] == '\\' {
			i++
			continue
		}
		t, ok := startTag(s, i)
		if !ok {
			i++
			continue
		}
		out = append(out, t)
		i = t.End
	}
	return out
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

// startTag reads the tag that begins at i.
func startTag(s string, i int) (Tag, bool) {
	j := i + 1
	for j < len(s) && (isLetter(s[j]) || j > i+1 && (s[j] >= '0' && s[j] <= '9' || s[j] == '-')) {
		j++
	}
	if j == i+1 || j >= len(s) || !isSpace(s[j]) && s[j] != '>' && s[j] != '/' {
		return Tag{}, false // such as <https://…>
	}
	t := Tag{Name: strings.ToLower(s[i+1 : j])}
	for {
		for j < len(s) && (isSpace(s[j]) || s[j] == '/') {
			j++
		}
		if j >= len(s) || s[j] == '<' {
			return Tag{}, false
		}
		if s[j] == '>' {
			t.Range = Range{i, j + 1}
			return t, true
		}
		a, end, ok := attribute(s, j)
		if !ok {
			return Tag{}, false
		}
		t.Attrs = append(t.Attrs, a)
		j = end
	}
}

func attribute(s string, i int) (a Attr, end int, ok bool) {
	j := i
	for j < len(s) && !isSpace(s[j]) && !strings.ContainsRune("=>/<\"'", rune(s[j])) {
		j++
	}
	if j == i {
		return Attr{}, 0, false
	}
	a = Attr{Name: strings.ToLower(s[i:j]), At: Range{j, j}}
	k := j
	for k < len(s) && isSpace(s[k]) {
		k++
	}
	if k >= len(s) || s[k] != '=' {
		return a, j, true
	}
	for k++; k < len(s) && isSpace(s[k]); {
		k++
	}
	if k >= len(s) {
		return Attr{}, 0, false
	}
	if q := s[k]; q == '"' || q == '\'' {
		n := strings.IndexByte(s[k+1:], q)
		if n < 0 {
			return Attr{}, 0, false
		}
		a.At, end = Range{k + 1, k + 1 + n}, k+n+2
	} else {
		end = k
		for end < len(s) && !isSpace(s[end]) && s[end] != '>' {
			end++
		}
		a.At = Range{k, end}
	}
	a.Value = html.UnescapeString(s[a.At.Start:a.At.End])
	return a, end, true
}

// leads tells whether an attribute of a tag holds an address.
func leads(tag, attr string) bool {
	switch tag {
	case "a", "area":
		return attr == "href"
	case "img", "source":
		return attr == "src" || attr == "srcset"
	case "video":
		return attr == "src" || attr == "poster"
	case "audio", "embed", "track", "iframe":
		return attr == "src"
	case "object":
		return attr == "data"
	}
	return false
}

func (f *refFinder) html() {
	for _, t := range Tags(f.s, f.code) {
		f.skip = append(f.skip, t.Range)
		for _, a := range t.Attrs {
			if leads(t.Name, a.Name) {
				f.out = append(f.out, Ref{Range: t.Range, Kind: Attribute, At: a.At, Dest: strings.TrimSpace(a.Value), Tag: t, Attr: a.Name})
			}
		}
	}
}

var mediaElement = regexp.MustCompile(`(?is)<(video|audio|picture|object)\b[^>]*>(.*?)</(?:video|audio|picture|object)\s*>`)

// Element is an HTML element that shows what its sources lead to.
type Element struct {
	Range
	// Inner is where its content stands.
	Inner Range
}

// MediaElements lists the video, audio, picture and object elements outside of code.
func MediaElements(s string, code []Range) []Element {
	var out []Element
	for _, m := range mediaElement.FindAllStringSubmatchIndex(s, -1) {
		if !in(code, m[0]) {
			out = append(out, Element{Range{m[0], m[1]}, Range{m[4], m[5]}})
		}
	}
	return out
}

// around is the range that the position lies in.
func around(ranges []Range, at int) (Range, bool) {
	i := sort.Search(len(ranges), func(i int) bool { return ranges[i].End > at })
	if i < len(ranges) && ranges[i].Start <= at {
		return ranges[i], true
	}
	return Range{}, false
}

// destination is a Markdown destination as an address.
func destination(raw string) string {
	raw = strings.TrimSpace(raw)
	if strings.HasPrefix(raw, "<") && strings.HasSuffix(raw, ">") && len(raw) > 1 {
		raw = raw[1 : len(raw)-1]
	}
	return html.UnescapeString(string(util.UnescapePunctuations([]byte(raw))))
}

func sortRefs(refs []Ref) {
	slices.SortStableFunc(refs, func(a, b Ref) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return a.At.Start - b.At.Start
	})
}
