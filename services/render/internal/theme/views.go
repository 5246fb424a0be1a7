package theme

import (
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/parution/parution/chassis/typography"
	"github.com/parution/parution/services/render/internal/page"
)

// maxContents is the deepest level of headings that a table of contents shows
// beside the text; fewest is how many it needs to be of use.
const (
	maxContents = 3
	fewest      = 3
)

// settled is how long after its publication a post may change without being
// called updated: in the first day authors mend slips.
const settled = 24 * time.Hour

// Home is the first page of a site.
type Home struct {
	Recent, Featured []page.Card
	Tags             []page.Tagged
	Pager            Pager
}

// Home makes the first page.
func (t *Theme) Home(s *page.Site, h Home) ([]byte, error) {
	sp := t.speaker(s)
	f := sp.frame("home", "/", "")
	if f.Head.Description == "" {
		f.Head.Description = sp.words.say("recent") + " – " + f.Site.Title
	}
	sp.describe(&f, "website", nil)
	f.locale("og:locale", parseTag(s.Language))
	sp.turns(&f, h.Pager)
	f.Head.Data = append(f.Head.Data, sp.website(&f))
	return t.execute("home", HomeView{
		Frame: f, Posts: sp.listing(h.Recent, 3), Pager: h.Pager.shown(),
		Featured: sp.strip(h.Featured), Tags: sp.cloud(h.Tags),
	})
}

func (sp *speaker) strip(list []page.Card) Strip {
	var out Strip
	id := func(n int) string {
		if n < 1 || n > len(list) {
			return ""
		}
		return "featured-" + strconv.Itoa(n)
	}
	for i := range list {
		n := i + 1
		out.Slides = append(out.Slides, Slide{Card: sp.card(&list[i], 3), ID: id(n), Prev: id(n - 1), Next: id(n + 1), Number: n, Total: len(list)})
	}
	return out
}

// turns says where the pages before and after one are.
func (sp *speaker) turns(f *Frame, p Pager) {
	f.Head.Prev, f.Head.Next = absolute(sp.site.BaseURL, p.Prev), absolute(sp.site.BaseURL, p.Next)
}

// numbered is a title of a page of a list.
func (sp *speaker) numbered(title string, p Pager) string {
	if p.Number < 2 {
		return title
	}
	return title + ", " + sp.words.say("page-of", p.Number, p.Pages)
}

// listed is the frame of a page that lists posts: about says in a few words what it
// lists. path has its query.
func (sp *speaker) listed(kind, path, title, about string, p Pager, between ...Entry) Frame {
	f := sp.frame(kind, path, title)
	f.Head.Title = sp.numbered(title, p) + " – " + f.Site.Title
	f.Head.Description = strings.TrimSuffix(sp.numbered(about, p)+" – "+f.Site.Title+". "+f.Site.Description, ". ")
	as := "website"
	if kind == "author" {
		as = "profile"
	}
	sp.describe(&f, as, nil)
	f.locale("og:locale", parseTag(sp.site.Language))
	sp.turns(&f, p)
	sp.trail(&f, path, between...)
	return f
}

// own adds the feeds of a page before those of the site.
func (f *Frame) own(list []Feed) []Feed {
	f.Head.Feeds = append(append([]Feed{}, list...), f.Head.Feeds...)
	return list
}

// List makes another page of the list of posts.
func (t *Theme) List(s *page.Site, path string, cards []page.Card, p Pager) ([]byte, error) {
	sp := t.speaker(s)
	f := sp.listed("list", path, sp.words.say("recent"), sp.words.say("recent"), p)
	return t.execute("list", ListView{Frame: f, Posts: sp.listing(cards, 2), Pager: p.shown()})
}

// Tagged is a page of posts that carry some tags.
type Tagged struct {
	Tags []page.Label
	// About is what the tag says of itself; nil of a combination.
	About *page.About
	// Narrower are other tags of these posts, most frequent first.
	Narrower []page.Tagged
	Cards    []page.Card
	Total    int
	Pager    Pager
}

