package theme

import "html/template"

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
	// Active is one that holds already: the link takes it away.
	Active bool
	// Without is the address of the search for posts that do not carry the tag, and
	// WithoutHint what that link does; empty where that cannot be asked for.
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
	// Description is what one tag says of itself, safe HTML; may be empty.
	Description template.HTML
	// Swatch is the tag's own colour as #rrggbb; may be empty.
	Swatch string
	// Picture is the tag's; nil if it has none.
	Picture *Picture
	// Parents are the tags above, from the outermost; the crumbs have them too.
	Parents []Label
	// Children are the tags below that posts carry, by name.
	Children []Tag
	// Narrower are other tags of these posts, most frequent first, each with the list
	// of posts that carry it too; none while the index does not answer.
	Narrower []Choice
	Feeds    []Feed
}

// TagsView lists all tags.
type TagsView struct {
	Frame

	// Groups are by first letter.
	Groups []Group
	// Cloud are the most frequent tags, by name; none where Groups are few enough to be one.
	Cloud []Tag
	// Tree are the tags that have others below them, with these, and stand below none; by name.
	Tree  []Tag
	Total string
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
	// Name is that of the language, in itself; Label invites to read in it, in itself if
	// there is a catalogue for it: as a link's text.
	Name, Label string
	Lang        Tongue
	Path        string
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
	// Instead are searches that ask for less, where none was found: the words alone, each tag alone.
	Instead []Entry
	// Narrower are tags of the posts found, each with the search for it too; where
	// nothing was searched for, the site's most frequent tags.
	Narrower []Choice
	// Facets are by what else the posts found can be told apart: tags, authors, years and
	// languages; those with nothing to choose are left out.
	Facets []Facet
	// Orders are the ways to sort what was found; none where there is nothing to sort.
	Orders []Choice
	// Problem is why the query, a date or the order cannot be read; nil if they can.
	Problem *Problem
	// Meant is what was probably meant; nil if that is what was asked.
	Meant *Meant
	// Ignored are words that were not looked for, as they were typed.
	Ignored []string
	// Examples show what can be asked; only where nothing was searched for.
	Examples []Example
	Feeds    []Feed
}

// Facet is a property of posts with its values.
type Facet struct {
	// Kind is tags, authors, years or languages, Name its heading.
	Kind, Name string
	// Choices are the values, those that hold first, then the most frequent; years by time.
	Choices []Choice
}

// Problem is why a query cannot be read, and where: Before, At and After are the query in
// three parts, of which At is wrong; it is empty where something is missing.
type Problem struct {
	Message           string
	Before, At, After string
}

// Meant is another query, which finds something.
type Meant struct {
	Text, Path string
	// HTML is Text with the words that differ in mark elements.
	HTML template.HTML
}

// Example is a query that shows what can be asked.
type Example struct {
	Text, Path string
	// Hint says what it finds.
	Hint string
}

// AbsentView is the page of an address where nothing is, or no more.
type AbsentView struct {
	Frame

	// Status is 404 or 410.
	Status int
	Lead   string
	Recent []Card
}
