package query

// Closed is a text with the quotation mark and the parentheses closed that are open at
// its end; ok is false if it cannot be read as a query even so.
func Closed(text string) (_ string, ok bool) {
	for range MaxDepth + 2 { // each round closes one
		_, problem := Parse(text, "")
		if problem == nil {
			return text, true
		}
		switch problem.Code {
		case UnbalancedQuote:
			text += closing([]rune(text)[problem.Offset])
		case UnbalancedParenthesis:
			text += ")"
		case MissingTerm, UnknownField, BadDate, BadLanguage, TooManyTerms, TooLong, TooDeep:
			return "", false
		}
	}
	return "", false
}

// closing is what closes a phrase, in the way that it was opened.
func closing(open rune) string {
	switch open {
	case '“':
		return "”"
	case left:
		return string(right)
	}
	return string(mark)
}
