package document

import (
	"net/url"
	"strings"

	"github.com/parution/parution/chassis/slug"
)

// schemes says which addresses an attribute may hold; relative ones always.
type schemes uint8

const (
	secureSchemes schemes = iota // https
	webSchemes                   // http and https
	linkSchemes                  // http, https and mailto
)

func (s schemes) allow(scheme string) bool {
	switch scheme {
	case "https":
		return true
	case "http":
		return s >= webSchemes
	case "mailto":
		return s >= linkSchemes
	}
	return false
}

// cleanURL gives an address as a browser will understand it, if it may be
// used. raw has been unescaped. Browsers drop controls and outer spaces, read
// "\" as "/", and take what stands before a colon for a scheme; so do we,
// before we look at the scheme. An address of another host without scheme
// becomes one with https.
func cleanURL(raw string, allowed schemes) (string, bool) {
	s := strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return -1
		case isInvisible(r):
			return -1
		}
		return r
	}, raw)
	s = strings.TrimSpace(s)
	if s == "" {
		return "", false
	}
	s = strings.ReplaceAll(s, " ", "%20")
	path, after := s, ""
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		path, after = s[:i], s[i:]
	}
	if scheme, rest, found := strings.Cut(path, ":"); found && !strings.ContainsAny(scheme, `/\`) {
		scheme = strings.ToLower(scheme)
		if !allowed.allow(scheme) {
			return "", false
		}
		if scheme == "mailto" {
			return scheme + ":" + rest + after, rest != ""
		}
		rest = strings.ReplaceAll(rest, `\`, "/")
		if !strings.HasPrefix(rest, "//") || strings.TrimLeft(rest, "/") == "" {
			return "", false // "https:x" is relative to some, absolute to others
		}
		return scheme + "://" + strings.TrimLeft(rest, "/") + after, true
	}
	path = strings.ReplaceAll(path, `\`, "/")
	if strings.HasPrefix(path, "//") {
		host := strings.TrimLeft(path, "/")
		return "https://" + host + after, host != ""
	}
	return path + after, true
}

// isInvisible tells characters that show nothing, or turn the reading
// direction, from others.
func isInvisible(r rune) bool {
	return r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff
}

// isOutside tells whether a clean address leads to another host.
func (s *sanitiser) isOutside(href string) bool { return isOutside(href, s.host) }

func isOutside(href, own string) bool {
	_, rest, absolute := strings.Cut(href, "://")
	if !absolute || strings.HasPrefix(href, "mailto:") || strings.ContainsAny(href[:len(href)-len(rest)-3], "/?#") {
		return false
	}
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	return own == "" || !strings.EqualFold(host, own)
}

// withinSite is a clean address of the site's own without scheme and host, so
// that it holds on every host and by every scheme that leads to the site.
func withinSite(href string) string {
	scheme, rest, absolute := strings.Cut(href, "://")
	if !absolute || strings.ContainsAny(scheme, "/?#") {
		return href
	}
	i := strings.IndexAny(rest, "/?#")
	if i < 0 {
		return "/"
	}
	// Two slashes would begin the name of another host.
	return "/" + strings.TrimLeft(rest[i:], "/")
}

// OwnImage is the address of an image as a page of the site at baseURL can show
// it; false if there is none, or if it is on another host.
func OwnImage(address, baseURL string) (string, bool) {
	src, ok := cleanURL(address, webSchemes)
	if !ok || isOutside(src, hostOf(baseURL)) {
		return "", false
	}
	return withinSite(src), true
}

// idPrefix keeps the ids of authors apart from those of the page, and from the
// names that scripts find things by.
const idPrefix = "user-"

// identifier makes an id of v, without prefix: v itself if it needs no escaping
// anywhere, else its slug.
func identifier(v string) string {
	v = strings.TrimPrefix(v, idPrefix)
	plain := len(v) <= slug.MaxBytes
	for _, c := range []byte(v) {
		plain = plain && (isAlphanumeric(c) || c == '-' || c == '_' || c == ':' || c == '.')
	}
	if plain {
		return v
	}
	return slug.Make(v)
}

// target is the id that a fragment means, "" for the top of the page.
func target(fragment string) string {
	if plain, err := url.PathUnescape(fragment); err == nil {
		fragment = plain
	}
	return identifier(fragment)
}
