package theme

import (
	"html/template"
	"slices"
)

// ModelVersion is that of the data that templates get: the exported fields and
// methods of the types in the files model and model_pages, of Picture, Moment and Words. It grows by one when something
// that a template could use goes away or means something else; docs/themes.md
// names everything.
const ModelVersion = 1

// Tongue is a language where it changes: what lang and dir say. A Tongue is nil
// where the language is the same as around it.
type Tongue struct {
	// Tag is BCP 47; empty if nobody knows.
	Tag string
	// Dir is ltr or rtl.
	Dir string
}

// Frame is what every page has. T speaks the site's language.
type Frame struct {
	*Words

	// Kind is home, list, post, tags, tagged, archive, period, author, search or absent.
	Kind string
	// Lang is that of the page as a whole: of everything that does not say another.
	Lang Tongue
	Site SiteView
	Head Head
	// Heading is the page's own title, without the site's.
	Heading string
	// Navigation is the main one.
	Navigation []Entry
	// Crumbs lead from the first page to this one, which is the last of them; none on
	// the first page.
	Crumbs []Entry
	Follow Follow
	Live   Live
	// Colour is the theme's, from its theme.json: for browsers' frames.
	Colour Colour
	// Search is the form that looks for posts.
	Search Form
}

// SiteView is the publication.
type SiteView struct {
	Title, Description string
	// Lang is that of title and description; nil if it is the page's.
	Lang *Tongue
	// Path and URL are its first page's.
	Path, URL string
}

// Entry is a link of a navigation.
type Entry struct {
	Name, Path string
	// Current is the page itself.
	Current bool
}

// Follow is how to hear of new posts.
type Follow struct {
	// Feeds are those of the site: RSS, Atom and JSON.
	Feeds []Feed
	// Links are the site's, as its settings have them.
	Links []Profile
}

// Feed is a feed of the site or of a page.
type Feed struct {
	// Name is RSS, Atom or JSON Feed.
	Name string
	// Title says of what it is.
	Title string
	// Type is a media type.
	Type string
	Path string
	// Icon is a name that the function icon knows.
	Icon string
}

// Profile is a page of the publication elsewhere.
type Profile struct {
	Name, URL string
	// Icon is a name that the function icon knows, chosen by the address.
	Icon string
}

// Live are the texts that the script shows when something changes, in the page's language.
type Live struct {
	New, Edited, Gone, Show string
}

// Colour is a colour in both schemes, as #rrggbb; empty if the theme says none.
type Colour struct {
	Light string `json:"light"`
	Dark  string `json:"dark"`
}

// Form is the form that searches.
type Form struct {
	// Action is where it leads, by GET.
	Action string
	// Text is what was searched for.
	Text string
	// Tags, Without and Any are the slugs that the search has beside its words: that
	// posts must all carry, must not, and must carry one of.
	Tags, Without, Any []string
	// Authors are slugs, Languages BCP 47 tags; posts must have one of each.
	Authors, Languages []string
	// Since and Until bound the date, as yyyy, yyyy-mm or yyyy-mm-dd; empty: they do not.
	Since, Until string
	// Order is newest, or empty for the usual one.
	Order string
	// Suggest is the address that goes on from what is typed, by ?q=: it answers as
	// OpenSearch suggestions do.
	Suggest string
}

// Head is what the head of a page says to programs.
type Head struct {
	// Title is the page's with the site's.
	Title       string
	Description string
	// Canonical is the page's own address; empty: not for search engines.
	Canonical string
	// Robots is noindex or empty.
	Robots string
	// Prev and Next are addresses within a list, or empty.
	Prev, Next string
	// Alternates are the same page in other languages.
	Alternates []Alternate
	// Feeds are the page's own, then the site's.
	Feeds []Feed
	// OpenSearch is the address of the description by which browsers search the site.
	OpenSearch string
	// Meta are Open Graph's and its kin's.
	Meta []Meta
	// Data are documents of schema.org; in a script element of the type
	// application/ld+json each is written as JSON.
	Data []any
}

// Alternate is the same page in another language.
type Alternate struct {
	// Lang is a BCP 47 tag or x-default.
	Lang, URL string
}

// Meta is a meta element; either Property or Name is set.
type Meta struct {
	Property, Name, Content string
}

// Label is a tag or an author, with its page.
type Label struct {
	Name string
	// Path is empty if it has no page.
	Path string
	// After stands between an author and the next one: a comma, or "and"; empty after the last.
	After string
}

// Tag is a tag among others.
type Tag struct {
	Label

	// Count is how many posts carry it, Number the same as people write it.
	Count  int
	Number string
	// Hint says it in a sentence.
	Hint string
	// Weight is from 1, seldom, to 5, often: compared with the others.
	Weight int
	// Colour is the tag's own as #rrggbb; may be empty.
	Colour string
	// Children are the tags below, by name; only where the page shows them as a tree.
	Children []Tag
}

// Card is a post as lists show it. T speaks the post's language, or the page's if
// there is no catalogue for it.
type Card struct {
	*Words

	ID string
	// Version changes with everything that readers see of the post.
	Version string
	// Path is within the site, URL a whole address.
	Path, URL string
	Title     string
	Excerpt   string
	// Lang is that of title, excerpt and text, Speech that of dates and other
	// words around them; nil if it is the page's.
	Lang, Speech *Tongue
	Published    Moment
	// Updated is nil unless the text changed later than a day after it was published.
	Updated *Moment
	// Minutes is the reading time, as a text.
	Minutes string
	Authors []Label
	// Byline joins the authors' names.
	Byline string
	Tags   []Label
	// Picture is nil if the post has none.
	Picture *Picture
	// Level is that of its title among the headings of the page, 2 or 3.
	Level int
	// Marked is the title with what was searched for in mark elements, and Snippet the
	// passage that answers best; empty outside of searches.
	Marked, Snippet template.HTML
}

// Pager is the place of a page in a list.
type Pager struct {
	Number, Pages int
	// Prev and Next are addresses; empty at the ends.
	Prev, Next string
}

// shown leaves out a pager of one page.
func (p Pager) shown() *Pager {
	if p.Pages < 2 {
		return nil
	}
	return &p
}

// Strip is a row of posts to page through.
type Strip struct {
	Slides []Slide
}

// Slide is a post of a Strip.
type Slide struct {
	Card

	// ID is that of its element, Prev and Next of those beside it; empty at the ends.
	ID, Prev, Next string
	// Number is its place, from 1, among Total.
	Number, Total int
}

// kinds of page: each is a template of that name.
func kinds() []string {
	return slices.Clone([]string{"home", "list", "post", "tags", "tagged", "archive", "period", "author", "search", "absent"})
}
