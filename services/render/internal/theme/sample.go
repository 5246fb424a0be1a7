package theme

import (
	"fmt"
	"time"

	"github.com/parution/parution/chassis/picture"
	"github.com/parution/parution/services/render/internal/page"
)

// rehearse makes every kind of page of some sites that nobody has: full and empty,
// in each language and in one that nobody speaks here, with names that a template
// could trip over. What fails here would fail in front of readers.
func (t *Theme) rehearse() (map[string][]byte, error) {
	out := make(map[string][]byte)
	samples := map[string]*sample{
		"empty":              newSample("fr", "Titre", false),
		"right to left":      newSample("ar", "عدد ١", true),
		"of no language":     newSample("", `"><b>{{x}}</b>' --`, true),
		"empty, of no words": newSample("x-nobody", "", false),
	}
	for _, c := range t.catalogues.list {
		samples["in "+c.Language] = newSample(c.Language, "Plain – « text »", true)
	}
	for _, name := range sortedKeys(samples) {
		pages := samples[name].pages(t)
		for _, kind := range sortedKeys(pages) {
			body, err := pages[kind]()
			if err != nil {
				return nil, fmt.Errorf("rehearse a site %s: %w", name, err)
			}
			if err := allowed(body); err != nil {
				return nil, fmt.Errorf("rehearse page %s: %w", kind, err)
			}
			out[name+" "+kind] = body
		}
	}
	return out, nil
}

// sample is a site that nobody has.
type sample struct {
	site   *page.Site
	label  page.Label
	cards  []page.Card
	tags   []page.Tagged
	months []page.Month
	post   Post
	pager  Pager
}

// newSample is a site in a language where everything is named text, or one
// without anything.
func newSample(language, text string, full bool) *sample {
	at := time.Date(2018, time.February, 16, 9, 30, 0, 0, time.UTC)
	x := &sample{
		site:  &page.Site{ID: "sample", Title: text, Language: language, BaseURL: "https://sample.example", UpdatedAt: at},
		label: page.Label{Slug: "sample", Name: text},
		pager: Pager{Number: 1, Pages: 1},
	}
	bare := page.Card{ID: "bare", Slug: "bare", Title: text, Language: language, Minutes: 1, PublishedAt: at, UpdatedAt: at}
	x.post = Post{Doc: &page.Doc{Card: bare, State: page.Public, HTML: "<p>.</p>"}}
	if !full {
		return x
	}
	x.site.Description, x.site.TimeZone = text, "Europe/Paris"
	x.site.Links = []page.Link{{Name: text, URL: "https://social.example/@sample"}, {Name: text, URL: "mailto:a@sample.example"}}
	for _, host := range []string{"mastodon.social", "bsky.app", "github.com", "linkedin.com", "youtube.com", "instagram.com", "x.com", "facebook.com"} {
		x.site.Links = append(x.site.Links, page.Link{Name: text, URL: "https://" + host + "/sample"})
	}
	known := picture.Picture{Hash: "00112233445566778899aabbccddeeff", Width: 1600, Height: 1067, Ext: "jpg"}
	for i, language := range []string{language, "en-GB", "he"} {
		c := bare
		c.ID, c.Slug, c.Language, c.Excerpt, c.Minutes = fmt.Sprint("p", i), fmt.Sprint("p-", i), language, text, i+1
		c.Image, c.ImageAlt = []string{known.Path(), "https://pictures.example/a.jpg", ""}[i%3], []string{text, ""}[i%2]
		c.Authors, c.Tags = []page.Label{x.label, {Name: text}}, []page.Label{x.label, {Slug: "other", Name: text}}
		x.cards = append(x.cards, c)
	}
	x.tags = []page.Tagged{
		{Label: x.label, Count: 40, Colour: "#a01b2c"},
		{Label: page.Label{Slug: "one", Name: "One"}, Count: 1, Parent: "sample"},
		{Label: page.Label{Slug: "two", Name: text}, Count: 1, Parent: "one"},
	}
	x.months = []page.Month{{Year: 2018, Month: time.February, Count: 2}, {Year: 2017, Month: time.August, Count: 1}}
	x.pager = Pager{Number: 2, Pages: 3, Prev: "/", Next: "/page/3"}
	doc := &page.Doc{
		Card: x.cards[0], State: page.Public, Featured: true, Standfirst: true, Cover: true, ImageCaption: text,
		TranslationKey: "sample", EditedAt: at.AddDate(0, 1, 0), Words: 1200, HTML: "<p>Text.</p>",
	}
	for i := range 4 {
		id := fmt.Sprint("h", i)
		doc.Contents = append(doc.Contents, page.Heading{Level: 2, ID: id, Text: text, Children: []page.Heading{{Level: 3, ID: id + "-a", Text: text}}})
	}
	x.post = Post{
		Doc: doc, Newer: &x.cards[1], Older: &x.cards[2], Related: x.cards[1:],
		Translations: []page.Translation{{Language: "en-GB", Path: "/posts/p-2", Title: text}, {Language: "he", Path: "/posts/p-3", Title: text}},
	}
	return x
}

