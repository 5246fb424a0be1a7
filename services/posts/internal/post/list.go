package post

import "time"

// Filter says which posts a list shows; empty fields let all through.
type Filter struct {
	Site, Status, Language string
	// Tags are slugs of which a post must have one.
	Tags []string
	// Author is a name or slug.
	Author   string
	Featured *bool
	// Before is the place of the last post of the page before; nil: the first page.
	Before *Place
	// Size is the most posts to list.
	Size int32
}

// Place is a post's place in a list, newest first.
type Place struct {
	At time.Time `json:"t"`
	ID string    `json:"i"`
}

// State is a post with the slugs that once led to it and the hash of what
// readers see of it, as it was told.
type State struct {
	Post       Snapshot
	Former     []string
	PublicHash []byte
}

// Due is a scheduled post whose moment has come.
type Due struct {
	ID, Site string
	At       time.Time
}