// Tagged makes a page of posts that carry some tags.
func (t *Theme) Tagged(s *page.Site, path string, v Tagged) ([]byte, error) {
	sp := t.speaker(s)
	names, slugs := make([]string, len(v.Tags)), make([]string, len(v.Tags))
	for i, l := range v.Tags {
		names[i], slugs[i] = l.Name, l.Slug
	}
	heading := sp.words.join(names)
	total := sp.words.say("posts", v.Total)
	if v.Total == 0 {
		path = "" // there is no end of combinations that no post has: none is to be found
	}
	between := []Entry{{Name: sp.words.say("tags"), Path: "/tags"}}
	view := TaggedView{Posts: sp.listing(v.Cards, 2), Pager: v.Pager.shown(), Total: total}
	besides := v.Narrower
	if a := v.About; a != nil {
		view.Description, view.Swatch = template.HTML(a.Description), a.Colour // the document package made it from its allowlist
		view.Picture = newPicture(s.BaseURL, a.Image, typography.Text(a.ImageAlt, s.Language), nil)
		view.Parents, view.Children = labels(a.Parents, tagPath), sp.cloud(a.Children)
		besides = without(besides, a.Children) // they are shown as such
		for _, l := range view.Parents {
			between = append(between, Entry{Name: l.Name, Path: l.Path})
		}
	}
	view.Narrower = sp.combined(slugs, besides)
	view.Frame = sp.listed("tagged", path, heading, heading+", "+total, v.Pager, between...)
	if v.About != nil && v.About.Summary != "" {
		view.Head.Description = v.About.Summary
	}
	if len(v.Tags) > 1 {
		for i, l := range v.Tags {
			rest := append(append([]string{}, slugs[:i]...), slugs[i+1:]...)
			view.Choices = append(view.Choices, Choice{Path: page.Escape(page.TagsPath(rest)), Name: l.Name, Hint: sp.words.say("remove", l.Name), Active: true})
		}
	}
	view.Feeds = view.own(feeds(page.Escape(page.FeedPath(slugs)), sp.words.say("feed-of", heading, s.Title)))
	return t.execute("tagged", view)
}

// without are the tags of list that are none of others.
func without(list, others []page.Tagged) []page.Tagged {
	return slices.DeleteFunc(slices.Clone(list), func(t page.Tagged) bool {
		return slices.ContainsFunc(others, func(o page.Tagged) bool { return o.Slug == t.Slug })
	})
}

// combined are tags that posts with all of slugs carry too, each with the list of
// those that do, and the search for those that do not.
func (sp *speaker) combined(slugs []string, list []page.Tagged) []Choice {
	var out []Choice
	for _, l := range list {
		more := slices.Sorted(slices.Values(append(slices.Clone(slugs), l.Slug)))
		out = append(out, Choice{
			Name: l.Name, Path: page.Escape(page.TagsPath(more)), Number: sp.words.number(l.Count), Hint: sp.words.say("with", l.Name),
			Without: searchFor(page.Search{Tags: slugs, Without: []string{l.Slug}}), WithoutHint: sp.words.say("without", l.Name),
		})
	}
	return out
}

// maxCloud is how many tags a cloud shows.
const maxCloud = 60

// Tags makes the list of all tags, given most frequent first.
func (t *Theme) Tags(s *page.Site, tags []page.Tagged) ([]byte, error) {
	sp := t.speaker(s)
	f := sp.listed("tags", "/tags", sp.words.say("tags"), sp.words.say("all-tags"), Pager{})
	view := TagsView{Frame: f, Groups: groups(sp.cloud(tags)), Tree: sp.tree(tags), Total: sp.words.number(len(tags))}
	if len(tags) > 2*maxCloud { // most of a short list would be there twice
		view.Cloud = sp.cloud(tags[:maxCloud])
	}
	return t.execute("tags", view)
}

