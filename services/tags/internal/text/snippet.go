package text

import (
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parution/parution/services/tags/internal/query"
)

const (
	// passage is how long the part of a text is that shows what was found, in characters;
	// what was found itself spans less than core.
	passage = 220
	core    = 160
	// lookBack is how far before what was found a sentence may begin with which the
	// passage begins.
	lookBack = 90
	// maxVerified bounds the words of a phrase that are compared at each place.
	maxVerified = 32
)

// Cut shows what of a post answers the terms, as a search engine does: the title, and the
// passage of the text that has most of them. Without any in the text it is the start.
// Linear in the length of the text.
func Cut(s Source, language string, terms []query.Node) Passage {
	m := newMarker(language, terms)
	title := strings.ToValidUTF8(s.Title, "\uFFFD")
	var p Passage
	p.TitleHTML = render(title, 0, len(title), m.marks(title, true))
	body := strings.ToValidUTF8(s.Body, "\uFFFD")
	marks := m.marks(body, false)
	if len(marks) > 0 {
		from, to := best(body, marks)
		p.SnippetHTML = render(body, from, to, marks)
		return p
	}
	from, to := best(body, nil)
	p.SnippetHTML = render(body, from, to, nil)
	for _, h := range s.Headings {
		h = strings.ToValidUTF8(h, "\uFFFD")
		if marks := m.marks(h, false); len(marks) > 0 {
			from, to := best(h, marks)
			p.SnippetHTML = strings.TrimSuffix(render(h, from, to, marks)+" — "+p.SnippetHTML, " — ")
			break
		}
	}
	return p
}

// mark is a part of a text that was looked for, in bytes, and by which term.
type mark struct {
	start, end, term int
	// weight is what it counts for a passage.
	weight int
}

// marker finds in texts what was looked for.
type marker struct {
	stem stemmer
	// words and stems lead to terms; starts and phrases are gone through.
	words, stems map[string]int
	// begins has the first letters of stems: regular words begin as their stem does, so
	// that most need not be stemmed.
	begins    [256]bool
	starts    []start
	phrases   map[string][]sequence
	titleOnly []bool
	bodyOnly  []bool
	weights   []int
	tokens    []token
}

type start struct {
	text string
	term int
}

type sequence struct {
	words []place
	term  int
}

func newMarker(language string, terms []query.Node) *marker {
	m := marker{stem: stemmerOf(language), words: map[string]int{}, stems: map[string]int{}, phrases: map[string][]sequence{}}
	looked := make([]lookup, 0, len(terms))
	strong := false
	for _, t := range terms {
		if l, ok := lookupOf(t); ok && len(l.words) > 0 {
			looked = append(looked, l)
			strong = strong || len(l.words) > 1 || !isFunction(l.words[0].text)
		}
	}
	for _, l := range looked {
		if strong && len(l.words) == 1 && isFunction(l.words[0].text) {
			continue // "la" is everywhere
		}
		m.add(l)
	}
	return &m
}

func (m *marker) add(l lookup) {
	term := len(m.weights)
	m.titleOnly = append(m.titleOnly, l.in == query.InTitle)
	m.bodyOnly = append(m.bodyOnly, l.in == query.InBody)
	single := l.whole
	if len(l.words) == 1 {
		single = l.words[0].text
		m.weights = append(m.weights, 10)
	} else {
		m.weights = append(m.weights, 25)
		first := l.words[0].text
		m.phrases[first] = append(m.phrases[first], sequence{l.words, term})
	}
	if single != "" {
		m.words[single] = term
		if l.open {
			m.starts = append(m.starts, start{single, term})
		}
	}
	for _, s := range l.stems {
		if _, ok := m.stems[s]; !ok {
			m.stems[s] = term
			m.begins[s[1]] = true
		}
	}
}

// marks finds what was looked for in a text: in order, and apart from each other.
func (m *marker) marks(text string, title bool) []mark {
	if len(m.weights) == 0 {
		return nil
	}
	m.tokens, _ = scan(text, m.tokens[:0], 0)
	var found []mark
	for i, t := range m.tokens {
		term, end, ok := m.at(i)
		if !ok || title && m.bodyOnly[term] || !title && m.titleOnly[term] {
			continue
		}
		found = append(found, mark{t.start, end, term, m.weights[term]})
	}
	slices.SortStableFunc(found, func(a, b mark) int { return a.start - b.start })
	apart := found[:0]
	for _, f := range found {
		if n := len(apart); n > 0 && f.start < apart[n-1].end {
			// The longer one says more: "porte-monnaie", not "porte".
			apart[n-1].end = max(apart[n-1].end, f.end)
			apart[n-1].weight = max(apart[n-1].weight, f.weight)
			continue
		}
		apart = append(apart, f)
	}
	return apart
}

// at tells what begins at a token: the term, and where it ends.
func (m *marker) at(i int) (term, end int, ok bool) {
	t := m.tokens[i]
	for _, s := range m.phrases[t.text] {
		if end, ok := m.follows(i, s.words); ok {
			return s.term, end, true
		}
	}
	if term, ok := m.words[t.text]; ok {
		return term, t.end, true
	}
	if m.stem != nil && t.letters && (m.begins[t.text[0]] || irregular(t.text) != "") {
		if term, ok := m.stems[m.stem(t.text)]; ok {
			return term, t.end, true
		}
	}
	for _, s := range m.starts {
		if strings.HasPrefix(t.text, s.text) {
			return s.term, t.end, true
		}
	}
	return 0, 0, false
}

