package page

import (
	"fmt"
	"strings"
	"time"
)

// The years that an archive can have.
const (
	firstYear = 1
	lastYear  = 9999
)

// Month is a month of the archive, in the site's time zone.
type Month struct {
	Year  int
	Month time.Month
	// Count is how many public posts are of it, at least 1.
	Count int
}

// Period is a year or a month of the archive.
type Period struct {
	Year int
	// Month is 0 for a whole year.
	Month time.Month
}

// Path is the period's page.
func (p Period) Path() string {
	if p.Month == 0 {
		return fmt.Sprintf("%s/%04d", archivePath, p.Year)
	}
	return fmt.Sprintf("%s/%04d/%02d", archivePath, p.Year, p.Month)
}

// Bounds are when the period begins and when the next one does.
func (p Period) Bounds(zone *time.Location) (from, until time.Time) {
	if p.Month == 0 {
		return time.Date(p.Year, time.January, 1, 0, 0, 0, 0, zone), time.Date(p.Year+1, time.January, 1, 0, 0, 0, 0, zone)
	}
	return time.Date(p.Year, p.Month, 1, 0, 0, 0, 0, zone), time.Date(p.Year, p.Month+1, 1, 0, 0, 0, 0, zone)
}

// Keys are those of the lists of the period's months.
func (p Period) Keys() Keys {
	if p.Month != 0 {
		return NewKeys(KeyMonth(time.Date(p.Year, p.Month, 1, 0, 0, 0, 0, time.UTC)))
	}
	keys := make(Keys, 12)
	for m := time.January; m <= time.December; m++ {
		keys.Add(KeyMonth(time.Date(p.Year, m, 1, 0, 0, 0, 0, time.UTC)))
	}
	return keys
}

// Months lists the months from the one of oldest to the one of newest, newest
// first and without counts.
func Months(oldest, newest time.Time, zone *time.Location) []Month {
	oldest, newest = oldest.In(zone), newest.In(zone)
	first := time.Date(oldest.Year(), oldest.Month(), 1, 0, 0, 0, 0, time.UTC)
	var out []Month
	for at := time.Date(newest.Year(), newest.Month(), 1, 0, 0, 0, 0, time.UTC); !at.Before(first); at = at.AddDate(0, -1, 0) {
		out = append(out, Month{Year: at.Year(), Month: at.Month()})
	}
	return out
}

// parsePeriod reads what follows "/archive/". False: it is no month that ever was.
func parsePeriod(text string) (Period, bool) {
	year, month, ok := strings.Cut(text, "/")
	p := Period{Year: digits(year, 4, 4)}
	if p.Year < firstYear || p.Year > lastYear {
		return p, false
	}
	if ok {
		p.Month = time.Month(digits(month, 1, 2))
		return p, p.Month >= time.January && p.Month <= time.December
	}
	return p, true
}

// digits is the number that text is if it has as many digits, else -1.
func digits(text string, least, most int) int {
	if len(text) < least || len(text) > most {
		return -1
	}
	n := 0
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	return n
}
