package page

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parution/parution/chassis/slug"
)

// RouteKind is a kind of page.
type RouteKind uint8

// The kinds of page.
const (
	// RouteNone is no page: not found.
	RouteNone RouteKind = iota
	// RouteHome is the first page of the list, with all else that a home has.
	RouteHome
	// RouteList is another page of the list.
	RouteList
	// RouteAddress is a path that a post may have.
	RouteAddress
	// RouteTags is the list of all tags.
	RouteTags
	// RouteTagged lists posts with all of some tags.
	RouteTagged
	// RouteFeed is the feed of the site, or of some tags.
	RouteFeed
	// RouteMoved is another spelling of a page.
	RouteMoved
)

const (
	maxPath = 2048
	// maxTags is how many tags can be combined.
	maxTags  = 10
	feedName = "/feed.xml"
)

// Route is what an address asks for.
type Route struct {
	Kind RouteKind
	// Path is the address's path.
	Path string
	// Number is the page of a list, from 1.
	Number int
	// Tags are sorted slugs; none in RouteFeed is the site's feed.
	Tags []string
	// Location is where RouteMoved leads, escaped.
	Location string
}

// Keepable tells whether there are only so many such pages as there are posts
// and tags, so that storing them is bounded by what is published.
func (r Route) Keepable() bool {
	switch r.Kind {
	case RouteHome, RouteList, RouteAddress, RouteTags:
		return true
	case RouteTagged, RouteFeed:
		return len(r.Tags) <= 1
	case RouteNone, RouteMoved:
	}
	return false
}

// Parse tells what path asks for; number is the page of ?page=n, 0 for none.
// path is decoded and begins with "/".
func Parse(path string, number int) Route {
	if !strings.HasPrefix(path, "/") || len(path) > maxPath || !utf8.ValidString(path) || strings.ContainsRune(path, 0) {
		return Route{Kind: RouteNone, Path: path}
	}
	if number < 0 { // no page at all: as if it were the first
		number = 1
	}
	if rest, ok := strings.CutPrefix(path, "/tags/"); ok {
		return parseTagged(path, rest, number)
	}
	if number != 0 {
		if path == "/" && number > 1 {
			return moved(path, "/page/"+strconv.Itoa(number))
		}
		return moved(path, escape(path))
	}
	switch path {
	case "/":
		return Route{Kind: RouteHome, Path: path, Number: 1}
	case "/tags":
		return Route{Kind: RouteTags, Path: path}
	case feedName:
		return Route{Kind: RouteFeed, Path: path}
	}
	if rest, ok := strings.CutPrefix(path, "/page/"); ok {
		return parseList(path, rest)
	}
	return Route{Kind: RouteAddress, Path: path}
}

func parseList(path, rest string) Route {
	n, err := strconv.Atoi(rest)
	switch {
	case err != nil || n < 1 || n > 1e6 || strconv.Itoa(n) != rest:
		return Route{Kind: RouteAddress, Path: path} // an alias may look like this
	case n == 1:
		return moved(path, "/")
	}
	return Route{Kind: RouteList, Path: path, Number: n}
}

func parseTagged(path, rest string, number int) Route {
	list, isFeed := strings.CutSuffix(rest, feedName)
	var slugs []string
	for part := range strings.SplitSeq(list, "+") {
		s := slug.Make(part)
		if s == "" || len(slugs) == maxTags {
			return Route{Kind: RouteNone, Path: path}
		}
		slugs = append(slugs, s)
	}
	slices.Sort(slugs)
	slugs = slices.Compact(slugs)
	wanted := TagsPath(slugs)
	if isFeed {
		wanted += feedName
	}
	switch {
	case isFeed && number != 0, number == 1:
		return moved(path, escape(wanted))
	case wanted != path:
		return moved(path, escape(wanted)+query(number))
	case isFeed:
		return Route{Kind: RouteFeed, Path: path, Tags: slugs}
	}
	return Route{Kind: RouteTagged, Path: path, Number: max(1, number), Tags: slugs}
}

// TagsPath is the path of the page of posts with all of some tags.
func TagsPath(slugs []string) string { return "/tags/" + strings.Join(slugs, "+") }

// FeedPath is the path of the feed of some tags, or of the site.
func FeedPath(slugs []string) string {
	if len(slugs) == 0 {
		return feedName
	}
	return TagsPath(slugs) + feedName
}

// Canonical is the one form of a path: without a slash at its end.
func Canonical(path string) string {
	if trimmed := strings.TrimRight(path, "/"); trimmed != "" {
		return trimmed
	}
	return "/"
}

func moved(path, location string) Route {
	return Route{Kind: RouteMoved, Path: path, Location: location}
}

func query(number int) string {
	if number < 2 {
		return ""
	}
	return "?page=" + strconv.Itoa(number)
}

// Escape is path as an address needs it. A path cannot become the address of
// another host: "//" at its beginning is one slash.
func Escape(path string) string { return escape(path) }

func escape(path string) string {
	return (&url.URL{Path: "/" + strings.TrimLeft(path, `/\`)}).EscapedPath()
}
