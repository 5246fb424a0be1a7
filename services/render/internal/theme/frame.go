package theme

import (
	"time"

	"golang.org/x/text/language"

	"github.com/parution/parution/chassis/typography"
	"github.com/parution/parution/services/render/internal/page"
)

// speaker makes the parts of one page: it knows the site and who speaks.
type speaker struct {
	theme *Theme
	site  *page.Site
	// words are the frame's, lang what the page as a whole is in.
	words *Words
	lang  Tongue
	zone  *time.Location
	// others speak the languages of posts, by tag.
	others map[string]*Words
}

func (t *Theme) speaker(s *page.Site) *speaker {
	zone := t.catalogues.zone(s.TimeZone)
	words, _ := t.catalogues.words(parseTag(s.Language), zone)
	return &speaker{theme: t, site: s, words: words, lang: newTongue(words.tag), zone: zone, others: make(map[string]*Words)}
}

// speak is who speaks a post's language, or the page's if nobody can.
func (sp *speaker) speak(tag language.Tag) *Words {
	if tag == sp.words.tag {
		return sp.words
	}
	name := tag.String()
	if w, ok := sp.others[name]; ok {
		return w
	}
	w, ok := sp.theme.catalogues.words(tag, sp.zone)
	if !ok {
		w = sp.words
	}
	sp.others[name] = w
	return w
}

// frame is what every page has. path is the page's own, escaped; empty for one
// that is nowhere. heading is empty on the first page.
func (sp *speaker) frame(kind, path, heading string) Frame {
	s, w := sp.site, sp.words
	f := Frame{
		Words: w, Kind: kind, Lang: sp.lang, Heading: heading,
		Site: SiteView{
			Title: typography.Text(s.Title, s.Language), Description: typography.Text(s.Description, s.Language),
			Lang: within(sp.lang, parseTag(s.Language)), Path: "/", URL: s.BaseURL + "/",
		},
		Follow: Follow{Feeds: feeds("/"+rssName, s.Title), Links: profiles(s.Links)},
		Live:   Live{New: w.say("live-new"), Edited: w.say("live-edited"), Gone: w.say("live-gone"), Show: w.say("live-show")},
		Search: form(page.Search{}), Colour: sp.theme.manifest.Colour,
	}
	for _, e := range []struct{ kind, path, key string }{
		{"home", "/", "home"}, {"tags", "/tags", "tags"}, {"archive", "/archive", "archive"}, {"search", searchPath, "search"},
	} {
		f.Navigation = append(f.Navigation, Entry{Name: w.say(e.key), Path: e.path, Current: e.kind == kind && e.path == path})
	}
	f.Head = Head{Description: f.Site.Description, Feeds: f.Follow.Feeds, Title: f.Site.Title, OpenSearch: page.OpenSearchPath}
	if heading != "" {
		f.Head.Title = heading + " – " + f.Site.Title
	}
	if path != "" {
		f.Head.Canonical = s.BaseURL + path
	}
	return f
}

// cards are posts in a list; level is that of their titles.
func (sp *speaker) cards(list []page.Card, level int) []Card {
	out := make([]Card, len(list))
	for i := range list {
		out[i] = sp.card(&list[i], level)
	}
	return out
}

// firstSeen is how many posts of a list readers see before they scroll.
const firstSeen = 2

// listing are the posts that a page is a list of.
func (sp *speaker) listing(list []page.Card, level int) []Card {
	out := sp.cards(list, level)
	for i := range out[:min(len(out), firstSeen)] {
		if p := out[i].Picture; p != nil {
			p.early = true
			break
		}
	}
	return out
}

func (sp *speaker) card(c *page.Card, level int) Card {
	tag := parseTag(c.Language)
	w := sp.speak(tag)
	path := page.Escape(c.Path())
	out := Card{
		Words: w, ID: c.ID, Version: w.stamp(c.UpdatedAt), Path: path, URL: sp.site.BaseURL + path,
		Title: typography.Text(c.Title, c.Language), Excerpt: typography.Text(c.Excerpt, c.Language),
		Lang: within(sp.lang, tag), Speech: within(sp.lang, w.tag), Published: w.moment(c.PublishedAt),
		Minutes: w.say("minutes", c.Minutes), Authors: labels(c.Authors, authorPath), Tags: labels(c.Tags, tagPath), Level: level,
	}
	names := make([]string, len(c.Authors))
	for i, a := range c.Authors {
		names[i] = a.Name
	}
	out.Byline = w.join(names)
	for i := range out.Authors[:max(0, len(out.Authors)-1)] {
		out.Authors[i].After = w.catalogue.List.Separator
		if i == len(out.Authors)-2 {
			out.Authors[i].After = w.catalogue.List.Last
		}
	}
	out.Picture = newPicture(sp.site.BaseURL, c.Image, typography.Text(c.ImageAlt, c.Language), out.Lang)
	return out
}

// one is a post beside a page; nil if there is none.
func (sp *speaker) one(c *page.Card) *Card {
	if c == nil {
		return nil
	}
	out := sp.card(c, 2)
	return &out
}

// labels are tags or authors with their pages.
func labels(list []page.Label, path func(slug string) string) []Label {
	out := make([]Label, len(list))
	for i, l := range list {
		out[i].Name = l.Name
		if l.Slug != "" {
			out[i].Path = path(l.Slug)
		}
	}
	return out
}
