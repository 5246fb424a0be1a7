package wire

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/tags/internal/text"
)

// cell parts the cells of a table: it is no word, and keeps them apart where a passage is
// shown.
const cell = " | "

// maxTextBytes is how much of the source of a post is searched.
const maxTextBytes = 256 << 10

// Where links lead is no text. All patterns are linear, as all of Go's are.
var (
	destination = regexp.MustCompile(`\]\(\s*<?[^\s()<>]*(?:\([^\s()]*\)[^\s()]*)*>?(?:\s+"[^"\n]*"|\s+'[^'\n]*')?\s*\)?`)
	reference   = regexp.MustCompile(`\]\[[^\[\]\n]*\]`)
	definition  = regexp.MustCompile(`^ {0,3}\[[^\]\n]+\]:[ \t]*\S+`)
	footnote    = regexp.MustCompile(`\[\^[^\]\n]+\]:?`)
	listItem    = regexp.MustCompile(`^(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)(?:\[[ xX]\][ \t]+)?`)
	// Marks without a space behind them are a slip, and no words either.
	atxHeading = regexp.MustCompile(`^(?:#{1,6}(?:[ \t\x{a0}]|$)|#{2,6}[^#\s])`)
	ruler      = regexp.MustCompile(`^(?:[-*_=:|][ \t]*){2,}$`)
)

// Text is what of a post is searched: the text of its source without marks.
// Linear in its length: a parser of Markdown would do it better, and not so.
func Text(p *postsv1.Post) text.Source {
	source := p.GetBody()
	if len(source) > maxTextBytes {
		end := maxTextBytes
		for end > 0 && !utf8.RuneStart(source[end]) {
			end--
		}
		source = source[:end]
	}
	out := text.Source{Title: clean(p.GetTitle())}
	var paragraphs []string
	if p.GetFormat() == "html" {
		paragraphs, out.Headings = fromHTML(source)
	} else {
		paragraphs, out.Headings = fromMarkdown(source)
	}
	for _, other := range []string{p.GetExcerpt(), p.GetImageAlt(), p.GetImageCaption()} {
		if other = clean(other); other != "" {
			paragraphs = append(paragraphs, other)
		}
	}
	out.Body = strings.Join(paragraphs, "\n")
	return out
}

// clean leaves one space between words, and nothing that cannot be seen.
func clean(s string) string {
	if isClean(s) { // most is
		return s
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) && r != '\u00a0' && r != '\u202f' }), " ")
}

func isClean(s string) bool {
	space := true // at the beginning, too, none is wanted
	for _, r := range s {
		switch {
		case r == ' ':
			if space {
				return false
			}
			space = true
			continue
		case r < utf8.RuneSelf:
			if r < ' ' || r == 0x7f {
				return false
			}
		case r == '\u00a0', r == '\u202f':
		case r == utf8.RuneError, unicode.IsSpace(r), unicode.IsControl(r):
			return false
		}
		space = false
	}
	return !space || s == ""
}

func fromHTML(source string) (paragraphs, headings []string) {
	body, above := withoutTags(source, true)
	for line := range strings.SplitSeq(body, "\n") {
		if line = strings.Trim(clean(line), "| "); line != "" {
			paragraphs = append(paragraphs, line)
		}
	}
	for line := range strings.SplitSeq(above, "\n") {
		if line = clean(line); line != "" {
			headings = append(headings, line)
		}
	}
	return paragraphs, headings
}

// markdown reads lines of Markdown.
type markdown struct {
	paragraphs, headings []string
	lines                []string // of the paragraph that is being read
	fence                string
}

func fromMarkdown(source string) (paragraphs, headings []string) {
	if strings.ContainsAny(source, "<&") {
		source, _ = withoutTags(source, false)
	}
	m := &markdown{}
	for line := range strings.SplitSeq(source, "\n") {
		m.line(line)
	}
	m.end()
	return m.paragraphs, m.headings
}

func (m *markdown) line(line string) {
	bare := strings.TrimSpace(line)
	for strings.HasPrefix(bare, ">") {
		bare = strings.TrimSpace(bare[1:])
	}
	if m.fence != "" {
		if strings.HasPrefix(bare, m.fence) {
			m.fence = ""
			return
		}
		m.lines = append(m.lines, bare)
		return
	}
	switch {
	case strings.HasPrefix(bare, "```"), strings.HasPrefix(bare, "~~~"):
		m.end()
		m.fence = bare[:3]
	case bare == "":
		m.end()
	case atxHeading.MatchString(bare):
		m.end()
		m.heading(strings.Trim(bare, "# \t\u00a0"))
	case ruler.MatchString(bare):
		if c := bare[0]; len(m.lines) == 1 && (c == '=' || c == '-') && strings.Trim(bare, bare[:1]) == "" {
			heading := m.lines[0]
			m.lines = nil
			m.headings = append(m.headings, heading)
			return
		}
		m.end()
	case len(m.lines) == 0 && definition.MatchString(line):
	default:
		if rest := listItem.ReplaceAllLiteralString(bare, ""); rest != bare {
			m.end()
			if bare = rest; atxHeading.MatchString(bare) {
				m.heading(strings.Trim(bare, "# \t\u00a0"))
				return
			}
		}
		if row := strings.HasPrefix(bare, "|"); row {
			m.end()
			defer m.end()
			bare = strings.Trim(bare, "| \t")
		}
		m.lines = append(m.lines, inline(bare))
	}
}

