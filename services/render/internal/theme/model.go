package theme

import (
	"html/template"
	"slices"
)

// ModelVersion is that of the data that templates get: the exported fields and
// methods of the types in this file and of Words. It grows by one when something
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
	// Tags and Without are the slugs that the search has beside its words.
	Tags, Without []string
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

// HomeView is the first page.
type HomeView struct {
	Frame

	Posts    []Card
	Pager    *Pager
	Featured Strip
	// Tags are the most frequent ones, by name.
	Tags []Tag
}

// ListView is another page of the list of all posts.
type ListView struct {
	Frame

	Posts []Card
	Pager *Pager
}

// Choice is a tag of a list, with the address of the list without that tag, or with it.
type Choice struct {
	Name, Path string
	// Hint says what the link does.
	Hint string
	// Number is how many posts there would be, as people write it; may be empty.
	Number string
	// Excluded is a tag that posts must not carry.
	Excluded bool
	// Without is the address of the search for posts that do not carry the tag, and
	// WithoutHint what that link does; only among a search's narrower ones.
	Without, WithoutHint string
}

// TaggedView lists the posts that carry some tags.
type TaggedView struct {
	Frame

	Posts []Card
	Pager *Pager
	// Total says how many posts there are.
	Total string
	// Choices are the tags, each with the list without it; none for one tag.
	Choices []Choice
	Feeds   []Feed
}

// TagsView lists all tags.
type TagsView struct {
	Frame

	// Groups are by first letter.
	Groups []Group
	Total  string
}

// Group are the tags that begin with a letter.
type Group struct {
	Letter string
	Tags   []Tag
}

// PostView is the page of a post. T speaks the site's language, Post.T the post's.
type PostView struct {
	Frame

	Post Card
	// Standfirst is the author's own summary, shown before the text; may be empty.
	Standfirst string
	// Cover is the picture that the author chose, nil if the post has none.
	Cover *Picture
	// Caption is that of the cover.
	Caption string
	// Contents are the headings of a long post; none for a short one.
	Contents []Heading
	// Body is the sanitised text, the only HTML that a template gets.
	Body template.HTML
	// Newer and Older are the posts beside it in time; nil at the ends.
	Newer, Older *Card
	Related      []Card
	Translations []Translation
}

// Heading is an entry of a table of contents.
type Heading struct {
	// ID is that of the heading's element.
	ID, Text string
	Children []Heading
}

// Translation is the same post in another language.
type Translation struct {
	// Name is that of the language, in itself.
	Name string
	Lang Tongue
	Path string
	// Title is the translated post's.
	Title string
}

// ArchiveView lists years and months.
type ArchiveView struct {
	Frame

	Years []Year
	Total string
}

// Year is a year of the archive, newest first.
type Year struct {
	Name, Path string
	// Total says how many posts there are.
	Total  string
	Months []Month
}

// Month is a month of the archive.
type Month struct {
	// Name has its year.
	Name, Path string
	// Short is the month alone.
	Short string
	Count int
	Total string
	// Current is the month of the page.
	Current bool
}

// PeriodView lists the posts of a year or month.
type PeriodView struct {
	Frame

	Posts []Card
	Pager *Pager
	Total string
	// Year is the one that the period is, or is in.
	Year Year
}

// AuthorView lists the posts of an author.
type AuthorView struct {
	Frame

	Author Label
	Posts  []Card
	Pager  *Pager
	Total  string
	Feeds  []Feed
}

// SearchView shows what a search finds; without words or tags it is the form.
type SearchView struct {
	Frame

	// Asked is whether anything was searched for.
	Asked bool
	Posts []Card
	Pager *Pager
	Total string
	// Chosen are the tags that the search has, each with the search without it.
	Chosen []Choice
	// Narrower are tags of the posts found, each with the search for it too.
	Narrower []Choice
	Feeds    []Feed
}

// AbsentView is the page of an address where nothing is, or no more.
type AbsentView struct {
	Frame

	// Status is 404 or 410.
	Status int
	Lead   string
	Recent []Card
}

// kinds of page: each is a template of that name.
func kinds() []string {
	return slices.Clone([]string{"home", "list", "post", "tags", "tagged", "archive", "period", "author", "search", "absent"})
}
