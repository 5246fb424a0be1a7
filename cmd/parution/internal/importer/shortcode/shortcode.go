// Package shortcode carries Hugo's shortcodes out of texts: those that have a
// meaning in Markdown are written so, of all others the content stays, if they
// have any, and they are reported.
package shortcode

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/parution/parution/cmd/parution/internal/importer/markup"
)

// Env is what a text may refer to.
type Env struct {
	// Format is that of the text.
	Format markup.Format
	// Address finds the address of a page for ref and relref.
	Address func(argument string) (string, bool)
	// Param is a parameter of the page for param.
	Param func(name string) (string, bool)
}

// Finding is something that could not be carried over as it was.
type Finding struct {
	// Line is that of the file.
	Line int
	// Tag is the source, shortened.
	Tag string
	// Reason says what became of it.
	Reason string
}

var (
	pattern = regexp.MustCompile(`(?s)\{\{([<%])\s*(/?)\s*([\w./-]+)\s*(.*?)\s*(/?)[>%]\}\}`)
	quoted  = regexp.MustCompile(`\{\{([<%])/\*\s*(.*?)\s*\*/([>%])\}\}`)
	word    = regexp.MustCompile("(?s)(?:([\\w-]+)=)?(?:\"((?:[^\"\\\\]|\\\\.)*)\"|`([^`]*)`|([^\\s\"`]+))")
)

type token struct {
	markup.Range
	name    string
	args    string
	closing bool
	alone   bool // {{< name />}}
	end     int  // the token that ends it; 0 if there is none
}

// Carry is the text without shortcodes. Code is left alone but for the marks
// that protect shortcodes shown in it. Pure; safe for concurrent use.
func Carry(t markup.Text, code []markup.Range, env Env) (markup.Text, []Finding) {
	s := t.String()
	if !strings.Contains(s, "{{<") && !strings.Contains(s, "{{%") {
		return t, nil
	}
	c := carrier{text: t, s: s, env: env}
	for _, m := range quoted.FindAllStringSubmatchIndex(s, -1) {
		c.edits = append(c.edits, markup.Edit{
			Range: markup.Range{Start: m[0], End: m[1]},
			New:   "{{" + s[m[2]:m[3]] + " " + s[m[4]:m[5]] + " " + s[m[6]:m[7]] + "}}",
		})
	}
	for _, m := range pattern.FindAllStringSubmatchIndex(s, -1) {
		if markup.Inside(code, m[0]) {
			continue
		}
		c.tokens = append(c.tokens, token{
			Range: markup.Range{Start: m[0], End: m[1]}, closing: m[4] < m[5], name: s[m[6]:m[7]], args: s[m[8]:m[9]], alone: m[10] < m[11],
		})
	}
	c.match()
	for i := 0; i < len(c.tokens); {
		i = c.carry(i)
	}
	return t.Apply(c.edits), c.findings
}

type carrier struct {
	text     markup.Text
	s        string
	env      Env
	tokens   []token
	edits    []markup.Edit
	findings []Finding
}

func (c *carrier) report(t token, format string, args ...any) {
	tag, _ := markup.Cut(markup.Flow(c.s[t.Start:t.End]), 100)
	c.findings = append(c.findings, Finding{Line: c.text.Line(t.Start), Tag: tag, Reason: fmt.Sprintf(format, args...)})
}

func (c *carrier) replace(r markup.Range, text string) {
	c.edits = append(c.edits, markup.Edit{Range: r, New: text})
}

func (c *carrier) drop(t token) { c.replace(markup.WholeLine(c.s, t.Range), "") }

// carry carries the token i and tells which one is next.
func (c *carrier) carry(i int) int {
	t := c.tokens[i]
	end := t.end
	a := arguments(t.args)
	switch {
	case t.closing: // its beginning was reported
		c.drop(t)
	case t.name == "highlight" && end > 0:
		last := c.tokens[end]
		c.replace(markup.Range{Start: t.Start, End: last.End}, markup.Fence(c.env.Format, a.at(0, "lang"), c.s[t.End:last.Start]))
		return end + 1
	case t.name == "details" && end > 0:
		c.replace(t.Range, "<details><summary>"+markup.EscapeHTML(a.at(0, "summary"))+"</summary>\n")
		c.replace(c.tokens[end].Range, "\n</details>")
		c.tokens[end].name, c.tokens[end].alone = "", true
	case t.name == "": // the end of what was carried
	default:
		text, ok := c.single(t, a)
		if ok {
			c.replace(t.Range, text)
			break
		}
		if end > 0 {
			c.report(t, "is not known here; its content stays without it")
		} else {
			c.report(t, "cannot be carried over; left out")
		}
		c.drop(t)
	}
	return i + 1
}

// match finds the end of each shortcode that has one.
func (c *carrier) match() {
	open := make(map[string][]int)
	for i, t := range c.tokens {
		waiting := open[t.name]
		switch {
		case t.alone:
		case !t.closing:
			open[t.name] = append(waiting, i)
		case len(waiting) > 0:
			c.tokens[waiting[len(waiting)-1]].end = i
			open[t.name] = waiting[:len(waiting)-1]
		}
	}
}

// single is the text for a shortcode without content.
func (c *carrier) single(t token, a args) (string, bool) {
	switch t.name {
	case "figure", "img", "image":
		src := a.at(0, "src")
		if src == "" {
			return "", false
		}
		text := markup.Figure(c.env.Format, src, a.named["alt"], first(a.named["caption"], a.named["title"]))
		if link := a.named["link"]; link != "" && c.env.Format == markup.Markdown {
			text = "[" + text + "](" + markup.Dest(link) + ")"
		}
		return text, true
	case "ref", "relref":
		text, ok := c.env.Address(a.at(0, "path"))
		if !ok {
			c.report(t, "leads to nothing that is imported; left out")
			return "", true
		}
		return text, true
	case "param":
		return c.env.Param(a.at(0, "name"))
	case "gist":
		if len(a.list) > 1 {
			return markup.Embed(c.env.Format, "gist", a.list[0]+"/"+a.list[1])
		}
	case "tweet", "x", "x_simple", "twitter_simple":
		user, id := a.at(0, "user"), a.at(1, "id")
		if user != "" && id != "" {
			return markup.Embed(c.env.Format, "x", "https://x.com/"+user+"/status/"+id)
		}
	}
	return markup.Embed(c.env.Format, t.name, a.at(0, "id"))
}

// args are what is given to a shortcode, by place or by name.
type args struct {
	list  []string
	named map[string]string
}

// at is the argument at that place or of that name.
func (a args) at(i int, name string) string {
	if v := a.named[name]; v != "" {
		return v
	}
	if i < len(a.list) {
		return a.list[i]
	}
	return ""
}

func arguments(s string) args {
	a := args{named: make(map[string]string)}
	for _, m := range word.FindAllStringSubmatch(s, -1) {
		value := first(strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(m[2]), m[3], m[4])
		if m[1] != "" {
			a.named[strings.ToLower(m[1])] = value
			continue
		}
		a.list = append(a.list, value)
	}
	return a
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
