package theme

import (
	"html/template"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/parution/parution/services/render/internal/page"
)

// Search is a page of what a search finds; without words or anything else it is the form.
type Search struct {
	Search page.Search
	// Tags, Without, Any and Authors are those of Search, with their names.
	Tags, Without, Any, Authors []page.Label
	Found                       page.Found
	Pager                       Pager
	// Feed is the path of the search's RSS feed with its query, escaped; empty for the form.
	Feed string
	// Title is that of a post, for an example of the form; may be empty.
	Title string
}

// Search makes a page of what a search finds. path has its query.
func (t *Theme) Search(s *page.Site, _ string, v Search) ([]byte, error) {
	sp, q, misread := t.speaker(s), v.Search.Readable(), v.Search.Misread()
	asked := v.Search
	v.Search = q
	heading := sp.sought(v)
	f := sp.frame("search", "", heading)
	f.Head.Title = sp.numbered(heading, v.Pager) + " – " + f.Site.Title
	f.Head.Description = ""
	sp.describe(&f, "", nil)
	sp.turns(&f, v.Pager)
	f.Search = form(q)
	for i := range f.Navigation {
		f.Navigation[i].Current = f.Navigation[i].Path == searchPath
	}
	view := SearchView{
		Asked: !asked.Empty(), Posts: sp.marked(v.Found), Pager: v.Pager.shown(), Total: sp.words.say("results", v.Found.Total),
		Chosen: sp.chosen(v), Narrower: sp.narrower(v), Facets: sp.facets(v), Problem: unreadable(q.Text, v.Found.Problem), Ignored: v.Found.Ignored,
		Feeds: f.own(feeds(v.Feed, heading+" – "+s.Title)),
	}
	if len(misread) > 0 {
		view.Problem = sp.misread(misread[0])
		view.Chosen = append(view.Chosen, sp.withoutMisread(asked, misread)...)
	}
	if v.Found.Meant != "" {
		other := q
		other.Text = v.Found.Meant
		view.Meant = &Meant{Text: other.Text, Path: searchFor(other), HTML: template.HTML(v.Found.MeantHTML)} // the tags service escapes it
	}
	switch {
	case !view.Asked:
		view.Examples = sp.examples(v)
	case len(view.Posts) == 0 && view.Problem == nil:
		view.Instead = sp.instead(v)
	case len(view.Posts) > 0 && (q.Order != "" || sp.ranked(v.Found)):
		view.Orders = sp.orders(q)
	}
	view.Frame = f
	return t.execute("search", view)
}

func form(q page.Search) Form {
	return Form{
		Action: searchPath, Suggest: page.SuggestPath, Text: q.Text, Tags: q.Tags, Without: q.Without, Any: q.Any, Authors: q.Authors,
		Languages: q.Languages, Since: q.Since, Until: q.Until, Order: q.Order,
	}
}

// sought says in a few words what a search looks for: its words, or else its tags,
// or else whatever it goes by.
func (sp *speaker) sought(v Search) string {
	with, without := sp.quoted(v.Tags), sp.quoted(v.Without)
	switch {
	case v.Search.Text != "":
		return sp.words.say("search-for", v.Search.Text)
	case with != "" && without != "":
		return sp.words.say("search-with-without", with, without)
	case with != "":
		return sp.words.say("search-with", with)
	case without != "":
		return sp.words.say("search-without", without)
	}
	if chosen := sp.chosen(v); len(chosen) > 0 {
		names := make([]string, len(chosen))
		for i, c := range chosen {
			names[i] = c.Name
		}
		return sp.words.say("search") + sp.words.say("colon") + strings.Join(names, ", ")
	}
	return sp.words.say("search")
}

// quoted are the names of tags as a sentence has them.
func (sp *speaker) quoted(list []page.Label) string {
	names := make([]string, len(list))
	for i, l := range list {
		names[i] = sp.words.say("quoted", l.Name)
	}
	return sp.words.join(names)
}

// instead are searches that ask for less than one that found nothing: its words
// without anything else, and each of its tags alone.
func (sp *speaker) instead(v Search) []Entry {
	var out []Entry
	q := v.Search
	if bare := (page.Search{Text: q.Text}); q.Text != "" && !bare.Equal(q) {
		out = append(out, Entry{Name: sp.words.say("search-for", q.Text), Path: searchFor(bare)})
	}
	if (page.Search{Tags: q.Tags}).Equal(q) && len(q.Tags) == 1 {
		return out
	}
	for _, l := range v.Tags {
		out = append(out, Entry{Name: sp.words.say("with", l.Name), Path: tagPath(l.Slug)})
	}
	return out
}

