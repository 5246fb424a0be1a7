package theme

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/parution/parution/services/render/internal/page"
)

// weights are how many sizes a cloud of tags has.
const weights = 5

// cloud is a list of tags by name, each weighed against the most frequent one.
func (sp *speaker) cloud(list []page.Tagged) []Tag {
	most := 1
	out := make([]Tag, 0, len(list))
	for _, l := range list {
		most = max(most, l.Count)
		out = append(out, Tag{
			Label: Label{Name: l.Name, Path: tagPath(l.Slug)}, Count: l.Count,
			Number: sp.words.number(l.Count), Hint: sp.words.say("posts", l.Count), Colour: l.Colour,
		})
	}
	for i := range out {
		out[i].Weight = weight(out[i].Count, most)
	}
	return byName(out, sp.words.tag)
}

// byName sorts tags as a dictionary of the language does.
func byName(list []Tag, language language.Tag) []Tag {
	type keyed struct {
		key []byte
		tag Tag
	}
	order := collate.New(language, collate.IgnoreCase, collate.Numeric)
	var buf collate.Buffer
	work := make([]keyed, len(list))
	for i, t := range list {
		work[i] = keyed{order.KeyFromString(&buf, t.Name), t}
	}
	slices.SortStableFunc(work, func(a, b keyed) int { return bytes.Compare(a.key, b.key) })
	for i, k := range work {
		list[i] = k.tag
	}
	return list
}

// maxLevels bounds how deep a tree of tags is shown: no tag stands deeper.
const maxLevels = 8

// tree are the tags that have others below them and stand below none of the list.
func (sp *speaker) tree(list []page.Tagged) []Tag {
	below, known := make(map[string][]page.Tagged), make(map[string]bool, len(list))
	for _, l := range list {
		known[l.Slug] = true
	}
	var roots []page.Tagged
	for _, l := range list {
		if known[l.Parent] && l.Parent != l.Slug {
			below[l.Parent] = append(below[l.Parent], l)
		} else {
			roots = append(roots, l)
		}
	}
	roots = slices.DeleteFunc(roots, func(l page.Tagged) bool { return len(below[l.Slug]) == 0 })
	return sp.branches(roots, below, maxLevels)
}

func (sp *speaker) branches(list []page.Tagged, below map[string][]page.Tagged, levels int) []Tag {
	if len(list) == 0 || levels == 0 {
		return nil
	}
	children := make(map[string][]Tag, len(list))
	for _, l := range list {
		children[tagPath(l.Slug)] = sp.branches(below[l.Slug], below, levels-1)
	}
	out := sp.cloud(list)
	for i := range out {
		out[i].Children = children[out[i].Path]
	}
	return out
}

// weight is from 1 to 5, by the logarithm: between a tag of one post and one of a
// thousand a reader sees steps.
func weight(count, most int) int {
	if most < 2 || count < 2 {
		return 1
	}
	return 1 + int(math.Round((weights-1)*math.Log(float64(count))/math.Log(float64(most))))
}

// groups are tags by first letter; they are sorted by name.
func groups(list []Tag) []Group {
	var out []Group
	for _, t := range list {
		letter := initial(t.Name)
		if n := len(out); n == 0 || out[n-1].Letter != letter {
			out = append(out, Group{Letter: letter})
		}
		last := &out[len(out)-1]
		last.Tags = append(last.Tags, t)
	}
	return out
}

// initial is the letter under which a name stands in a list: without accents;
// "#" for all that is no letter.
func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(norm.NFD.String(name))
	if !unicode.IsLetter(r) {
		return "#"
	}
	return strings.ToUpper(string(r))
}

// Archive lists the months in which posts were published.
type Archive struct {
	// Months are newest first.
	Months []page.Month
	// Total is how many posts there are.
	Total int
}

// Archive makes the list of months.
func (t *Theme) Archive(s *page.Site, v Archive) ([]byte, error) {
	sp := t.speaker(s)
	title, total := sp.words.say("archive"), sp.words.say("posts", v.Total)
	f := sp.listed("archive", "/archive", title, title+", "+total, Pager{})
	return t.execute("archive", ArchiveView{Frame: f, Years: sp.years(v.Months, 0, 0), Total: total})
}

// years are months, newest first, by year; one of them may be the page's own.
func (sp *speaker) years(list []page.Month, year int, month time.Month) []Year {
	var out []Year
	count := 0
	for _, m := range list {
		name := sp.words.year(m.Year)
		if n := len(out); n == 0 || out[n-1].Name != name {
			out, count = append(out, Year{Name: name, Path: yearPath(m.Year)}), 0
		}
		count += m.Count
		last := &out[len(out)-1]
		last.Total = sp.words.say("posts", count)
		last.Months = append(last.Months, Month{
			Name: sp.words.month(m.Year, m.Month), Short: sp.words.catalogue.Months[m.Month-1], Path: monthPath(m.Year, int(m.Month)),
			Count: m.Count, Total: sp.words.say("posts", m.Count), Current: m.Year == year && m.Month == month,
		})
	}
	return out
}

// Period is a page of the posts of one year or month.
type Period struct {
	Year int
	// Month is 0 for a whole year.
	Month time.Month
	Cards []page.Card
	Total int
	Pager Pager
	// Months are those of the year that have posts, newest first.
	Months []page.Month
}

// Period makes a page of the posts of one year or month.
func (t *Theme) Period(s *page.Site, path string, v Period) ([]byte, error) {
	sp := t.speaker(s)
	between := []Entry{{Name: sp.words.say("archive"), Path: "/archive"}}
	heading, year := sp.words.year(v.Year), Year{Name: sp.words.year(v.Year), Path: yearPath(v.Year)}
	if v.Month != 0 {
		between = append(between, Entry{Name: heading, Path: yearPath(v.Year)})
		heading = sp.words.month(v.Year, v.Month)
	}
	if known := sp.years(v.Months, v.Year, v.Month); len(known) > 0 {
		year = known[0]
	}
	total := sp.words.say("posts", v.Total)
	f := sp.listed("period", path, heading, heading+", "+total, v.Pager, between...)
	return t.execute("period", PeriodView{
		Frame: f, Posts: sp.listing(v.Cards, 2), Pager: v.Pager.shown(), Total: total, Year: year,
	})
}

// Author is a page of one author's posts.
type Author struct {
	Author page.Label
	Cards  []page.Card
	Total  int
	Pager  Pager
}

// Author makes a page of one author's posts.
func (t *Theme) Author(s *page.Site, path string, v Author) ([]byte, error) {
	sp := t.speaker(s)
	own := authorPath(v.Author.Slug)
	f := sp.listed("author", path, v.Author.Name, sp.words.say("posts-by", v.Author.Name), v.Pager)
	f.Head.Meta = append(f.Head.Meta, Meta{Property: "profile:username", Content: v.Author.Slug})
	f.Head.Data = append(f.Head.Data, thing{
		"@context": schemaOrg, "@type": "ProfilePage", "url": f.Head.Canonical,
		"mainEntity": thing{"@type": "Person", "name": v.Author.Name, "identifier": v.Author.Slug, "url": s.BaseURL + own},
	})
	list := f.own(feeds(own+"/"+rssName, sp.words.say("feed-of", v.Author.Name, s.Title)))
	return t.execute("author", AuthorView{
		Frame: f, Author: Label{Name: v.Author.Name, Path: own}, Posts: sp.listing(v.Cards, 2), Pager: v.Pager.shown(),
		Total: sp.words.say("posts", v.Total), Feeds: list,
	})
}
