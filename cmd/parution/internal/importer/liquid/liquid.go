// Package liquid carries Jekyll's template language out of texts: what has a
// meaning without Jekyll is worked out, all else is left out and reported.
// Nothing of it stays in the text as it was written.
package liquid

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/parution/parution/cmd/parution/internal/importer/frontmatter"
	"github.com/parution/parution/cmd/parution/internal/importer/markup"
)

// Bounds of what loops may write into one text.
const (
	maxRounds   = 10000
	maxLoopText = 1 << 20
)

// Env is what a text may refer to.
type Env struct {
	// Format is that of the text.
	Format markup.Format
	// Names are the variables, such as "page" and "site".
	Names map[string]frontmatter.Value
	// Address finds the address of a post or page for post_url and link.
	Address func(tag, argument string) (string, bool)
	// SiteURL is what site.url stands for where a text shows it; in front of a
	// path it stands for nothing, for the path is looked up in the new site.
	SiteURL string
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

// Carry is the text without Liquid. Code is left alone but for the raw tags
// that protect it. Pure; safe for concurrent use.
func Carry(t markup.Text, code []markup.Range, env Env) (markup.Text, []Finding) {
	s := t.String()
	if !strings.Contains(s, "{%") && !strings.Contains(s, "{{") {
		return t, nil
	}
	c := carrier{text: t, s: s, env: env, rounds: maxRounds, room: maxLoopText, seen: make(map[int]bool)}
	c.tokens = tokenize(s, code)
	edits := c.block(0, len(c.tokens), nil)
	edits = append(edits, rawInCode(s, code)...)
	return t.Apply(edits), c.findings
}

var (
	tagPattern   = regexp.MustCompile(`(?s)\{%(-?)\s*(\w*)\s*(.*?)\s*(-?)%\}|\{\{(-?)\s*(.*?)\s*(-?)\}\}`)
	rawEnd       = regexp.MustCompile(`\{%-?\s*endraw\s*-?%\}`)
	commentEnd   = regexp.MustCompile(`\{%-?\s*endcomment\s*-?%\}`)
	highlightEnd = regexp.MustCompile(`\{%-?\s*endhighlight\s*-?%\}`)
	rawPair      = regexp.MustCompile(`(?s)\{%-?\s*raw\s*-?%\}(.*?)\{%-?\s*endraw\s*-?%\}`)
)

// token is one tag or output.
type token struct {
	markup.Range
	name  string // of a tag; empty for an output
	args  string // of a tag; the expression of an output
	inner markup.Range
	whole bool // holds its content up to the end tag, unread
	end   int  // the token that ends its block; 0 if there is none
}

// tokenize lists the tags outside of code; those whose content is not Liquid
// are one token with it.
func tokenize(s string, code []markup.Range) []token {
	var out []token
	endless := make(map[string]bool) // names whose end tag does not follow any more
	for i := 0; ; {
		m := tagPattern.FindStringSubmatchIndex(s[i:])
		if m == nil {
			match(out)
			return out
		}
		for k := range m {
			if m[k] >= 0 {
				m[k] += i
			}
		}
		if markup.Inside(code, m[0]) {
			i = m[0] + 2
			continue
		}
		t := token{Range: trimmed(s, m)}
		if m[4] >= 0 {
			t.name, t.args = s[m[4]:m[5]], s[m[6]:m[7]]
		} else {
			t.args = s[m[12]:m[13]]
		}
		i = m[1]
		if pattern := endPattern(t.name); pattern != nil && !endless[t.name] {
			if end := pattern.FindStringIndex(s[i:]); end != nil {
				t.whole, t.inner = true, markup.Range{Start: m[1], End: i + end[0]}
				t.End = i + end[1]
				i = t.End
			} else {
				endless[t.name] = true
			}
		}
		out = append(out, t)
	}
}

// endPattern finds the end of a tag whose content is not Liquid; nil for others.
func endPattern(name string) *regexp.Regexp {
	switch name {
	case "raw":
		return rawEnd
	case "comment":
		return commentEnd
	case "highlight":
		return highlightEnd
	}
	return nil
}

// match finds the end of each block.
func match(tokens []token) {
	open := make(map[string][]int)
	for i, t := range tokens {
		name, isEnd := strings.CutPrefix(t.name, "end")
		if waiting := open[name]; isEnd && len(waiting) > 0 {
			tokens[waiting[len(waiting)-1]].end = i
			open[name] = waiting[:len(waiting)-1]
		} else if !isEnd && !t.whole && t.name != "" {
			open[name] = append(waiting, i)
		}
	}
}

// trimmed is a tag with the blanks that its dashes take away.
func trimmed(s string, m []int) markup.Range {
	r := markup.Range{Start: m[0], End: m[1]}
	if dash(s, m, 2) || dash(s, m, 10) {
		r.Start = len(strings.TrimRight(s[:r.Start], " \t\n"))
	}
	if dash(s, m, 8) || dash(s, m, 14) {
		r.End = len(s) - len(strings.TrimLeft(s[r.End:], " \t\n"))
	}
	return r
}

func dash(s string, m []int, group int) bool { return m[group] >= 0 && s[m[group]:m[group+1]] == "-" }

// rawInCode takes the raw tags away that protect code from Liquid.
func rawInCode(s string, code []markup.Range) []markup.Edit {
	var out []markup.Edit
	for _, r := range code {
		for _, m := range rawPair.FindAllStringSubmatchIndex(s[r.Start:r.End], -1) {
			out = append(out,
				markup.Edit{Range: markup.Range{Start: r.Start + m[0], End: r.Start + m[2]}},
				markup.Edit{Range: markup.Range{Start: r.Start + m[3], End: r.Start + m[1]}})
		}
	}
	return out
}

type carrier struct {
	text     markup.Text
	s        string
	env      Env
	tokens   []token
	findings []Finding
	seen     map[int]bool // tokens that are reported already
	rounds   int
	room     int
}

// scope holds the variables of the loops around a tag.
type scope struct {
	name   string
	value  frontmatter.Value
	parent *scope
}

func (c *carrier) report(t token, format string, args ...any) {
	if c.seen[t.Start] {
		return
	}
	c.seen[t.Start] = true
	source := markup.Flow(c.s[t.Start:t.End])
	if t.whole {
		source, _, _ = strings.Cut(source, "%}")
		source += "%}"
	}
	source, _ = markup.Cut(source, 100)
	c.findings = append(c.findings, Finding{Line: c.text.Line(t.Start), Tag: source, Reason: fmt.Sprintf(format, args...)})
}

// block carries the tokens from i up to end.
func (c *carrier) block(i, end int, sc *scope) []markup.Edit {
	var edits []markup.Edit
	for i < end {
		t := c.tokens[i]
		i++
		switch {
		case t.whole:
			edits = append(edits, c.verbatim(t))
		case t.name == "":
			edits = append(edits, c.output(t, sc))
		case strings.HasPrefix(t.name, "end"):
			// Its beginning was not there, or was dropped alone.
			c.report(t, "ends nothing that was begun; left out")
			edits = append(edits, c.dropped(t))
		default:
			last := t.end
			if last == 0 || last >= end {
				edits = append(edits, c.single(t, sc))
				continue
			}
			edits = append(edits, c.pair(t, i, last, sc)...)
			i = last + 1
		}
	}
	return edits
}

func (c *carrier) dropped(t token) markup.Edit {
	return markup.Edit{Range: markup.WholeLine(c.s, t.Range)}
}

// verbatim carries raw, comment and highlight.
func (c *carrier) verbatim(t token) markup.Edit {
	inner := c.s[t.inner.Start:t.inner.End]
	switch t.name {
	case "raw":
		return markup.Edit{Range: t.Range, New: inner}
	case "highlight":
		return markup.Edit{Range: t.Range, New: markup.Fence(c.env.Format, t.args, inner)}
	}
	return c.dropped(t)
}

// pair carries a block from its tag t, over the tokens from i, to its end tag.
func (c *carrier) pair(t token, i, last int, sc *scope) []markup.Edit {
	whole := token{Range: markup.Range{Start: t.Start, End: c.tokens[last].End}}
	switch t.name {
	case "for":
		text, reason := c.loop(t, i, last, sc)
		if reason == "" {
			r := markup.WholeLine(c.s, whole.Range)
			return []markup.Edit{{Range: r, New: text}}
		}
		c.report(t, "%s; left out with all up to its endfor", reason)
		return []markup.Edit{c.dropped(whole)}
	case "if", "unless", "case", "capture", "tablerow", "paginate", "schema", "javascript", "stylesheet", "ifchanged":
		c.report(t, "cannot be decided without Jekyll; left out with all up to its end%s", t.name)
		return []markup.Edit{c.dropped(whole)}
	}
	c.report(t, "is not known here; its content stays without it")
	edits := c.block(i, last, sc)
	return append(edits, c.dropped(t), c.dropped(c.tokens[last]))
}

var loopPattern = regexp.MustCompile(`^(\w+)\s+in\s+([\w.\-]+)$`)

// loop writes a loop out; or says why it cannot.
func (c *carrier) loop(t token, i, last int, sc *scope) (text, reason string) {
	m := loopPattern.FindStringSubmatch(t.args)
	if m == nil {
		return "", "is a loop of a kind that is not known here"
	}
	list, ok := c.lookup(m[2], sc)
	if !ok || list.Kind != frontmatter.List {
		return "", fmt.Sprintf("%q is no list in the post's front matter", m[2])
	}
	if c.rounds -= len(list.Items); c.rounds < 0 {
		return "", fmt.Sprintf("loops of more than %d rounds are not written out", maxRounds)
	}
	// The lines of the two tags themselves are no part of what is repeated.
	open, closing := markup.WholeLine(c.s, t.Range), markup.WholeLine(c.s, c.tokens[last].Range)
	body := markup.Range{Start: open.End, End: max(open.End, closing.Start)}
	var b strings.Builder
	for _, item := range list.Items {
		b.WriteString(markup.Splice(c.s, body, c.block(i, last, &scope{m[1], item, sc})))
		if b.Len() > c.room {
			return "", fmt.Sprintf("the loop writes more than %d bytes", maxLoopText)
		}
	}
	c.room -= b.Len()
	return b.String(), ""
}
