package page

import (
	"math/bits"
	"slices"
	"time"
)

// State is whether readers can see a post.
type State int32

// The states. The zero State is a post that no reader ever saw.
const (
	Hidden State = iota
	Public
	Gone
)

// Label is a tag or an author: the last part of an address, and a name.
type Label struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// Heading is an entry of a table of contents.
type Heading struct {
	Level    int       `json:"level"`
	ID       string    `json:"id"`
	Text     string    `json:"text"`
	Children []Heading `json:"children,omitempty"`
}

// Card is a post as lists show it.
type Card struct {
	ID, Site string
	Slug     string
	Title    string
	// Language is a BCP 47 tag.
	Language string
	// Excerpt is plain text: the author's, or derived from the body.
	Excerpt string
	// Image is the address of a picture for the post, ImageAlt what it shows; may be empty.
	Image, ImageAlt string
	Authors         []Label
	Tags            []Label
	// Hidden are slugs of tags that it carries and readers do not see.
	Hidden      []string
	PublishedAt time.Time
	// Minutes is the reading time, at least 1.
	Minutes int
	// UpdatedAt is the last change that a reader can see.
	UpdatedAt time.Time
}

// Path is the address of the post within its site, unescaped.
func (c Card) Path() string { return PostPath(c.Slug) }

// Doc is a post as render keeps it. A Doc that is not public has its id, site,
// version, state and addresses only.
type Doc struct {
	Card

	// Epoch and Version are those of the post that the Doc was made from.
	Epoch, Version int32
	State          State
	Featured       bool
	// Standfirst tells whether the author wrote the excerpt: then the post
	// shows it before its text.
	Standfirst bool
	// Cover tells whether the author chose Image; otherwise it is the first one
	// in the text.
	Cover bool
	// ImageCaption is shown below a cover.
	ImageCaption string
	// TranslationKey is shared by posts of a site that are translations of each
	// other; empty: none is known.
	TranslationKey string
	// EditedAt is when title, body, excerpt or cover last changed; zero: not known.
	EditedAt time.Time
	Words    int
	// HTML is the sanitised body.
	HTML     string
	Contents []Heading
	// Hash stands for HTML and Contents where these were not read.
	Hash string
	// Former are slugs that lead to the post's present one.
	Former []string
	// Aliases are old paths that lead to the post.
	Aliases []string
}

// Modified is when what readers can read of the post last changed: its text, or
// that it is there.
func (d *Doc) Modified() time.Time {
	if d.EditedAt.Before(d.PublishedAt) {
		return d.PublishedAt
	}
	return d.EditedAt
}

// AddressKind is how an address belongs to a post.
type AddressKind int32

// The kinds of address.
const (
	AddressPresent AddressKind = iota + 1
	AddressFormer
	AddressAlias
)

// Address is a path that belongs to a post.
type Address struct {
	Path string
	Kind AddressKind
}

// PostPath is the path of the post with a slug.
func PostPath(slug string) string { return "/posts/" + slug }

// Addresses lists the paths of the post, the present one first, each once. A
// hidden post has none.
func (d *Doc) Addresses() []Address {
	if d == nil || d.State == Hidden {
		return nil
	}
	list := make([]Address, 0, 1+len(d.Former)+len(d.Aliases))
	add := func(path string, kind AddressKind) {
		if !slices.ContainsFunc(list, func(a Address) bool { return a.Path == path }) {
			list = append(list, Address{Path: path, Kind: kind})
		}
	}
	if d.Slug != "" {
		add(PostPath(d.Slug), AddressPresent)
	}
	for _, slug := range d.Former {
		add(PostPath(slug), AddressFormer)
	}
	for _, path := range d.Aliases {
		add(Canonical(path), AddressAlias)
	}
	return list
}

// Owner is a post that has an address.
type Owner struct {
	PostID string
	// Slug is the post's present one.
	Slug  string
	Kind  AddressKind
	State State
}

// Resolve picks the owner who decides what is at an address: a public post
// that has it, then a public one that had it, then one that is gone. False: nothing
// is there. Slugs of posts that are gone may be given to others, so an address
// can have several owners.
func Resolve(owners []Owner) (Owner, bool) {
	var best Owner
	found := 0
	for _, o := range owners {
		rank := 0
		switch {
		case o.State == Public && o.Kind == AddressPresent:
			rank = 3
		case o.State == Public:
			rank = 2
		case o.State == Gone:
			rank = 1
		}
		// Ids grow with time: of two that once had the address the newer wins.
		if rank > found || rank == found && rank > 0 && o.PostID > best.PostID {
			best, found = o, rank
		}
	}
	return best, found > 0
}

// Weight is how much it says of two posts that both carry a tag of which there
// are count: the rarer, the more. It changes when count doubles or halves, and not
// with each post, so that few pages become old by it.
func Weight(count int) float64 {
	return 1 / float64(bits.Len(uint(max(1, count))))
}

// Translation is a public post that says the same in another language.
type Translation struct {
	Language string
	// Path is the post's, unescaped.
	Path  string
	Title string
}

// Selection says which public posts a list shows; the zero value is all. At
// most one of its fields is set.
type Selection struct {
	// Tags are slugs: posts that carry all of them.
	Tags []string
	// Featured is only featured posts.
	Featured bool
	// Author is the slug of who wrote them.
	Author string
	// From and Until bound when they were published: From is within.
	From, Until time.Time
}

// Place is where a post is in a list: by when it was published, then by its id.
type Place struct {
	PostID string
	At     time.Time
}

// Located is an address of the site map.
type Located struct {
	// Path is unescaped.
	Path string
	// Modified is when what is there last changed; zero: nobody knows.
	Modified time.Time
	// Language and Translations are of posts: Translations has the post itself, too,
	// or nothing.
	Language     string
	Translations []Translation
}
