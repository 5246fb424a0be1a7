package theme

import "github.com/parution/parution/services/render/internal/page"

// maxWrong is how many characters are shown of what is wrong with a text.
const maxWrong = 100

// unreadable cuts a text in three at what is wrong with it.
func unreadable(text string, p *page.Problem) *Problem {
	if p == nil {
		return nil
	}
	runes := []rune(text)
	from := min(max(0, p.Offset), len(runes))
	until := min(from+max(0, p.Length), len(runes))
	at := string(runes[from:until])
	if until-from > maxWrong {
		at = string(runes[from:from+maxWrong]) + "…"
	}
	return &Problem{Message: p.Message, Before: string(runes[:from]), At: at, After: string(runes[until:])}
}

// misread says of a date or an order that it cannot be read.
func (sp *speaker) misread(m page.Misread) *Problem {
	message := "search-no-date"
	if m.Name == "order" {
		message = "search-no-order"
	}
	value := m.Value
	if runes := []rune(value); len(runes) > maxWrong {
		value = string(runes[:maxWrong]) + "…"
	}
	return &Problem{Message: sp.words.say(message, value), Before: m.Name + "=", At: value}
}

// withoutMisread are the values of a search that cannot be read, each with the search
// without it.
func (sp *speaker) withoutMisread(q page.Search, list []page.Misread) []Choice {
	var out []Choice
	for _, m := range list {
		rest, name := q, ""
		switch m.Name {
		case "since":
			rest.Since, name = "", sp.words.say("since", m.Value)
		case "until":
			rest.Until, name = "", sp.words.say("before", m.Value)
		case "order":
			rest.Order, name = "", sp.words.say("order")+sp.words.say("colon")+m.Value
		}
		out = append(out, Choice{Name: name, Path: searchFor(rest), Hint: sp.words.say("remove", name), Active: true})
	}
	return out
}
