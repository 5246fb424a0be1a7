package page

import "time"

// Month is a month of the archive, in the site's time zone.
type Month struct {
	Year  int
	Month time.Month
	// Count is how many public posts are of it, at least 1.
	Count int
}

// Search is what a reader looks for.
type Search struct {
	// Text is as it was typed.
	Text string
	// Tags and Without are slugs that posts must and must not carry.
	Tags, Without []string
}

// Found is what a search finds: one page of it.
type Found struct {
	Cards []Card
	// Total is how many posts are found, on all pages.
	Total int
	// Facets are the tags of the posts found, most frequent first, counted among these.
	Facets []Tagged
}
