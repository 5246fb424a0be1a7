package query

import (
	"slices"
	"strings"
)

// token is a piece of a text that the parser need not look into.
type token struct {
	Span

	sort sort
	// text is what was typed: of a word without the signs around it, of a phrase what is
	// between the quotes, of a field its name.
	text string
	// star: of a word, others that begin so will do; last: nothing stands behind it.
	star, last bool
	// weak: of an operator, a sign that is passed over where it joins nothing.
	weak bool
	// field is a field's; hollow: signs alone stand behind it.
	field  kind
	hollow bool
}

type sort uint8

const (
	endToken sort = iota
	wordToken
	phraseToken
	rangeToken
	fieldToken
	openToken
	closeToken
	orToken
	andToken
	notToken
)

// lexer cuts a text into tokens.
type lexer struct {
	cs     []char
	pos    int
	tokens []token
	fault  *fault
	// pairs is for each parenthesis within a word the place of its other one.
	pairs map[int]int
}

func lex(text string) ([]token, *fault) {
	l := lexer{cs: chars(text), pairs: map[int]int{}}
	l.pairUp()
	for l.fault == nil && l.pos < len(l.cs) {
		l.next()
	}
	return append(l.tokens, token{sort: endToken, Span: Span{Offset: len([]rune(text))}}), l.fault
}

// pairUp finds parentheses that are part of a word: "élu(e)s", "f()".
func (l *lexer) pairUp() {
	open := -1
	for i, c := range l.cs {
		switch {
		case c.sign == '(' && i > 0 && isWordly(l.cs[i-1].typed) && !l.isOperator(i):
			open = i
		case c.sign == ')' && open >= 0:
			l.pairs[open], l.pairs[i] = i, open
			open = -1
		case c.sign == ' ', c.sign == '(', c.sign == '|', isQuote(c.sign):
			open = -1
		}
	}
}

// isOperator tells whether an operator ends before a place: "OU(a)".
func (l *lexer) isOperator(end int) bool {
	for from := end - 1; from >= max(0, end-4); from-- {
		if operator(signs(l.cs[from:end])) != endToken && (from == 0 || l.isEdge(from-1)) {
			return true
		}
	}
	return false
}

// at is the sign at a place; a space beyond the end.
func (l *lexer) at(i int) rune {
	if i < 0 || i >= len(l.cs) {
		return ' '
	}
	return l.cs[i].sign
}

// isEdge tells whether a word ends before a place.
func (l *lexer) isEdge(i int) bool {
	switch s := l.at(i); s {
	case ' ', '|':
		return true
	case '(', ')':
		return l.pairs[i] == 0
	default:
		return isQuote(s)
	}
}

func (l *lexer) add(s sort, from, to int) *token {
	l.tokens = append(l.tokens, token{sort: s, Span: span(l.cs[from:to]), text: typed(l.cs[from:to])})
	return &l.tokens[len(l.tokens)-1]
}

// skip goes on to what is no space.
func (l *lexer) skip() {
	for l.pos < len(l.cs) && l.at(l.pos) == ' ' {
		l.pos++
	}
}

func (l *lexer) next() {
	from := l.pos
	switch s := l.at(from); {
	case s == ' ':
		l.skip()
	case isQuote(s):
		l.phrase()
	case s == '(', s == ')':
		l.pos++
		l.add(parenthesis(s), from, l.pos)
	case s == '|':
		for l.at(l.pos) == '|' {
			l.pos++
		}
		l.add(orToken, from, l.pos)
	case s == '-' && l.at(from+1) != '-':
		l.minus()
	case s == '+' && l.isEdge(from+1):
		l.pos++
		l.add(andToken, from, l.pos).weak = true
	default:
		l.word()
	}
}

func parenthesis(s rune) sort {
	if s == '(' {
		return openToken
	}
	return closeToken
}

// minus excludes what stands right behind it. A dash between spaces is a dash, unless a
// field follows: "Paris - Lyon", "paris - tag:archive".
func (l *lexer) minus() {
	from := l.pos
	l.pos++
	spaced := l.at(l.pos) == ' '
	l.skip()
	end, colon := l.run(l.pos)
	switch s := l.at(l.pos); {
	case spaced && colon <= l.pos:
		return
	case spaced:
		if k, ok := fieldNamed(signs(l.cs[l.pos:colon])); !ok || k.common {
			return
		}
	case end == l.pos && s != '(' && !isQuote(s):
		return
	case end > l.pos && !hasWord(l.cs[l.pos:end]):
		l.pos = end
		return
	}
	l.add(notToken, from, from+1)
}

// phrase reads what stands between quotes. What opens and closes alike may be closed by
// any such sign: people mix them.
func (l *lexer) phrase() {
	from := l.pos
	closes := map[rune]rune{mark: mark, left: right, right: left}[l.at(from)]
	to := from + 1
	for to < len(l.cs) && l.at(to) != closes {
		to++
	}
	if to == len(l.cs) {
		key := "unbalanced_quote.open"
		if l.at(from) == right {
			key = "unbalanced_quote.close"
		}
		l.fault = &fault{Span: span(l.cs[from : from+1]), code: UnbalancedQuote, key: key}
		return
	}
	l.pos = to + 1
	t := l.add(phraseToken, from, l.pos)
	t.text = clean(l.cs[from+1 : to])
}

