package page

import (
	"net"
	"net/url"
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
	// BaseURL begins absolute addresses, without a slash at its end; empty: see Base.
	BaseURL string
	// Host is the first of the hosts that only this site answers to; may be empty.
	Host         string
	Links        []Link
	PostsPerPage int
	// Theme is the name of the look that the site chose; empty: the default.
	Theme string
	// UpdatedAt is the last change that a reader can see.
	UpdatedAt time.Time
}

// TouchedBySite tells what changes for readers when a site's settings do. Old
// is nil for a new site. No keys: nothing that pages show.
func TouchedBySite(old, now *Site) Keys {
	if old != nil && old.Title == now.Title && old.Description == now.Description && old.Language == now.Language &&
		old.TimeZone == now.TimeZone && old.Base("") == now.Base("") && old.PostsPerPage == now.PostsPerPage &&
		slices.Equal(old.Links, now.Links) && old.Theme == now.Theme {
		return nil
	}
	return NewKeys(KeySite)
}

// Base begins the site's absolute addresses. installation is the address of the
// whole installation: a site that has a host but does not say more is there,
// by the same scheme and port; one without either has the installation's. s may
// be nil: a site that is not known yet.
func (s *Site) Base(installation string) string {
	switch {
	case s == nil:
		return installation
	case s.BaseURL != "":
		return s.BaseURL
	case s.Host == "":
		return installation
	}
	u, err := url.Parse(installation)
	if err != nil {
		return installation
	}
	host := s.Host
	if _, _, err := net.SplitHostPort(host); err != nil && u.Port() != "" {
		host = net.JoinHostPort(host, u.Port())
	}
	return (&url.URL{Scheme: u.Scheme, Host: host}).String()
}

// Zone is where the site's days begin and end: UTC if its time zone is unknown.
func (s *Site) Zone() *time.Location {
	if s == nil {
		return time.UTC
	}
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Absolute is the address of a path of the site. What is an address of its own
// already stays as it is.
func (s *Site) Absolute(path string) string {
	if path == "" || strings.Contains(path, "://") {
		return path
	}
	return s.BaseURL + "/" + strings.TrimPrefix(path, "/")
}
