package markup

import (
	"regexp"
	"strings"
)

// RefKind is how a reference is written.
type RefKind uint8

// The kinds of references.
const (
	Link       RefKind = iota // [label](dest "title")
	Image                     // ![label](dest "title")
	Definition                // [label]: dest "title"
	Use                       // [label][name], ![label][name], ![name]
	Autolink                  // <dest>
	Bare                      // dest, written out in the text
	Attribute                 // an attribute of an HTML tag
)

// Ref is something that leads out of the text.
type Ref struct {
	Range
	// Kind is how it is written.
	Kind RefKind
	// At is where the destination stands, with what encloses it in Markdown,
	// without the quotes in HTML.
	At Range
	// Dest is the destination, unescaped.
	Dest string
	// Label is the source of what is shown; of a Definition or Use, the name.
	Label string
	// Name is what a Use refers to.
	Name string
	// Image tells whether a Use shows an image.
	Image bool
	// Tag is the HTML tag that the attribute stands in.
	Tag Tag
	// Attr is the attribute's name, in lower case.
	Attr string
}

var (
	bareAddress = regexp.MustCompile(`https?://[^\s<>()\[\]"'` + "`" + `]+`)
	anchor      = regexp.MustCompile(`(?is)<a\s.*?</a\s*>`)
	definition  = regexp.MustCompile(`(?m)^ {0,3}\[((?:[^\[\]\\\n]|\\.)+)\]:[ \t]*(<[^<>\n]*>|[^\s<]\S*)`)
)

// Refs lists the references of a text, outside of code, in the order in which
// they begin.
func Refs(s string, format Format, code []Range) []Ref {
	f := refFinder{s: s, code: code}
	f.html()
	if format == HTML {
		return f.out
	}
	for _, m := range definition.FindAllStringSubmatchIndex(s, -1) {
		// A footnote's text is no destination.
		if !in(code, m[0]) && s[m[2]] != '^' {
			at := Range{m[4], m[5]}
			f.out = append(f.out, Ref{Range: Range{m[0], m[1]}, Kind: Definition, At: at, Dest: destination(s[at.Start:at.End]), Label: s[m[2]:m[3]]})
			f.skip = append(f.skip, Range{m[0], m[1]})
		}
	}
	f.skip = merge(f.skip)
	f.brackets()
	f.bare()
	sortRefs(f.out)
	return f.out
}

type refFinder struct {
	s    string
	code []Range
	skip []Range // tags and definitions
	out  []Ref
}

// opened is a bracket that waits for its end.
type opened struct {
	at    int // of "[", or of "!" before it
	label int
	image bool
}

func (f *refFinder) brackets() {
	s := f.s
	var stack []opened
	for i := 0; i < len(s); {
		if r, ok := around(f.code, i); ok {
			i = r.End
			continue
		}
		if r, ok := around(f.skip, i); ok {
			i = r.End
			continue
		}
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i += 2
		case c == '\n' && i+1 < len(s) && s[i+1] == '\n':
			stack = stack[:0] // labels end with their paragraph
			i++
		case c == '!' && i+1 < len(s) && s[i+1] == '[':
			stack = append(stack, opened{i, i + 2, true})
			i += 2
		case c == '[':
			stack = append(stack, opened{i, i + 1, false})
			i++
		case c == ']' && len(stack) > 0:
			o := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			i = f.closed(o, i)
		case c == '<':
			i = f.autolink(i)
		default:
			i++
		}
	}
}

// closed looks at what follows a label's end and tells where to go on.
func (f *refFinder) closed(o opened, end int) int {
	s, next := f.s, end+1
	ref := Ref{Range: Range{o.at, next}, Kind: Link, Label: s[o.label:end], Image: o.image}
	if o.image {
		ref.Kind = Image
	}
	if next < len(s) && s[next] == '(' {
		if at, after, ok := inlineDest(s, next+1); ok {
			ref.At, ref.End, ref.Dest = at, after, destination(s[at.Start:at.End])
			f.out = append(f.out, ref)
			return after
		}
	}
	ref.Kind, ref.Name = Use, ref.Label
	if next < len(s) && s[next] == '[' {
		if i := strings.IndexAny(s[next+1:], "]\n"); i >= 0 && s[next+1+i] == ']' {
			if i > 0 {
				ref.Name = s[next+1 : next+1+i]
			}
			ref.End = next + i + 2
			f.out = append(f.out, ref)
			return ref.End
		}
	}
	if o.image {
		f.out = append(f.out, ref)
	}
	return next
}