// clean is the text of a phrase: without quotes, and with single spaces. Empty if there is
// no word in it.
func clean(cs []char) string {
	if !hasWord(cs) {
		return ""
	}
	out := make([]rune, len(cs))
	for i, c := range cs {
		out[i] = c.typed
		if c.sign == ' ' || isQuote(c.sign) {
			out[i] = ' '
		}
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

// run is where the word at a place ends, and where its first colon is, or -1.
func (l *lexer) run(from int) (end, colon int) {
	colon = -1
	for end = from; !l.isEdge(end); end++ {
		if colon < 0 && l.at(end) == ':' {
			colon = end
		}
	}
	return end, colon
}

// word reads a word, an operator or the name of a field.
func (l *lexer) word() {
	// Signs before a word mean nothing; what follows them is read as if they were not there.
	for !l.isEdge(l.pos) && !begins(l.cs[l.pos].typed) {
		l.pos++
	}
	from := l.pos
	end, colon := l.run(from)
	if end == from {
		return
	}
	if l.field(from, end, colon) || l.fault != nil {
		return
	}
	l.pos = end
	to, star := l.trim(from, end)
	if to == from || l.isElision(from, to, end) {
		return
	}
	if !star {
		text := signs(l.cs[from:to])
		if s := operator(text); s != endToken {
			l.add(s, from, to)
			return
		}
		if _, ok := isBareRange(text); ok {
			l.add(rangeToken, from, to).text = text
			return
		}
	}
	l.addWord(from, to, star, end)
}

func (l *lexer) addWord(from, to int, star bool, end int) {
	t := l.add(wordToken, from, to)
	t.star, t.last = star, to == len(l.cs) && end == to
}

// trim is where a word ends without the signs behind it, and whether a star is among them.
// It gives from if there is no word.
func (l *lexer) trim(from, end int) (to int, star bool) {
	for to = end; to > from; to-- {
		s := l.at(to - 1)
		if ends(l.cs[to-1].typed) || s == ')' && l.pairs[to-1] > from && l.pairs[to-1] < to-2 {
			break
		}
		star = star || s == '*'
	}
	if !hasWord(l.cs[from:to]) {
		return from, false
	}
	return to, star
}

func hasWord(cs []char) bool {
	return slices.ContainsFunc(cs, func(c char) bool { return isWordly(c.typed) })
}

// isElision tells of "l'" right before a quote, or where a word is about to be typed.
func (l *lexer) isElision(from, to, end int) bool {
	if end != to+1 || !isApostrophe(l.at(to)) || !isQuote(l.at(end)) && (end < len(l.cs) || len(l.tokens) == 0) {
		return false
	}
	return to-from == 1 || strings.HasSuffix(strings.ToLower(signs(l.cs[from:to])), "qu")
}

func operator(text string) sort {
	switch text {
	case "OR", "OU":
		return orToken
	case "AND", "ET":
		return andToken
	case "NOT", "NON", "SAUF":
		return notToken
	}
	return endToken
}

// field reads the name of a field and tells whether there is one.
func (l *lexer) field(from, end, colon int) bool {
	if colon < 0 {
		return l.spacedField(from, end)
	}
	name, after := signs(l.cs[from:colon]), l.at(colon+1)
	k, ok := fieldNamed(name)
	switch {
	case after == '/' && l.at(colon+2) == '/':
		return false
	case !ok:
		if other, near := nearField(name); near && after != ' ' {
			l.fault = &fault{Span: span(l.cs[from:colon]), code: UnknownField, key: "unknown_field", text: typed(l.cs[from:colon]), other: other}
		}
		return false
	case k.common && !isDigit(after):
		return false
	}
	l.pos = colon + 1
	l.add(fieldToken, from, colon+1).field = k.kind
	if after == ' ' {
		if l.skip(); !k.kind.isDate() {
			return true // the value is what follows, if it can be one
		}
	}
	l.value(k.kind)
	return true
}

// spacedField reads the name of a field with a space before its colon, as French has it.
// It is one only where nothing else can be meant.
func (l *lexer) spacedField(from, end int) bool {
	colon := end
	for colon < len(l.cs) && l.at(colon) == ' ' {
		colon++
	}
	if colon == end || l.at(colon) != ':' {
		return false
	}
	k, ok := fieldNamed(signs(l.cs[from:end]))
	if !ok || k.common || k.everyday {
		return false
	}
	start := colon + 1
	for start < len(l.cs) && l.at(start) == ' ' {
		start++
	}
	stop, _ := l.run(start)
	if k.kind.isDate() {
		date := dated(l.cs[start:stop])
		if _, ok := published(k.kind, date); !ok && !isDated(date) && !l.isAll(start, stop) {
			return false
		}
	} else if s := l.at(start); s != '(' && !isQuote(s) && !hasWord(l.cs[start:stop]) {
		return false
	}
	l.pos = start
	l.add(fieldToken, from, colon+1).field = k.kind
	l.value(k.kind)
	return true
}

// isAll tells whether a name and one word behind it are all that is there: "avant : hier"
// is nothing else, and what is wrong with it is worth a message.
func (l *lexer) isAll(start, stop int) bool {
	rest := strings.TrimRight(signs(l.cs[stop:]), " !?")
	return len(l.tokens) == 0 && hasWord(l.cs[start:stop]) && rest == ""
}

// value reads a word behind a field's name, whatever it looks like.
func (l *lexer) value(k kind) {
	name := len(l.tokens) - 1
	from := l.pos
	end, _ := l.run(from)
	if end == from {
		return
	}
	l.pos = end
	if k.isDate() { // its signs belong to it
		l.add(wordToken, from, end).text = dated(l.cs[from:end])
		return
	}
	for from < end && !begins(l.cs[from].typed) {
		from++
	}
	to, star := l.trim(from, end)
	if to == from {
		l.tokens[name].hollow = true
		return
	}
	l.addWord(from, to, star, end)
}

// dated is a date as it was typed, without the signs that may stand behind it.
func dated(cs []char) string { return strings.TrimRight(signs(cs), ",;:!?") }

func isDigit(r rune) bool { return '0' <= r && r <= '9' }
