// Package site holds the rules of a publication: its settings and the host
// names that it answers to.
package site

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/language"

	"github.com/parution/parution/chassis/fault"
)

// FirstID is the id of the site that an installation begins with.
const FirstID = "main"

// AnyHost stands for every host that no other site has.
const AnyHost = "*"

const (
	maxTitle        = 200
	maxDescription  = 1000
	maxLinks        = 20
	maxLinkName     = 60
	maxHosts        = 20
	maxPostsPerPage = 100
	defaultPerPage  = 10
)

// Link is a place where readers can follow the publication.
type Link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Settings are what the site's owner decides.
type Settings struct {
	Title        string
	Description  string
	Language     string // BCP 47
	TimeZone     string // IANA
	BaseURL      string // without a path and a final "/"; may be empty
	Links        []Link
	Hosts        []string // empty: every host that no other site has
	PostsPerPage int32
	Theme        string // empty: the default; render may not know it
}

// Site is a publication.
type Site struct {
	ID        string
	Version   int32
	Settings  Settings
	CreatedAt time.Time
	UpdatedAt time.Time
}

var validTheme = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

var validID = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$`)

// First is the site that an installation begins with.
func First(title, lang string, now time.Time) Site {
	return Site{ID: FirstID, Version: 1, CreatedAt: now, UpdatedAt: now, Settings: Settings{
		Title: title, Language: lang, TimeZone: "UTC", PostsPerPage: defaultPerPage,
	}}
}

// New makes a site of version 1. Faults: Invalid with the field.
func New(id string, s Settings, now time.Time) (Site, error) {
	if !validID.MatchString(id) {
		return Site{}, fault.Invalid("id", "must be 1 to 40 lower-case letters, digits and \"-\"")
	}
	if s.Language == "" {
		s.Language = "en"
	}
	if s.TimeZone == "" {
		s.TimeZone = "UTC"
	}
	if s.PostsPerPage == 0 {
		s.PostsPerPage = defaultPerPage
	}
	s, err := s.checked()
	if err != nil {
		return Site{}, err
	}
	return Site{ID: id, Version: 1, Settings: s, CreatedAt: now, UpdatedAt: now}, nil
}

// Update gives the site new settings; equal ones change nothing.
func (s *Site) Update(settings Settings, expected int32, now time.Time) (changed bool, err error) {
	if expected != 0 && expected != s.Version {
		return false, fault.Stale("the site is at version %d, not %d", s.Version, expected)
	}
	if settings, err = settings.checked(); err != nil {
		return false, err
	}
	if reflect.DeepEqual(settings, s.Settings) {
		return false, nil
	}
	s.Settings = settings
	s.Version++
	s.UpdatedAt = now
	return true, nil
}

// checked is the settings as they are kept, or what is wrong with them.
func (s Settings) checked() (Settings, error) {
	var bad []fault.Violation
	add := func(field, format string, args ...any) {
		bad = append(bad, fault.Violation{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	s.Title = strings.Join(strings.Fields(s.Title), " ")
	if n := utf8.RuneCountInString(s.Title); n == 0 || n > maxTitle {
		add("title", "has %d characters; must have 1 to %d", n, maxTitle)
	}
	if n := utf8.RuneCountInString(s.Description); n > maxDescription {
		add("description", "has %d characters; at most %d", n, maxDescription)
	}
	if tag, err := language.Parse(s.Language); err == nil {
		s.Language = tag.String()
	} else {
		add("language", "must be a language tag such as \"fr\"")
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" || s.TimeZone == "Local" {
		add("time_zone", "is not a time zone such as \"Europe/Paris\"")
	}
	s.BaseURL = strings.TrimSuffix(s.BaseURL, "/")
	if s.BaseURL != "" && !isOrigin(s.BaseURL) {
		add("base_url", "must be http(s)://host without a path")
	}
	if s.PostsPerPage < 1 || s.PostsPerPage > maxPostsPerPage {
		add("posts_per_page", "is %d; must be 1 to %d", s.PostsPerPage, maxPostsPerPage)
	}
	if s.Theme != "" && !validTheme.MatchString(s.Theme) {
		add("theme", "must be at most 40 lower-case letters, digits and \"-\"")
	}
	s.Hosts = checkHosts(s.Hosts, add)
	checkLinks(s.Links, add)
	if len(s.Links) == 0 {
		s.Links = nil
	}
	return s, fault.InvalidFields(bad...)
}

func checkLinks(links []Link, add func(field, format string, args ...any)) {
	if len(links) > maxLinks {
		add("social_links", "has %d entries; at most %d", len(links), maxLinks)
	}
	for i, l := range links {
		field := fmt.Sprintf("social_links[%d]", i)
		if n := utf8.RuneCountInString(l.Name); n == 0 || n > maxLinkName {
			add(field+".name", "has %d characters; must have 1 to %d", n, maxLinkName)
		}
		u, err := url.Parse(l.URL)
		if err != nil || u.Scheme != "mailto" && (u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			add(field+".url", "must begin with http://, https:// or mailto:")
		}
	}
}

func checkHosts(hosts []string, add func(field, format string, args ...any)) []string {
	if len(hosts) > maxHosts {
		add("hosts", "has %d entries; at most %d", len(hosts), maxHosts)
	}
	var out []string
	for i, h := range hosts {
		host, err := idna.Lookup.ToASCII(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(h)), "."))
		if err != nil || host == "" || strings.ContainsAny(host, ":/ *") {
			add(fmt.Sprintf("hosts[%d]", i), "is not a host name without a port")
			continue
		}
		out = append(out, host)
	}
	return out
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Path == "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
}

// HostNames are the names that keep sites apart.
func (s Site) HostNames() []string {
	if len(s.Settings.Hosts) == 0 {
		return []string{AnyHost}
	}
	return s.Settings.Hosts
}