// Post is the page of a post.
type Post struct {
	Doc *page.Doc
	// Newer and Older are the posts published next to it; nil at the ends.
	Newer, Older *page.Card
	// Related are posts on the same subjects.
	Related []page.Card
	// Translations are the same post in other languages, by language.
	Translations []page.Translation
}

// Post makes the page of a post.
func (t *Theme) Post(s *page.Site, v Post) ([]byte, error) {
	sp, d := t.speaker(s), v.Doc
	c := sp.card(&d.Card, 1)
	if !d.EditedAt.IsZero() && d.EditedAt.Sub(d.PublishedAt) > settled {
		at := c.moment(d.EditedAt)
		c.Updated = &at
	}
	f := sp.frame("post", c.Path, c.Title)
	f.Head.Description = c.Excerpt
	sp.describe(&f, "article", c.Picture)
	sp.article(&f, d, &c)
	sp.alternates(&f, d, v.Translations)
	f.Head.Data = append(f.Head.Data, sp.posting(d, &c, c.Picture))
	sp.trail(&f, c.Path)
	view := PostView{
		Frame: f, Post: c, Contents: contents(d.Contents, d.Language), Newer: sp.one(v.Newer), Older: sp.one(v.Older),
		Related: sp.cards(v.Related, 3), Translations: sp.translations(v.Translations),
		Body: template.HTML(d.HTML), // the document package made it from its allowlist
	}
	if d.Standfirst {
		view.Standfirst = c.Excerpt
	}
	if d.Cover {
		view.Cover, view.Caption = c.Picture, typography.Text(d.ImageCaption, d.Language)
	}
	return t.execute("post", view)
}

func (sp *speaker) translations(list []page.Translation) []Translation {
	var out []Translation
	for _, l := range list {
		tag := parseTag(l.Language)
		name := display.Self.Name(tag)
		if name == "" || tag == language.Und {
			name = l.Title
		}
		label := name
		if w, ok := sp.theme.catalogues.words(tag, sp.zone); ok {
			label = w.say("read-in", name)
		}
		out = append(out, Translation{Name: name, Label: label, Lang: newTongue(tag), Path: page.Escape(l.Path), Title: typography.Text(l.Title, l.Language)})
	}
	return out
}

// contents is the part of a table of contents that is shown; none if there is
// little to choose from.
func contents(list []page.Heading, language string) []Heading {
	n := len(list)
	for _, h := range list {
		n += len(h.Children)
	}
	if n < fewest {
		return nil
	}
	return headings(list, language)
}

func headings(list []page.Heading, language string) []Heading {
	var out []Heading
	for _, h := range list {
		if h.Level <= maxContents {
			out = append(out, Heading{ID: h.ID, Text: typography.Text(h.Text, language), Children: headings(h.Children, language)})
		}
	}
	return out
}

// Absent is the page of an address where nothing is, or no more.
type Absent struct {
	// Recent are the newest posts, to go on from.
	Recent []page.Card
}

// NotFound makes the page of an address where nothing is; the same for all of them.
func (t *Theme) NotFound(s *page.Site, v Absent) ([]byte, error) {
	return t.absent(s, page.StatusNotFound, "not-found", v)
}

// Gone makes the page of an address where a post was.
func (t *Theme) Gone(s *page.Site, v Absent) ([]byte, error) {
	return t.absent(s, page.StatusGone, "gone", v)
}

func (t *Theme) absent(s *page.Site, status int, key string, v Absent) ([]byte, error) {
	sp := t.speaker(s)
	f := sp.frame("absent", "", sp.words.say(key))
	f.Head.Description = ""
	sp.describe(&f, "", nil)
	return t.execute("absent", AbsentView{Frame: f, Status: status, Lead: sp.words.say(key + "-lead"), Recent: sp.cards(v.Recent, 3)})
}
