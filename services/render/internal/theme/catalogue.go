package theme

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

// fallback is the language of the interface where there is no catalogue for
// the one that is wanted.
const fallback = "en"

// dates are patterns with {day}, {month} and {year}.
type dates struct {
	Day   string `json:"day"`
	Month string `json:"month"`
	Year  string `json:"year"`
}

// catalogue is a file of messages: what the interface says in one language.
type catalogue struct {
	Language string `json:"language"`
	// Messages are formats of golang.org/x/text/message, or formats by CLDR
	// plural form of their first number.
	Messages map[string]json.RawMessage `json:"messages"`
	Months   [12]string                 `json:"months"`
	// First is the day of the month that is no plain number in some languages.
	First string `json:"first"`
	Dates dates  `json:"dates"`
	// Regions are those that write dates in another way.
	Regions []struct {
		dates

		Of []string `json:"of"`
	} `json:"regions"`
	// List joins names.
	List struct {
		Separator string `json:"separator"`
		Last      string `json:"last"`
	} `json:"list"`

	tag language.Tag
}

// catalogues are the languages that the interface speaks. Safe for concurrent use.
type catalogues struct {
	list    []*catalogue
	matcher language.Matcher
	builder *catalog.Builder
	// zones keeps the time zones that were asked for: reading one costs as much as
	// the rest of a page's frame.
	zones sync.Map
}

// zone is a time zone by its IANA name; UTC if there is none of that name.
func (c *catalogues) zone(name string) *time.Location {
	if known, ok := c.zones.Load(name); ok {
		if zone, ok := known.(*time.Location); ok {
			return zone
		}
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC // not kept: there is no end of such names
	}
	c.zones.Store(name, zone)
	return zone
}

// readCatalogues reads every file of a folder: a further language is a further file.
func readCatalogues(folder fs.FS) (*catalogues, error) {
	names, err := fs.Glob(folder, "*.json")
	if err != nil {
		return nil, fmt.Errorf("list the messages: %w", err)
	}
	c := &catalogues{builder: catalog.NewBuilder(catalog.Fallback(language.English))}
	for _, name := range names {
		one, err := c.read(folder, name)
		if err != nil {
			return nil, fmt.Errorf("read messages %s: %w", name, err)
		}
		c.list = append(c.list, one)
	}
	// The first one is what a matcher answers when nothing matches.
	slices.SortFunc(c.list, func(a, b *catalogue) int {
		if first := cmp.Compare(rank(a), rank(b)); first != 0 {
			return first
		}
		return strings.Compare(a.Language, b.Language)
	})
	if len(c.list) == 0 || c.list[0].Language != fallback {
		return nil, errors.New("there are no messages in English")
	}
	tags := make([]language.Tag, len(c.list))
	for i, one := range c.list {
		tags[i] = one.tag
		if err := one.complete(c.list[0]); err != nil {
			return nil, fmt.Errorf("messages in %s: %w", one.Language, err)
		}
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

func rank(c *catalogue) int {
	if c.Language == fallback {
		return 0
	}
	return 1
}

func (c *catalogues) read(folder fs.FS, name string) (*catalogue, error) {
	text, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, err
	}
	var one catalogue
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&one); err != nil {
		return nil, err
	}
	if one.tag, err = language.Parse(one.Language); err != nil || one.Language+".json" != name {
		return nil, fmt.Errorf("its language %q is not that of its name", one.Language)
	}
	for key, raw := range one.Messages {
		m, err := parseMessage(raw)
		if err == nil {
			err = c.builder.Set(one.tag, key, m)
		}
		if err != nil {
			return nil, fmt.Errorf("message %s: %w", key, err)
		}
	}
	return &one, nil
}

// parseMessage reads a format, or formats by plural form.
func parseMessage(raw json.RawMessage) (catalog.Message, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text == "" {
			return nil, errors.New("is empty")
		}
		return catalog.String(text), nil
	}
	var forms map[string]string
	if err := json.Unmarshal(raw, &forms); err != nil {
		return nil, errors.New("is neither a text nor texts by plural form")
	}
	if forms["other"] == "" {
		return nil, errors.New(`has no plural form "other"`)
	}
	var cases []any
	for _, form := range slices.Sorted(maps.Keys(forms)) {
		if form != "other" {
			cases = append(cases, form, forms[form])
		}
	}
	return plural.Selectf(1, "%d", append(cases, "other", forms["other"])...), nil
}

