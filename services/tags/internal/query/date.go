package query

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The ways in which a date is written: the year first, or as in French the day first.
var (
	yearFirst = regexp.MustCompile(`^(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?$`)
	dayFirst  = regexp.MustCompile(`^(?:(\d{1,2})[-/.])?(\d{1,2})[-/.](\d{4})$`)
	yearSpan  = regexp.MustCompile(`^(\d{4})-(\d{4})$`)
)

// until is what stands between the ends of a range, as typed and as phones write it.
func until(text string) (from, to string, ok bool) {
	for _, between := range []string{"...", "..", "…", "—"} {
		if from, to, ok = strings.Cut(text, between); ok {
			return strings.TrimSpace(from), strings.TrimSpace(to), true
		}
	}
	if m := yearSpan.FindStringSubmatch(text); m != nil {
		return m[1], m[2], true
	}
	return text, "", false
}

// published reads what stands behind the name of a field of dates.
func published(k kind, text string) (Published, bool) {
	first, last, ranged := until(text)
	if ranged {
		if k != onField {
			return Published{}, false
		}
		return between(first, last)
	}
	since, until, ok := period(first)
	switch {
	case !ok:
		return Published{}, false
	case k == beforeField:
		return Published{Until: since}, true
	case k == afterField:
		return Published{Since: until}, true
	case k == sinceField:
		return Published{Since: since}, true
	}
	return Published{Since: since, Until: until}, true
}

// between reads a range of which one end may be missing. Its ends belong to it.
func between(first, last string) (p Published, ok bool) {
	if first == "" && last == "" {
		return p, false
	}
	if first != "" {
		if p.Since, p.Until, ok = period(first); !ok {
			return p, false
		}
	}
	if last == "" {
		p.Until = time.Time{}
		return p, true
	}
	since, until, ok := period(last)
	switch {
	case !ok:
		return p, false
	case first != "" && since.Before(p.Since): // the wrong way round is plain, too
		return Published{Since: since, Until: p.Until}, true
	}
	p.Until = until
	return p, true
}

// period reads a year, a month or a day: its beginning and that of what follows. Years
// before 1000 are slips: nothing was posted then, and the first would bound nothing.
func period(text string) (since, until time.Time, ok bool) {
	y, m, d := "", "", ""
	if parts := yearFirst.FindStringSubmatch(text); parts != nil {
		y, m, d = parts[1], parts[2], parts[3]
	} else if parts := dayFirst.FindStringSubmatch(text); parts != nil {
		d, m, y = parts[1], parts[2], parts[3]
	} else {
		return since, until, false
	}
	year, month, day := number(y), number(m), number(d)
	switch {
	case year < 1000 || m != "" && (month < 1 || month > 12) || d != "" && day < 1:
		return since, until, false
	case m == "":
		return midnight(year, 1, 1), midnight(year+1, 1, 1), true
	case d == "":
		return midnight(year, month, 1), midnight(year, month+1, 1), true
	}
	since = midnight(year, month, day)
	return since, midnight(year, month, day+1), since.Day() == day
}

// isDated tells of what is written as a date, whether there is such a day or not.
func isDated(text string) bool { return yearFirst.MatchString(text) || dayFirst.MatchString(text) }

// number is that of at most four digits; none is 0.
func number(digits string) int {
	n, _ := strconv.Atoi(digits) // the expressions let nothing else through
	return n
}

func midnight(year, month, day int) time.Time {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

// isBareRange tells of "2018..2020", which means the same without a field's name.
func isBareRange(text string) (Published, bool) {
	for _, between := range []string{"..", "…"} {
		if first, last, ok := strings.Cut(text, between); ok && first != "" && last != "" {
			return published(onField, text)
		}
	}
	return Published{}, false
}