// pages makes the pages of the site, by kind; a kind can be there twice.
func (x *sample) pages(t *Theme) map[string]func() ([]byte, error) {
	s := x.site
	labels := []page.Label{x.label}
	var without []page.Label
	wanted := page.Search{}
	found := page.Found{Cards: x.cards, Total: len(x.cards), Facets: x.tags}
	var about *page.About
	if len(x.cards) > 0 {
		labels = append(labels, page.Label{Slug: "other", Name: x.label.Name})
		without = []page.Label{{Slug: "third", Name: x.label.Name}}
		wanted = page.Search{
			Text: x.label.Name, Tags: []string{"sample"}, Without: []string{"third"}, Any: []string{"sample"}, Authors: []string{"sample"},
			Languages: []string{"en-GB"}, Since: "2018", Until: "2019", Order: page.OrderNewest,
		}
		mark := page.Mark{Title: "<mark>Text</mark>", Snippet: "… a <mark>text</mark> &amp; …"}
		found.Marks = map[string]page.Mark{x.cards[0].ID: mark, x.cards[1].ID: mark}
		found.Authors, found.Languages = []page.Facet{{Value: "sample", Name: x.label.Name, Count: 2}}, []page.Facet{{Value: "en-GB", Count: 1}, {Value: "he", Count: 1}}
		found.Years, found.Ignored = []page.Facet{{Value: "2018", Name: "2018", Count: 2}}, []string{x.label.Name}
		found.Meant, found.MeantHTML = x.label.Name, "<mark>Text</mark>"
		about = &page.About{
			Description: "<p>Text.</p>", Summary: x.label.Name, Colour: "#a01b2c", Image: x.cards[0].Image, ImageAlt: x.label.Name,
			Parents: []page.Label{{Slug: "above", Name: x.label.Name}}, Children: x.tags[1:],
		}
	}
	unreadable := found
	unreadable.Cards, unreadable.Total, unreadable.Problem = nil, 0, &page.Problem{Offset: 1, Length: 2, Message: x.label.Name}
	return map[string]func() ([]byte, error){
		"home": func() ([]byte, error) {
			return t.Home(s, Home{Recent: x.cards, Featured: x.cards, Tags: x.tags, Pager: x.pager})
		},
		"list": func() ([]byte, error) { return t.List(s, "/page/2", x.cards, x.pager) },
		"post": func() ([]byte, error) { return t.Post(s, x.post) },
		"tags": func() ([]byte, error) { return t.Tags(s, x.tags) },
		"tagged": func() ([]byte, error) {
			return t.Tagged(s, "/tags/sample", Tagged{Tags: labels, Cards: x.cards, Total: len(x.cards), Pager: x.pager, Narrower: x.tags})
		},
		"tagged, one": func() ([]byte, error) {
			return t.Tagged(s, "/tags/sample", Tagged{Tags: labels[:1], About: about, Cards: x.cards, Total: len(x.cards), Pager: x.pager, Narrower: x.tags})
		},
		"archive": func() ([]byte, error) { return t.Archive(s, Archive{Months: x.months, Total: 3}) },
		"period": func() ([]byte, error) {
			return t.Period(s, "/archive/2018/02", Period{Year: 2018, Month: time.February, Cards: x.cards, Total: 2, Pager: x.pager, Months: x.months[:min(1, len(x.months))]})
		},
		"year": func() ([]byte, error) {
			return t.Period(s, "/archive/2018", Period{Year: 2018, Cards: x.cards, Total: 2, Pager: x.pager, Months: x.months[:min(1, len(x.months))]})
		},
		"author": func() ([]byte, error) {
			return t.Author(s, "/authors/sample", Author{Author: x.label, Cards: x.cards, Total: len(x.cards), Pager: x.pager})
		},
		"search": func() ([]byte, error) {
			return t.Search(s, "/search", Search{
				Search: wanted, Tags: labels[:len(wanted.Tags)], Without: without, Any: labels[:len(wanted.Any)], Authors: labels[:len(wanted.Authors)],
				Pager: x.pager, Feed: "/search/feed.xml?q=a", Found: found,
			})
		},
		"search, form": func() ([]byte, error) {
			return t.Search(s, "/search", Search{Found: page.Found{Facets: x.tags}, Pager: Pager{Number: 1, Pages: 1}, Title: x.site.Title + " " + x.site.Title})
		},
		"search, nothing": func() ([]byte, error) {
			return t.Search(s, "/search", Search{Search: wanted, Tags: labels[:len(wanted.Tags)], Pager: Pager{Number: 1, Pages: 1}})
		},
		"search, unreadable": func() ([]byte, error) {
			return t.Search(s, "/search", Search{Search: page.Search{Text: x.label.Name + `"`}, Pager: Pager{Number: 1, Pages: 1}, Found: unreadable})
		},
		"not found": func() ([]byte, error) { return t.NotFound(s, Absent{Recent: x.cards}) },
		"gone":      func() ([]byte, error) { return t.Gone(s, Absent{Recent: x.cards}) },
	}
}
