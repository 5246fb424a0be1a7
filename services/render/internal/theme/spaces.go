package theme

import "strings"

const (
	// narrowSpace and wideSpace do not break a line.
	narrowSpace = "\u202f"
	wideSpace   = "\u00a0"
)

// spaced is a text with the spaces that its language wants: in French those
// that part a sign from its word do not break a line. Other languages' texts
// and other spaces stay as they are.
func spaced(text, language string) string {
	if !isFrench(language) || !strings.Contains(text, " ") {
		return text
	}
	return strings.NewReplacer(
		" ;", narrowSpace+";", " !", narrowSpace+"!", " ?", narrowSpace+"?",
		" :", wideSpace+":", " »", wideSpace+"»", "« ", "«"+wideSpace,
	).Replace(text)
}

func isFrench(language string) bool {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	return base == "fr"
}
