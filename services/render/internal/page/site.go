package page

import (
	"slices"
	"strings"
	"time"
)

// Link is an entry of "Follow us".
type Link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Site is a publication as pages show it.
type Site struct {
	ID          string
	Title       string
	Description string
	// Language is a BCP 47 tag.
	Language string
	// TimeZone is an IANA name; dates are shown in it.
	TimeZone string
	// BaseURL begins absolute addresses, without a slash at its end; empty: the installation's.
	BaseURL      string
	Links        []Link
	PostsPerPage int
	// UpdatedAt is the last change that a reader can see.
	UpdatedAt time.Time
}

// TouchedBySite tells what changes for readers when a site's settings do. Old
// is nil for a new site. No keys: nothing that pages show.
func TouchedBySite(old, now *Site) Keys {
	if old != nil && old.Title == now.Title && old.Description == now.Description && old.Language == now.Language &&
		old.TimeZone == now.TimeZone && old.BaseURL == now.BaseURL && old.PostsPerPage == now.PostsPerPage &&
		slices.Equal(old.Links, now.Links) {
		return nil
	}
	return NewKeys(KeySite)
}

// Absolute is the address of a path of the site. What is an address of its own
// already stays as it is.
func (s *Site) Absolute(path string) string {
	if path == "" || strings.Contains(path, "://") {
		return path
	}
	return s.BaseURL + "/" + strings.TrimPrefix(path, "/")
}
