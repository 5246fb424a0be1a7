package query

// parser puts tokens together. Side by side joins least, OR more, AND most: "a b OR c" is
// "a (b OR c)", as people mean it, and "a AND b OR c" is "(a AND b) OR c", as those who
// write AND expect.
type parser struct {
	tokens []token
	pos    int
	depth  int
	terms  int
	fault  *fault
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) take() token {
	t := p.tokens[p.pos]
	if t.sort != endToken {
		p.pos++
	}
	return t
}

func (p *parser) fail(t token, code Code, key string) {
	if p.fault == nil {
		p.fault = &fault{Span: t.Span, code: code, key: key, text: t.text}
	}
}

// sequence reads what stands side by side, up to the end or to the parenthesis that
// closes open.
func (p *parser) sequence(in kind, open *token) Node {
	var parts []Node
	for p.fault == nil {
		switch t := p.peek(); t.sort {
		case endToken:
			if open != nil {
				p.fail(*open, UnbalancedParenthesis, "unbalanced_parenthesis.open")
			}
			return and(parts)
		case closeToken:
			if open == nil {
				p.fail(t, UnbalancedParenthesis, "unbalanced_parenthesis.close")
			}
			p.take()
			return and(parts)
		case andToken, orToken:
			p.take()
			if !t.weak {
				p.fail(t, MissingTerm, "missing_term.before")
			}
		default:
			if part := p.either(in); part != nil {
				parts = append(parts, part)
			}
		}
	}
	return nil
}

// either reads what OR joins.
func (p *parser) either(in kind) Node {
	var parts []Node
	for p.fault == nil {
		part := p.both(in)
		op := p.peek()
		if part != nil {
			parts = append(parts, part)
		}
		if op.sort != orToken {
			break
		}
		p.take()
		if part == nil {
			p.fail(op, MissingTerm, "missing_term.before")
		} else if !p.isTerm() {
			p.fail(op, MissingTerm, "missing_term.after")
		}
	}
	return or(parts)
}

// both reads what AND joins.
func (p *parser) both(in kind) Node {
	var parts []Node
	for p.fault == nil {
		part := p.unary(in)
		if part != nil {
			parts = append(parts, part)
		}
		op := p.peek()
		if op.sort != andToken {
			break
		}
		p.take()
		switch {
		case p.isTerm():
		case op.weak:
			return and(parts)
		default:
			p.fail(op, MissingTerm, "missing_term.after")
		}
	}
	return and(parts)
}

// isTerm tells whether something that can be looked for comes next.
func (p *parser) isTerm() bool {
	switch p.peek().sort {
	case wordToken, phraseToken, rangeToken, fieldToken, openToken, notToken:
		return true
	default:
		return false
	}
}

// unary reads a term with what excludes it. Nil where there is nothing in it.
func (p *parser) unary(in kind) Node {
	not, excluded := token{}, false
	for p.peek().sort == notToken {
		not, excluded = p.take(), !excluded
	}
	if not.sort == notToken && !p.isTerm() {
		p.fail(not, MissingTerm, "missing_term.after")
		return nil
	}
	n := p.term(in, excluded)
	if n == nil || !excluded {
		return n
	}
	if twice, ok := n.(Not); ok {
		return twice.Part
	}
	return Not{Part: n}
}

func (p *parser) term(in kind, excluded bool) Node {
	t := p.take()
	switch t.sort {
	case fieldToken:
		return p.value(t, excluded)
	case openToken:
		return p.group(in, t)
	case rangeToken:
		published, _ := isBareRange(t.text)
		return p.count(t, with(published, t.Span))
	case wordToken, phraseToken:
		if t.text == "" {
			return nil
		}
		return p.leaf(in, t, excluded)
	default: // isTerm or the callers' switch have seen to it
		return nil
	}
}

// value reads what stands behind a field's name.
func (p *parser) value(name token, excluded bool) Node {
	t := p.peek()
	switch {
	case name.hollow:
	case t.sort == openToken:
		return p.group(name.field, p.take())
	case (t.sort == wordToken || t.sort == phraseToken) && t.text != "":
		return p.leaf(name.field, p.take(), excluded)
	}
	p.fail(name, MissingTerm, "missing_term.value")
	return nil
}

func (p *parser) group(in kind, open token) Node {
	if p.depth++; p.depth > MaxDepth {
		p.fail(open, TooDeep, "too_deep")
		p.fault.limit = MaxDepth
		return nil
	}
	n := p.sequence(in, &open)
	p.depth--
	return n
}

// leaf makes a node of a word or phrase, by the field that it stands behind.
func (p *parser) leaf(in kind, t token, excluded bool) Node {
	switch in {
	case noField, titleField, bodyField:
		if t.sort == phraseToken {
			return p.count(t, Phrase{Span: t.Span, Text: t.text, In: in.field()})
		}
		return p.count(t, Word{Span: t.Span, Text: t.text, Open: t.star || t.last && !excluded, In: in.field()})
	case tagField:
		return p.count(t, Tag{Span: t.Span, Name: t.text})
	case authorField:
		return p.count(t, Author{Span: t.Span, Name: t.text})
	case languageField:
		tag, ok := languageOf(t.text)
		if !ok {
			p.fail(t, BadLanguage, "bad_language")
			return nil
		}
		return p.count(t, Language{Span: t.Span, Tag: tag})
	default:
		published, ok := published(in, t.text)
		if !ok {
			p.fail(t, BadDate, "bad_date")
			return nil
		}
		return p.count(t, with(published, t.Span))
	}
}

// with is a span of time at its place in the text.
func with(p Published, at Span) Published {
	p.Span = at
	return p
}

// count is the node, unless it is one too many.
func (p *parser) count(t token, n Node) Node {
	if p.terms++; p.terms > MaxTerms {
		p.fail(t, TooManyTerms, "too_many_terms")
		p.fault.limit = MaxTerms
		return nil
	}
	return n
}

// nothing is the problem of a text without any word.
func (p *parser) nothing(text string) {
	cs := chars(text)
	for len(cs) > 0 && cs[0].sign == ' ' {
		cs = cs[1:]
	}
	for len(cs) > 0 && cs[len(cs)-1].sign == ' ' {
		cs = cs[:len(cs)-1]
	}
	if len(cs) > 0 {
		p.fault = &fault{Span: span(cs), code: MissingTerm, key: "missing_term.all", text: typed(cs)}
	}
}

// and and or are the parts as one node: nil for none, and without parts of their own kind.
func and(parts []Node) Node {
	var all []Node
	for _, part := range parts {
		if inner, ok := part.(And); ok {
			all = append(all, inner.Parts...)
		} else {
			all = append(all, part)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return And{Parts: all}
}

func or(parts []Node) Node {
	var all []Node
	for _, part := range parts {
		if inner, ok := part.(Or); ok {
			all = append(all, inner.Parts...)
		} else {
			all = append(all, part)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return Or{Parts: all}
}
