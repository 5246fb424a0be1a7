package document

import "strings"

// labels are the few words of our own in a document: for those who listen to
// it, and in the place of what has no name. link comes before a heading's text,
// between open and closed.
type labels struct{ table, notes, back, task, image, code, block, link, open, closed string }

func labelsFor(language string) labels {
	switch primary(language) {
	case "fr":
		return labels{"Tableau", "Notes", "Retour au texte", "Tâche", "Image", "Code", "Texte préformaté", "Lien vers ", "«\u00a0", "\u00a0»"}
	case "de":
		return labels{"Tabelle", "Fußnoten", "Zurück zum Text", "Aufgabe", "Bild", "Code", "Vorformatierter Text", "Link zu ", "„", "“"}
	case "es":
		return labels{"Tabla", "Notas", "Volver al texto", "Tarea", "Imagen", "Código", "Texto preformateado", "Enlace a ", "«", "»"}
	case "it":
		return labels{"Tabella", "Note", "Torna al testo", "Attività", "Immagine", "Codice", "Testo preformattato", "Collegamento a ", "“", "”"}
	}
	return labels{"Table", "Footnotes", "Back to the text", "Task", "Image", "Code", "Preformatted text", "Link to ", "“", "”"}
}

func (l *labels) quote(text string) string { return l.open + text + l.closed }

// readingMinutes is how long a text takes to read, rounded, at least 1.
func readingMinutes(words int, language string) int {
	rate := wordsPerMinute(language)
	return max((words+rate/2)/rate, 1)
}

// wordsPerMinute is the reading speed of adults. English: silent reading of
// non-fiction, M. Brysbaert, "How many words do we read per minute?", Journal
// of Memory and Language 109 (2019) 104047. The others: S. Trauzettel-Klosinski
// and K. Dietz, "Standardized assessment of reading performance: the new
// international reading speed texts IReST", Investigative Ophthalmology &
// Visual Science 53 (2012) 5452–5461, measured aloud and therefore cautious;
// for Chinese and Japanese in characters, as prose counts them.
func wordsPerMinute(language string) int {
	switch primary(language) {
	case "en":
		return 238
	case "fr":
		return 195
	case "ar":
		return 138
	case "de":
		return 179
	case "es":
		return 218
	case "fi":
		return 161
	case "he":
		return 187
	case "it":
		return 188
	case "ja":
		return 357
	case "nl":
		return 202
	case "pl":
		return 166
	case "ru":
		return 184
	case "tr":
		return 166
	case "zh":
		return 255
	}
	return 230
}

// primary is the language of a BCP 47 tag without region and script.
func primary(language string) string {
	tag, _, _ := strings.Cut(strings.ReplaceAll(language, "_", "-"), "-")
	return strings.ToLower(tag)
}
