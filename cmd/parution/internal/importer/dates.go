package importer

import (
	"regexp"
	"strings"
	"time"
)

// How dates are written in front matter, besides the months' French names.
func layouts() []string {
	return []string{
		time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04",
		"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05",
		"2006-01-02 15:04 -0700", "2006-01-02 15:04 -07:00", "2006-01-02 15:04Z07:00", "2006-01-02 15:04", "2006-1-2 15:04:05", "2006-1-2 15:04",
		"2006-1-2", "2006/1/2 15:04:05 -0700", "2006/1/2 15:04:05", "2006/1/2 15:04", "2006/1/2", "20060102", "2.1.2006",
		time.RFC1123Z, time.RFC1123, time.RFC850, time.ANSIC, time.UnixDate,
		"January 2, 2006", "January 2 2006", "Jan 2, 2006", "2 January 2006", "2 Jan 2006", "2 January, 2006", "2 January 2006 15:04",
	}
}

// inEnglish gives the months of a date in lower case their English names.
func inEnglish(text string) string {
	return strings.NewReplacer(
		"janvier", "January", "février", "February", "fevrier", "February", "mars", "March", "avril", "April", "mai", "May", "juin", "June",
		"juillet", "July", "août", "August", "aout", "August", "septembre", "September", "octobre", "October", "novembre", "November",
		"décembre", "December", "decembre", "December", "1er", "1",
	).Replace(text)
}

var slashed = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})/(\d{4})$`)

// parseDate understands a date; one without a zone is in loc. False if it is none,
// or could be read in two ways, or lies where no post was ever written.
func parseDate(text string, loc *time.Location) (time.Time, bool) {
	text = strings.Join(strings.Fields(text), " ")
	if m := slashed.FindStringSubmatch(text); m != nil {
		return dayOrMonthFirst(text, m, loc)
	}
	for _, candidate := range []string{text, inEnglish(strings.ToLower(text))} {
		for _, l := range layouts() {
			if t, err := time.ParseInLocation(l, candidate, loc); err == nil {
				return t.UTC(), t.Year() >= 1970 && t.Year() < 2200
			}
		}
	}
	return time.Time{}, false
}

// dayOrMonthFirst reads 25/12/2019, but not 05/12/2019.
func dayOrMonthFirst(text string, m []string, loc *time.Location) (time.Time, bool) {
	day, errDay := time.ParseInLocation("2/1/2006", text, loc)
	month, errMonth := time.ParseInLocation("1/2/2006", text, loc)
	switch {
	case errDay == nil && (errMonth != nil || m[1] == m[2]):
		return day.UTC(), true
	case errMonth == nil && errDay != nil:
		return month.UTC(), true
	}
	return time.Time{}, false
}

var datedName = regexp.MustCompile(`^(\d{2,4}-\d{1,2}-\d{1,2})-(.+)$`)

// splitName takes the date off a file's name without extension: "2019-05-01-title".
func splitName(base string) (date, rest string) {
	if m := datedName.FindStringSubmatch(base); m != nil {
		return m[1], m[2]
	}
	return "", base
}
