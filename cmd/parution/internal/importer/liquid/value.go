package liquid

import (
	"html"
	"net/url"
	"regexp"
	"strings"

	"github.com/parution/parution/cmd/parution/internal/importer/frontmatter"
	"github.com/parution/parution/cmd/parution/internal/importer/markup"
)

// lookup finds a variable such as "page.list" or "item.name".
func (c *carrier) lookup(path string, sc *scope) (frontmatter.Value, bool) {
	name, rest, more := strings.Cut(path, ".")
	v, ok := c.env.Names[name]
	for s := sc; s != nil; s = s.parent {
		if s.name == name {
			v, ok = s.value, true
			break
		}
	}
	for ok && more {
		name, rest, more = strings.Cut(rest, ".")
		switch {
		case v.Kind == frontmatter.Map:
			v, ok = v.Get(name)
		case v.Kind == frontmatter.List && len(v.Items) > 0 && name == "first":
			v = v.Items[0]
		case v.Kind == frontmatter.List && len(v.Items) > 0 && name == "last":
			v = v.Items[len(v.Items)-1]
		default:
			ok = false
		}
	}
	return v, ok
}

// output carries {{ … }}.
func (c *carrier) output(t token, sc *scope) markup.Edit {
	parts := split(t.args, '|')
	text, ok := c.value(parts[0], t, sc)
	if !ok {
		c.report(t, "has no value outside of Jekyll; left out")
		return c.dropped(t)
	}
	for _, p := range parts[1:] {
		name, args, _ := strings.Cut(p, ":")
		text, ok = c.filter(strings.TrimSpace(name), args, text, t, sc)
		if !ok {
			c.report(t, "the filter %q is not known here; the value stands as it is", strings.TrimSpace(name))
		}
	}
	return markup.Edit{Range: t.Range, New: text}
}

var number = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// value is the text of a literal or a variable.
func (c *carrier) value(expr string, t token, sc *scope) (string, bool) {
	expr = strings.TrimSpace(expr)
	if n := len(expr); n > 1 && (expr[0] == '"' || expr[0] == '\'') && expr[n-1] == expr[0] {
		return expr[1 : n-1], true
	}
	switch {
	case number.MatchString(expr):
		return expr, true
	case expr == "site.baseurl":
		return "", true
	case expr == "site.url":
		// In front of a path it is part of an address of this site.
		if after := c.s[t.End:]; strings.HasPrefix(after, "/") || strings.HasPrefix(after, "{{") || strings.Contains(t.args, "|") {
			return "", true
		}
		return c.env.SiteURL, c.env.SiteURL != ""
	}
	v, ok := c.lookup(expr, sc)
	switch {
	case !ok || v.Kind == frontmatter.Map:
		return "", false
	case v.Kind == frontmatter.List:
		texts := make([]string, 0, len(v.Items))
		for _, item := range v.Items {
			if !item.Scalar() {
				return "", false
			}
			texts = append(texts, item.Text)
		}
		return strings.Join(texts, ", "), true
	}
	return v.Text, true
}

// filter applies one filter; false if it is not known.
func (c *carrier) filter(name, args, in string, t token, sc *scope) (string, bool) {
	arg := func(i int) string {
		parts := split(args, ',')
		if i >= len(parts) {
			return ""
		}
		v, _ := c.value(parts[i], t, sc)
		return v
	}
	switch name {
	case "relative_url", "absolute_url":
		// Addresses are looked up from the site's root, and so is this one.
		if in == "" || strings.Contains(in, "://") || strings.HasPrefix(in, "/") || strings.HasPrefix(in, "#") {
			return in, true
		}
		return "/" + in, true
	case "prepend":
		return arg(0) + in, true
	case "append":
		return in + arg(0), true
	case "strip":
		return strings.TrimSpace(in), true
	case "lstrip":
		return strings.TrimLeft(in, " \t\n"), true
	case "rstrip":
		return strings.TrimRight(in, " \t\n"), true
	case "upcase":
		return strings.ToUpper(in), true
	case "downcase":
		return strings.ToLower(in), true
	case "escape", "escape_once", "xml_escape":
		return html.EscapeString(in), true
	case "url_encode", "cgi_escape":
		return url.QueryEscape(in), true
	case "replace":
		return strings.ReplaceAll(in, arg(0), arg(1)), true
	case "remove":
		return strings.ReplaceAll(in, arg(0), ""), true
	case "default":
		if in == "" {
			return arg(0), true
		}
		return in, true
	case "markdownify", "smartify", "strip_newlines":
		return in, true
	}
	return in, false
}

// split cuts an expression at a sign outside of quotes.
func split(s string, sep byte) []string {
	var out []string
	var quote byte
	start := 0
	for i := range len(s) {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == sep:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}