// chosen is all that a search goes by beside its words, each with the search without it.
func (sp *speaker) chosen(v Search) []Choice {
	var out []Choice
	add := func(name, hint string, rest page.Search, excluded bool) {
		out = append(out, Choice{Name: name, Path: searchFor(rest), Hint: hint, Excluded: excluded, Active: true})
	}
	for _, l := range v.Tags {
		rest := v.Search
		rest.Tags = except(rest.Tags, l.Slug)
		add(l.Name, sp.words.say("remove", l.Name), rest, false)
	}
	for _, l := range v.Any {
		rest := v.Search
		rest.Any = except(rest.Any, l.Slug)
		name := sp.words.say("any-of", l.Name)
		add(name, sp.words.say("remove", name), rest, false)
	}
	for _, l := range v.Without {
		rest := v.Search
		rest.Without = except(rest.Without, l.Slug)
		add(l.Name, sp.words.say("remove-excluded", l.Name), rest, true)
	}
	for _, l := range v.Authors {
		rest := v.Search
		rest.Authors = except(rest.Authors, l.Slug)
		add(l.Name, sp.words.say("remove", l.Name), rest, false)
	}
	for _, tag := range v.Search.Languages {
		rest := v.Search
		rest.Languages = except(rest.Languages, tag)
		name := sp.languageName(tag)
		add(name, sp.words.say("remove", name), rest, false)
	}
	if name := sp.period(v.Search); name != "" {
		rest := v.Search
		rest.Since, rest.Until = "", ""
		add(name, sp.words.say("remove", name), rest, false)
	}
	return out
}

// period says in a few words when a search wants posts to be of; empty: whenever.
func (sp *speaker) period(q page.Search) string {
	year, isYear := yearOf(q)
	switch {
	case isYear:
		return sp.words.year(year)
	case q.Since != "" && q.Until != "":
		return sp.words.say("between", q.Since, q.Until)
	case q.Since != "":
		return sp.words.say("since", q.Since)
	case q.Until != "":
		return sp.words.say("before", q.Until)
	}
	return ""
}

// yearOf is the year that a search wants posts to be of, if it is one.
func yearOf(q page.Search) (int, bool) {
	year, err := strconv.Atoi(q.Since)
	return year, err == nil && len(q.Since) == 4 && q.Until == yearText(year+1)
}

func yearText(year int) string {
	text := strconv.Itoa(year)
	return strings.Repeat("0", max(0, 4-len(text))) + text
}

// languageName is what the page calls a language.
func (sp *speaker) languageName(text string) string {
	tag := parseTag(text)
	if tag == language.Und {
		return text
	}
	if names := display.Tags(sp.words.tag); names != nil {
		if name := names.Name(tag); name != "" {
			return name
		}
	}
	return display.Self.Name(tag)
}

// narrower are the tags of the posts found, each with the search for it too. What all of
// them have, be it that the query asks for it in its own words, is no choice: with it
// nothing changes, and without it nothing is left.
func (sp *speaker) narrower(v Search) []Choice {
	var out []Choice
	for _, l := range v.Found.Facets {
		if slices.Contains(v.Search.Tags, l.Slug) || v.Found.Total > 0 && l.Count >= v.Found.Total {
			continue
		}
		more, less := v.Search, v.Search
		more.Tags = append(slices.Clone(more.Tags), l.Slug)
		less.Without = append(slices.Clone(less.Without), l.Slug)
		out = append(out, Choice{
			Name: l.Name, Path: searchFor(more), Number: sp.words.number(l.Count), Hint: sp.words.say("with", l.Name),
			Without: searchFor(less), WithoutHint: sp.words.say("without", l.Name),
		})
	}
	return out
}

