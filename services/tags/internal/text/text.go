// Package text is the full text of published posts: which posts have which words,
// how well they answer, and the passage that shows it. Nothing of one site is in
// the index of another.
package text

import (
	"context"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/parution/parution/services/tags/internal/query"
)

// Position is a place in the notices of the tags service.
type Position struct {
	Epoch int32
	Pos   int64
}

// Source is what of a post is searched: plain text, without marks. It is also
// what snippets are cut from.
type Source struct {
	Title string `json:"title"`
	// Headings of the text.
	Headings []string `json:"headings,omitempty"`
	// Body is the text without its headings, paragraphs parted by line feeds; then
	// excerpt and captions. At most 256 KiB.
	Body string `json:"body"`
	// Labels are names and aliases of the tags that it is found under.
	Labels []string `json:"labels,omitempty"`
	// Authors are names.
	Authors []string `json:"authors,omitempty"`
}

// Document is a post as the index takes it.
type Document struct {
	// Number is the post's, the same in all replicas and for as long as it is known.
	Number uint32
	// Language is a BCP 47 tag.
	Language    string
	PublishedAt time.Time
	// Source is nil for a post that is to be removed.
	Source *Source
}

// Hit is a post that was found, and how well it answers.
type Hit struct {
	Number uint32
	Score  float64
}

// Index is the full text of one site. Safe for concurrent use; a change is found
// once Put has returned.
//
// A query goes through Refine before its terms are matched; what was found is shown by
// Cut; Improve says what was probably meant where little was found.
type Index interface {
	// Put writes documents, or removes them, and remembers the position as seen. Puts are
	// one after the other. An error may come for what an earlier one wrote.
	Put(documents []Document, at Position) error
	// Position is that of the last Put that survives the process: after a start, what has
	// to be put in again begins there. Zero: there is nothing.
	Position() (Position, error)
	// Match finds all posts that have the term, a query.Word or query.Phrase. Its
	// errors are ctx's and those of the disk. Where a phrase may be in a great many posts,
	// only the newest of these are looked at.
	Match(ctx context.Context, term query.Node) (*roaring.Bitmap, error)
	// Score orders those of within by how well they answer the terms, the best first,
	// and gives the best size of them. Of a great many it looks at the newest only. How
	// recent a post is counts already, a little.
	Score(ctx context.Context, terms []query.Node, within *roaring.Bitmap, size int) ([]Hit, error)
	// Complete lists words of the site that begin so, most frequent first, as they are
	// mostly written there: "resu" is completed to "résumé".
	Complete(ctx context.Context, start string, size int) ([]string, error)
	// Correct lists words of the site that are written nearly as word, the best first, as
	// they are mostly written there: none if word itself is a word of the site.
	Correct(ctx context.Context, word string, size int) ([]string, error)
	// Terms are the rare terms of a text, the most telling first, and how many posts
	// have each: what related posts and proposed tags are found by. Match finds the posts
	// by query.Word{Text: term.Text}.
	Terms(ctx context.Context, language string, s Source, size int) ([]Term, error)
	// Close ends it; what was put in is on disk. It opens again when it is used again.
	Close() error
}

// Term is a term of the index.
type Term struct {
	Text  string
	Posts int
}

// Passage shows what was found in a post, as safe HTML: everything is escaped, and what
// was looked for stands in <mark>.
type Passage struct {
	TitleHTML   string
	SnippetHTML string
}