// follows tells whether the words of a phrase begin at a token, and where they end.
func (m *marker) follows(i int, words []place) (int, bool) {
	first, end := m.tokens[i], m.tokens[i].end
	for _, w := range words[1:min(len(words), maxVerified)] {
		at := first.at + w.at - words[0].at
		for i < len(m.tokens) && (m.tokens[i].at < at || m.tokens[i].at == at && m.tokens[i].text != w.text) {
			i++
		}
		if i == len(m.tokens) || m.tokens[i].at != at {
			return 0, false
		}
		end = max(end, m.tokens[i].end)
	}
	return end, true
}

// best is the part of a text that has most of what was looked for; without marks its
// start.
func best(text string, marks []mark) (from, to int) {
	first, last := 0, 0
	if len(marks) > 0 {
		first, last = window(text, marks)
		first, last = marks[first].start, marks[last].end
	}
	left := min(lookBack, (passage-min(passage, utf8.RuneCountInString(text[first:last])))*2/3)
	from = back(text, first, left)
	to = forth(text, last, max(from, last), passage-utf8.RuneCountInString(text[from:last]))
	return from, to
}

// window chooses marks that stand close together: from the first to the last of them.
func window(text string, marks []mark) (first, last int) {
	counts := map[int]int{}
	score, most := 0, -1
	add := func(m mark, by int) {
		before := counts[m.term]
		counts[m.term] = before + by
		switch {
		case by > 0 && before == 0, by < 0 && before == 1:
			score += by * m.weight
		default:
			score += by
		}
	}
	// Characters are counted once, from mark to mark.
	chars := make([]int, len(marks))
	for i := range marks {
		if i > 0 {
			chars[i] = chars[i-1] + utf8.RuneCountInString(text[marks[i-1].start:marks[i].start])
		}
	}
	i := 0
	for j := range marks {
		add(marks[j], 1)
		for chars[j]-chars[i] > core {
			add(marks[i], -1)
			i++
		}
		if score > most {
			first, last, most = i, j, score
		}
	}
	return first, last
}

// back goes back at most so many characters: to the start of a sentence or paragraph if
// there is one, or else to that of a word.
func back(text string, at, most int) int {
	sentence, word := -1, at
	i := at
	for range most {
		if i == 0 {
			return 0
		}
		_, size := utf8.DecodeLastRuneInString(text[:i])
		r := i - size
		c, _ := utf8.DecodeRuneInString(text[r:])
		switch {
		case c == '\n':
			return i
		case breaks(c):
			word = i
			if r > 0 && ends(text[:r]) && sentence < 0 {
				sentence = i
			}
		}
		i = r
	}
	if i == 0 {
		return 0
	}
	switch {
	case sentence >= 0:
		return sentence
	case word == at && at-i > 0:
		// No space far and wide: Chinese, or a long address.
		return edge(text, i)
	}
	return word
}

// ends tells whether a sentence ends there.
func ends(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return strings.ContainsRune(".!?…»”", r)
}

// forth goes on for at most so many characters, to the end of a word; least is where it
// ends at the earliest.
func forth(text string, from, least, most int) int {
	i, word := from, from
	for n := 0; i < len(text); n++ {
		r, size := utf8.DecodeRuneInString(text[i:])
		if breaks(r) {
			word = i
			if r == '\n' && n > most/2 {
				return max(word, least)
			}
		}
		if n >= most {
			if word <= least && i > least {
				return max(edge(text, i), least)
			}
			return max(word, least)
		}
		i += size
	}
	return len(text)
}

// edge is the next place at which no character is torn apart.
func edge(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		joins := unicode.Is(unicode.M, r) || r == '\u200d' || before == '\u200d' ||
			r >= 0x1f3fb && r <= 0x1f3ff || r >= 0x1f1e6 && r <= 0x1f1ff || r >= 0xe0020 && r <= 0xe007f
		if !joins {
			break
		}
		i += size
	}
	return i
}

// breaks tells where a passage may begin and end: not at the spaces of French signs.
func breaks(r rune) bool {
	return r != '\u00a0' && r != '\u202f' && unicode.IsSpace(r)
}

// render writes a part of a text as HTML, with marks.
func render(text string, from, to int, marks []mark) string {
	var b strings.Builder
	// What is there before decides whether words were left out.
	if strings.TrimSpace(text[:from]) != "" {
		b.WriteString("… ")
	}
	at := from
	for _, m := range marks {
		if m.start < at || m.end > to {
			continue
		}
		escape(&b, text[at:m.start])
		b.WriteString("<mark>")
		escape(&b, text[m.start:m.end])
		b.WriteString("</mark>")
		at = m.end
	}
	escape(&b, text[at:to])
	out := strings.TrimSpace(b.String())
	if strings.TrimSpace(text[to:]) != "" {
		out += " …"
	}
	return out
}

// escape writes text as HTML: spaces are single, control characters are left out, and
// with them the signs that turn the direction of a text and might never turn it back.
func escape(b *strings.Builder, text string) {
	var plain strings.Builder
	space := false
	for _, r := range text {
		switch {
		case breaks(r):
			if !space {
				plain.WriteByte(' ')
			}
			space = true
			continue
		case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			continue
		}
		space = false
		plain.WriteRune(r)
	}
	b.WriteString(html.EscapeString(plain.String()))
}