func (m *markdown) heading(source string) {
	if h := clean(inline(source)); h != "" {
		m.headings = append(m.headings, h)
	}
}

// end ends a paragraph.
func (m *markdown) end() {
	if p := clean(strings.Join(m.lines, " ")); p != "" {
		m.paragraphs = append(m.paragraphs, p)
	}
	m.lines = nil
}

// inline is the text of a line of Markdown.
func inline(line string) string {
	if strings.Contains(line, "[") {
		line = footnote.ReplaceAllLiteralString(line, "")
		line = reference.ReplaceAllLiteralString(line, "]")
		line = destination.ReplaceAllLiteralString(line, "]")
	}
	if !strings.ContainsAny(line, "*_`~[]|\\") {
		return line
	}
	var b strings.Builder
	b.Grow(len(line))
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case r == '\\' && i+1 < len(runes) && runes[i+1] < utf8.RuneSelf && unicode.In(runes[i+1], unicode.P, unicode.S):
			i++
			b.WriteRune(runes[i])
		case r == '!' && i+1 < len(runes) && runes[i+1] == '[':
		case r == '*' && beside(runes, i, unicode.IsSpace): // a multiplication
			b.WriteRune(r)
		case r == '*', r == '`', r == '[', r == ']':
		case r == '~' && beside(runes, i, func(o rune) bool { return o == '~' }):
		case r == '_' && (i == 0 || i == len(runes)-1 || !inWord(runes[i-1]) || !inWord(runes[i+1])):
		case r == '|':
			b.WriteString(cell) // of a table
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// beside tells whether what stands next to i is so: on both sides of a "*", on
// one of a "~".
func beside(runes []rune, i int, is func(rune) bool) bool {
	before, after := i > 0 && is(runes[i-1]), i+1 < len(runes) && is(runes[i+1])
	if runes[i] == '*' {
		return before && after
	}
	return before || after
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// withoutTags is the text of HTML, and of its headings apart; of Markdown it takes
// only what is a tag for sure.
func withoutTags(source string, isHTML bool) (body, headings string) {
	var b, above strings.Builder
	b.Grow(len(source))
	into := &b
	z := html.NewTokenizer(strings.NewReader(source))
	// A row of a table is one line, however its cells are written.
	hidden, inRow := atom.Atom(0), false
	for {
		switch z.Next() {
		case html.ErrorToken:
			if !isHTML {
				into.Write(z.Raw()) // "a <b" is no tag
			}
			return b.String(), above.String()
		case html.TextToken:
			if hidden == 0 && inRow {
				into.WriteString(strings.ReplaceAll(string(z.Text()), "\n", " "))
			} else if hidden == 0 {
				into.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			raw := string(z.Raw()) // before TagName, which changes it
			name, _ := z.TagName()
			tag := atom.Lookup(name)
			switch {
			case !isHTML && (tag == 0 || strings.LastIndexByte(raw, '<') > 0): // <T> of some program, an address, a "less than"
				into.WriteString(raw)
			case isHidden(tag) && isHTML:
				if hidden = tag; strings.HasPrefix(raw, "</") {
					hidden = 0
				}
			case isHTML && isHeading(tag):
				into.WriteByte('\n')
				if into = &above; strings.HasPrefix(raw, "</") {
					above.WriteByte('\n')
					into = &b
				}
			case tag == atom.Td, tag == atom.Th:
				if inRow = true; !strings.HasPrefix(raw, "</") {
					into.WriteString(cell)
				}
			case isHTML && !isInline(tag) && (!inRow || tag == atom.Tr || tag == atom.Table):
				inRow = false
				into.WriteByte('\n')
			case !isInline(tag):
				into.WriteByte(' ')
			}
		}
	}
}

// isHidden tells of elements whose content is no text.
func isHidden(tag atom.Atom) bool { return tag == atom.Script || tag == atom.Style }

func isHeading(tag atom.Atom) bool {
	switch tag {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return false
}

// isInline tells of elements that may stand within a word.
func isInline(tag atom.Atom) bool {
	switch tag {
	case atom.A, atom.Abbr, atom.B, atom.Bdi, atom.Bdo, atom.Cite, atom.Code, atom.Del, atom.Dfn, atom.Em, atom.Font, atom.I, atom.Ins,
		atom.Mark, atom.Q, atom.S, atom.Small, atom.Span, atom.Strong, atom.Sub, atom.Sup, atom.Time, atom.U, atom.Var, atom.Wbr:
		return true
	}
	return false
}