// complete tells what a catalogue lacks.
func (c *catalogue) complete(model *catalogue) error {
	for _, key := range slices.Sorted(maps.Keys(model.Messages)) {
		if _, ok := c.Messages[key]; !ok {
			return fmt.Errorf("message %s is missing", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.Messages)) {
		if _, ok := model.Messages[key]; !ok {
			return fmt.Errorf("message %s is unknown", key)
		}
	}
	if slices.Contains(c.Months[:], "") || c.First == "" || c.Dates.Day == "" || c.Dates.Month == "" || c.Dates.Year == "" || c.List.Last == "" || c.List.Separator == "" {
		return errors.New("months, first, dates or list is incomplete")
	}
	return nil
}

// find is the catalogue for a language; false if there is none for it.
func (c *catalogues) find(tag language.Tag) (*catalogue, bool) {
	_, i, confidence := c.matcher.Match(tag)
	if confidence < language.High {
		return c.list[0], false
	}
	return c.list[i], true
}

// Words are what the interface says, in one language: that of the site, or of a
// post. Safe for concurrent use.
type Words struct {
	catalogue *catalogue
	printer   *message.Printer
	tag       language.Tag
	dates     dates
	zone      *time.Location
}

// words speaks a language; false if there is no catalogue for it: then it is English.
func (c *catalogues) words(tag language.Tag, zone *time.Location) (*Words, bool) {
	one, ok := c.find(tag)
	if !ok {
		tag = one.tag
	}
	return &Words{
		catalogue: one, printer: message.NewPrinter(tag, message.Catalog(c.builder)), tag: tag,
		dates: one.datesOf(tag), zone: zone,
	}, ok
}

// datesOf are the patterns of the language's region.
func (c *catalogue) datesOf(tag language.Tag) dates {
	region, confidence := tag.Region()
	if confidence < language.Exact {
		return c.Dates // of a language without a region
	}
	for _, r := range c.Regions {
		if slices.Contains(r.Of, region.String()) {
			return dates{Day: cmp.Or(r.Day, c.Dates.Day), Month: cmp.Or(r.Month, c.Dates.Month), Year: cmp.Or(r.Year, c.Dates.Year)}
		}
	}
	return c.Dates
}

// T is a message of the catalogue with its arguments. A message that is unknown
// or has other arguments is an error: of the template.
func (w *Words) T(key string, args ...any) (string, error) {
	if w == nil {
		return "", fmt.Errorf("message %q: nobody speaks here", key)
	}
	if _, ok := w.catalogue.Messages[key]; !ok {
		return "", fmt.Errorf("there is no message %q", key)
	}
	text := w.printer.Sprintf(key, args...)
	if strings.Contains(text, "%!") && !strings.Contains(fmt.Sprint(args...), "%!") {
		return "", fmt.Errorf("message %q does not fit its arguments: %s", key, text)
	}
	return text, nil
}

// say is a message that is known to exist: a test holds it.
func (w *Words) say(key string, args ...any) string {
	text, err := w.T(key, args...)
	if err != nil {
		return key
	}
	return text
}

// Moment is a time for people and for programs.
type Moment struct {
	// Text is the day as people write it in the language around it.
	Text string
	// Stamp is the time in RFC 3339, in the site's time zone.
	Stamp string
}

func (w *Words) moment(t time.Time) Moment {
	return Moment{Text: w.date(t), Stamp: w.stamp(t)}
}

func (w *Words) date(t time.Time) string {
	t = t.In(w.zone)
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = w.catalogue.First
	}
	return w.fill(w.dates.Day, day, t.Month(), t.Year())
}

func (w *Words) month(year int, month time.Month) string {
	return w.fill(w.dates.Month, "", month, year)
}

func (w *Words) fill(pattern, day string, month time.Month, year int) string {
	return strings.NewReplacer("{day}", day, "{month}", w.catalogue.Months[month-1], "{year}", strconv.Itoa(year)).Replace(pattern)
}

func (w *Words) stamp(t time.Time) string { return t.In(w.zone).Format(time.RFC3339) }

func (w *Words) year(n int) string { return w.fill(w.dates.Year, "", time.January, n) }

// number is a number as the language writes it.
func (w *Words) number(n int) string { return w.printer.Sprintf("%d", n) }

// join joins names as a sentence does.
func (w *Words) join(names []string) string {
	list, n := w.catalogue.List, len(names)
	if n < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:n-1], list.Separator) + list.Last + names[n-1]
}