// inlineDest reads a destination and an optional title up to the closing
// parenthesis. The position is that after the opening one.
func inlineDest(s string, i int) (at Range, after int, ok bool) {
	start := blanks(s, i)
	var end int
	if strings.HasPrefix(s[start:], "<") {
		n := strings.IndexAny(s[start+1:], "<>\n")
		if n < 0 || s[start+1+n] != '>' {
			return Range{}, 0, false
		}
		end = start + n + 2
	} else {
		end = balanced(s, start)
	}
	at = Range{start, end}
	if after, ok = titleAndClose(s, end); ok {
		return at, after, true
	}
	// Blanks in a file's name are no Markdown, but other programs let them pass.
	if n := strings.IndexAny(s[start:], ")(\n\"'<"); n > 0 && s[start+n] == ')' {
		return Range{start, start + n}, start + n + 1, true
	}
	return Range{}, 0, false
}

// balanced is the end of a destination without blanks whose parentheses match.
func balanced(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && s[i+1] > ' ':
			i++
		case c <= ' ':
			return i
		case c == '(':
			depth++
		case c == ')':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return i
}

func titleAndClose(s string, i int) (after int, ok bool) {
	j := blanks(s, i)
	if j >= len(s) {
		return 0, false
	}
	if s[j] == ')' {
		return j + 1, true
	}
	closing, isQuote := map[byte]byte{'"': '"', '\'': '\'', '(': ')'}[s[j]]
	if !isQuote || j == i {
		return 0, false
	}
	for k := j + 1; k < len(s); k++ {
		switch {
		case s[k] == '\\':
			k++
		case strings.HasPrefix(s[k:], "\n\n"):
			return 0, false
		case s[k] == closing:
			if k = blanks(s, k+1); k < len(s) && s[k] == ')' {
				return k + 1, true
			}
			return 0, false
		}
	}
	return 0, false
}

// blanks is the position after blanks and at most one line break.
func blanks(s string, i int) int {
	breaks := 0
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' && breaks == 0) {
		if s[i] == '\n' {
			breaks++
		}
		i++
	}
	return i
}

func (f *refFinder) autolink(i int) int {
	rest := f.s[i+1:]
	n := strings.IndexAny(rest, "<> \n")
	if n < 0 || rest[n] != '>' || !strings.HasPrefix(rest, "http://") && !strings.HasPrefix(rest, "https://") {
		return i + 1
	}
	end := i + n + 2
	f.out = append(f.out, Ref{Range: Range{i, end}, Kind: Autolink, At: Range{i, end}, Dest: rest[:n], Label: rest[:n]})
	return end
}

// bare finds addresses that stand in the text itself.
func (f *refFinder) bare() {
	taken := append([]Range{}, f.code...)
	taken = append(taken, f.skip...)
	for _, m := range anchor.FindAllStringIndex(f.s, -1) {
		taken = append(taken, Range{m[0], m[1]})
	}
	for _, r := range f.out {
		taken = append(taken, r.Range)
	}
	taken = merge(taken)
	for _, m := range bareAddress.FindAllStringIndex(f.s, -1) {
		end := m[0] + len(strings.TrimRight(f.s[m[0]:m[1]], ".,;:!?*_~"))
		if in(taken, m[0]) {
			continue
		}
		dest := f.s[m[0]:end]
		f.out = append(f.out, Ref{Range: Range{m[0], end}, Kind: Bare, At: Range{m[0], end}, Dest: dest, Label: dest})
	}
}
