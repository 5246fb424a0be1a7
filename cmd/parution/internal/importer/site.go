package importer

import (
	"context"
	"time"
)

// Site is where posts go. Safe for concurrent use. An error whose fault kind
// says that the value is at fault (invalid, malformed, too large, conflict) refuses
// that one post or file, and the import goes on; any other ends it.
type Site interface {
	// Post writes the post with that external id, or changes the one that is
	// there, or finds that it is the same.
	Post(ctx context.Context, p Post) (Outcome, error)
	// Media keeps a file by its content and answers with its address on the
	// site, and whether it was there before. The name is that of the file.
	Media(ctx context.Context, name string, content []byte) (address string, existed bool, err error)
}

// Outcome is what became of a post.
type Outcome uint8

// The outcomes.
const (
	Created Outcome = iota
	Updated
	Unchanged
)

// Post is a post as the site takes it. All within the limits of the contract.
type Post struct {
	// ExternalID names the post in its source: "jekyll:_posts/2019-05-01-a.md".
	ExternalID string
	// Slug is unique among the posts of one import.
	Slug  string
	Title string
	Body  string
	// Format is "markdown" or "html".
	Format string
	// Language is a tag such as "fr"; empty: the site's.
	Language string
	// Excerpt is plain text; empty: derived from the body.
	Excerpt string
	// Image is the address of the cover, and ImageAlt its description.
	Image    string
	ImageAlt string
	// ImageCaption is shown below the cover, as plain text.
	ImageCaption string `json:",omitempty"`
	// TranslationKey is the same for a post and its translations; empty: it has none.
	TranslationKey string `json:",omitempty"`
	// Tags and Authors are names as written, each once.
	Tags    []string
	Authors []string
	// Aliases are old paths, unescaped, each in one post only.
	Aliases  []string
	Featured bool
	// Published tells a post from a draft.
	Published bool
	// PublishedAt is the date that readers see; zero if a draft has none.
	PublishedAt time.Time
	// DateGuessed says that PublishedAt is only the time of the file: a post that
	// is there already keeps its date, since copying a file changes its time.
	DateGuessed bool
}

// The limits of the contract, which refuse here already what no site takes.
const (
	maxBodyBytes   = 1 << 20
	maxMediaBytes  = 25 << 20
	maxTitleChars  = 300
	maxTags        = 30
	maxTagChars    = 60
	maxAuthors     = 20
	maxAuthorChars = 100
	maxTextChars   = 1000 // of excerpts and descriptions
	maxCaption     = 500
	maxKeyChars    = 200
	maxAliases     = 20
	maxIDBytes     = 500
	maxAddress     = 2000
	maxNesting     = 100
	// A file may hold front matter and Liquid besides the body.
	maxFileBytes = 4 << 20
)
