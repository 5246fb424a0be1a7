package entry

import "github.com/parution/parution/services/tags/internal/search"

// Found is what a search finds.
type Found struct {
	// Posts are a part of those found, the best first.
	Posts []Entry
	// Next is the place of the last of these if more follow.
	Next *search.Place
	// Total is how many posts are found in all.
	Total int32
	// Facets are tags of all posts found, the most frequent first, counted among these.
	Facets []Count
}