// facets are what the posts found can be told apart by. What leaves nothing to
// choose, since all posts found have it, is left out, unless it was chosen.
func (sp *speaker) facets(v Search) []Facet {
	if v.Search.Empty() {
		return nil
	}
	q := v.Search
	var tags []Choice
	for _, c := range sp.chosen(Search{Search: q, Tags: v.Tags, Without: v.Without, Any: v.Any}) {
		if c.Active && len(tags) < len(v.Tags)+len(v.Without)+len(v.Any) {
			tags = append(tags, c)
		}
	}
	authors := sp.values(v.Found.Authors, v.Found.Total, func(f page.Facet) (string, page.Search, page.Search, bool) {
		with, rest := q, q
		with.Authors, rest.Authors = []string{f.Value}, except(q.Authors, f.Value)
		return f.Name, with, rest, slices.Contains(q.Authors, f.Value)
	})
	years := sp.values(v.Found.Years, v.Found.Total, func(f page.Facet) (string, page.Search, page.Search, bool) {
		year, err := strconv.Atoi(f.Value)
		with, rest := q, q
		with.Since, with.Until = f.Value, yearText(year+1)
		rest.Since, rest.Until = "", ""
		of, is := yearOf(q)
		if err != nil {
			return f.Value, q, q, false
		}
		return sp.words.year(year), with, rest, is && of == year
	})
	languages := sp.values(v.Found.Languages, v.Found.Total, func(f page.Facet) (string, page.Search, page.Search, bool) {
		with, rest := q, q
		with.Languages, rest.Languages = []string{f.Value}, except(q.Languages, f.Value)
		return sp.languageName(f.Value), with, rest, slices.Contains(q.Languages, f.Value)
	})
	var out []Facet
	for _, f := range []Facet{
		{Kind: "tags", Name: sp.words.say("facet-tags"), Choices: append(tags, sp.narrower(v)...)},
		{Kind: "authors", Name: sp.words.say("facet-authors"), Choices: authors},
		{Kind: "years", Name: sp.words.say("facet-years"), Choices: years},
		{Kind: "languages", Name: sp.words.say("facet-languages"), Choices: languages},
	} {
		if len(f.Choices) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// values are the choices of one facet: of says what a value is called, the search
// for it, the one without it, and whether it holds already.
func (sp *speaker) values(list []page.Facet, total int, of func(page.Facet) (name string, with, rest page.Search, active bool)) []Choice {
	var out []Choice
	for _, f := range list {
		name, with, rest, active := of(f)
		c := Choice{Name: name, Path: searchFor(with), Number: sp.words.number(f.Count), Hint: sp.words.say("with", name)}
		if active {
			c.Active, c.Path, c.Hint = true, searchFor(rest), sp.words.say("remove", name)
		}
		if active || f.Count < total {
			out = append(out, c)
		}
	}
	return out
}

// ranked tells whether words were looked for: then they are marked somewhere. What a
// query of fields alone finds has one order only.
func (sp *speaker) ranked(found page.Found) bool {
	for _, m := range found.Marks {
		if strings.Contains(m.Title, "<mark>") || strings.Contains(m.Snippet, "<mark>") {
			return true
		}
	}
	return false
}

// orders are the ways to sort what words find.
func (sp *speaker) orders(q page.Search) []Choice {
	best, newest := q, q
	best.Order, newest.Order = "", page.OrderNewest
	return []Choice{
		{Name: sp.words.say("order-best"), Path: searchFor(best), Active: q.Order != page.OrderNewest},
		{Name: sp.words.say("order-newest"), Path: searchFor(newest), Active: q.Order == page.OrderNewest},
	}
}

// examples are made of what the site has: each finds something.
func (sp *speaker) examples(v Search) []Example {
	var out []Example
	add := func(text, hint string) {
		out = append(out, Example{Text: text, Path: searchFor(page.Search{Text: text}), Hint: hint})
	}
	if words := strings.Fields(v.Title); len(words) > 1 {
		phrase := strings.Map(func(r rune) rune {
			if strings.ContainsRune("\"“”«»„", r) {
				return -1
			}
			return r
		}, strings.Join(beginning(words), " "))
		phrase = strings.TrimFunc(phrase, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSpace(r) }) // a sentence that was cut
		if phrase != "" {
			add(`"`+phrase+`"`, sp.words.say("example-phrase"))
		}
	}
	field := sp.words.say("query-tag")
	for i, l := range v.Found.Facets[:min(2, len(v.Found.Facets))] {
		if i == 0 {
			add(field+":"+l.Slug, sp.words.say("search-with", sp.words.say("quoted", l.Name)))
			continue
		}
		first := v.Found.Facets[0]
		add(field+":"+first.Slug+" -"+field+":"+l.Slug, sp.words.say("search-with-without", sp.words.say("quoted", first.Name), sp.words.say("quoted", l.Name)))
	}
	return out
}
