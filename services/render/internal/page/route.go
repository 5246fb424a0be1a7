package page

import (
	"cmp"
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
	// RouteAuthor lists the posts of an author.
	RouteAuthor
	// RouteArchive lists the months in which posts were published.
	RouteArchive
	// RoutePeriod lists the posts of a year or a month.
	RoutePeriod
	// RouteSearch is the search form, or what it finds.
	RouteSearch
	// RouteFeed is a feed of the site, of some tags, of an author or of a search.
	RouteFeed
	// RouteSitemap is the site map, or a part of one that has several.
	RouteSitemap
	// RouteRobots tells programs what they may read.
	RouteRobots
	// RouteOpenSearch tells browsers how to search the site.
	RouteOpenSearch
	// RouteMoved is another spelling of a page.
	RouteMoved
)

const (
	maxPath = 2048
	// maxTags is how many tags can be combined.
	maxTags = 10
	// maxNumber bounds the number of a page.
	maxNumber = 1_000_000
)

// The paths of pages that are there once.
const (
	tagsPath    = "/tags"
	authorsPath = "/authors"
	archivePath = "/archive"
	searchPath  = "/search"
	sitemapPath = "/sitemap.xml"
	sitemaps    = "/sitemaps/"
	robotsPath  = "/robots.txt"
)

// SuggestPath is where the gateway goes on from what is typed, and OpenSearchPath
// what tells browsers so.
const (
	SuggestPath    = "/search/suggest"
	OpenSearchPath = "/opensearch.xml"
)

// The last part of a feed's path, for each kind of feed.
const (
	FeedRSS  = "feed.xml"
	FeedAtom = "atom.xml"
	FeedJSON = "feed.json"
)

// Ask is what is asked for.
type Ask struct {
	// Path is decoded and begins with "/".
	Path string
	// Number is the page of ?page=n, 0 for none.
	Number int
	// Search is for the search and its feeds; elsewhere it means nothing.
	Search Search
	// AtLeast are versions of posts that the page must know of, for a search.
	AtLeast []Version
}

// Route is what an address asks for.
type Route struct {
	Kind RouteKind
	// Path is the address's path.
	Path string
	// Number is the page of a list, from 1, or the part of a site map: 0 is all of it.
	Number int
	// Tags are sorted slugs.
	Tags []string
	// Author is a slug.
	Author string
	Period Period
	// Search is canonical.
	Search Search
	// AtLeast are versions of posts that what a search finds must know of.
	AtLeast []Version
	// Feed is the last part of the path of a feed: of Tags, Author or Search, or
	// else of the site.
	Feed string
	// Location is where RouteMoved leads, escaped.
	Location string
}

// Keepable tells whether there are only so many such pages as there are posts
// and tags, so that storing them is bounded by what is published.
func (r Route) Keepable() bool {
	switch r.Kind {
	case RouteHome, RouteList, RouteAddress, RouteTags, RouteAuthor, RouteArchive, RoutePeriod, RouteSitemap, RouteRobots, RouteOpenSearch:
		return true
	case RouteTagged, RouteFeed:
		return len(r.Tags) <= 1 && r.Search.Empty()
	case RouteNone, RouteSearch, RouteMoved:
	}
	return false
}

// Address is the route's path with its query, escaped, at another page of it.
func (r Route) Address(number int) string {
	if !r.Search.Empty() {
		return Escape(r.Path) + r.Search.Query(number)
	}
	return Escape(r.Path) + query(number)
}

// Parse tells what is asked for. It faults with Invalid where a search asks for
// more than can be answered.
func Parse(ask Ask) (Route, error) {
	path, number := ask.Path, ask.Number
	if !strings.HasPrefix(path, "/") || len(path) > maxPath || !utf8.ValidString(path) || strings.ContainsRune(path, 0) {
		return Route{Kind: RouteNone, Path: path}, nil
	}
	if number < 0 { // no page at all: as if it were the first
		number = 1
	}
	if number > maxNumber {
		return Route{Kind: RouteNone, Path: path}, nil
	}
	list, feed := cutFeed(path)
	if list == searchPath {
		if err := ask.Search.Check(); err != nil {
			return Route{}, err
		}
		r := parseSearch(path, feed, ask.Search, number)
		r.AtLeast = ask.AtLeast
		return r, nil
	}
	if r, ok := parsePaged(path, list, feed, number); ok {
		return r, nil
	}
	if number != 0 {
		if path == "/" && number > 1 {
			return moved(path, "/page/"+strconv.Itoa(number)), nil
		}
		return moved(path, escape(path)), nil
	}
	return parseSingle(path), nil
}

// cutFeed is the path of the list whose feed path is, and the feed's file name;
// path and nothing if it is no feed. The site's feeds are those of "/".
func cutFeed(path string) (list, feed string) {
	cut := strings.LastIndexByte(path, '/')
	switch name := path[cut+1:]; name {
	case FeedRSS, FeedAtom, FeedJSON:
		return cmp.Or(path[:cut], "/"), name
	}
	return path, ""
}

// parsePaged is for what has pages by "?page=n".
func parsePaged(path, list, feed string, number int) (Route, bool) {
	switch {
	case list == "/" && feed != "":
		return paged(Route{Path: path, Feed: feed}, list, number), true
	case strings.HasPrefix(list, tagsPath+"/"):
		name := list[len(tagsPath)+1:]
		if !strings.Contains(name, "/") {
			return parseTagged(path, name, feed, number), true
		}
		// the pages of a tag as other publishing programs have them
		name, rest, _ := strings.Cut(name, "/page/")
		slugs, ok := tagSlugs(name)
		if n, isNumber := numberOf(rest); ok && isNumber && feed == "" && number == 0 && !strings.Contains(name, "/") {
			return moved(path, escape(TagsPath(slugs))+query(n)), true
		}
	case strings.HasPrefix(list, authorsPath+"/"):
		name := list[len(authorsPath)+1:]
		if s := slug.Make(name); s != "" && !strings.Contains(name, "/") {
			return paged(Route{Kind: RouteAuthor, Path: path, Author: s, Feed: feed}, AuthorPath(s), number), true
		}
	case strings.HasPrefix(path, archivePath+"/"):
		if p, ok := parsePeriod(path[len(archivePath)+1:]); ok {
			return paged(Route{Kind: RoutePeriod, Path: path, Period: p}, p.Path(), number), true
		}
	}
	return Route{}, false
}

// parseSingle is for what has no pages, or other addresses for them.
func parseSingle(path string) Route {
	switch path {
	case "/":
		return Route{Kind: RouteHome, Path: path, Number: 1}
	case tagsPath:
		return Route{Kind: RouteTags, Path: path}
	case archivePath:
		return Route{Kind: RouteArchive, Path: path}
	case sitemapPath:
		return Route{Kind: RouteSitemap, Path: path}
	case robotsPath:
		return Route{Kind: RouteRobots, Path: path}
	case OpenSearchPath:
		return Route{Kind: RouteOpenSearch, Path: path}
	}
	if rest, ok := strings.CutPrefix(path, "/page/"); ok {
		return parseList(path, rest)
	}
	if rest, ok := strings.CutPrefix(path, sitemaps); ok {
		name, isXML := strings.CutSuffix(rest, ".xml")
		if n, ok := numberOf(name); ok && isXML {
			return Route{Kind: RouteSitemap, Path: path, Number: n}
		}
	}
	return Route{Kind: RouteAddress, Path: path}
}

func numberOf(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1 && n <= maxNumber && strconv.Itoa(n) == text
}

func parseList(path, rest string) Route {
	n, ok := numberOf(rest)
	switch {
	case !ok:
		return Route{Kind: RouteAddress, Path: path} // an alias may look like this
	case n == 1:
		return moved(path, "/")
	}
	return Route{Kind: RouteList, Path: path, Number: n}
}

func parseTagged(path, list, feed string, number int) Route {
	slugs, ok := tagSlugs(list)
	if !ok {
		return Route{Kind: RouteNone, Path: path}
	}
	return paged(Route{Kind: RouteTagged, Path: path, Tags: slugs, Feed: feed}, TagsPath(slugs), number)
}

// tagSlugs are those that the last part of a path has; false if they are none, or
// too many.
func tagSlugs(list string) ([]string, bool) {
	var out []string
	for part := range strings.SplitSeq(list, "+") {
		s := slug.Make(part)
		if s == "" || len(out) == maxTags {
			return nil, false
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out), true
}

func parseSearch(path, feed string, asked Search, number int) Route {
	s := asked.Canonical()
	if feed != "" {
		s.Order, asked.Order = "", "" // a feed tells of the newest first
	}
	r := Route{Kind: RouteSearch, Path: path, Search: s, Feed: feed}
	switch {
	case s.Empty() && feed != "": // of a search for everything
		return moved(path, "/"+feed)
	case s.Empty() && number != 0:
		return moved(path, searchPath)
	case number == 1 || !s.Equal(asked):
		return moved(path, r.Address(number))
	}
	return paged(r, searchPath, number)
}

// paged completes a route of a list whose own path is wanted, or of a feed of it.
func paged(r Route, wanted string, number int) Route {
	if r.Feed != "" {
		r.Kind = RouteFeed
		wanted = FeedOf(wanted, r.Feed)
	}
	if number == 1 || wanted != r.Path {
		return moved(r.Path, escape(wanted)+query(number))
	}
	r.Number = max(1, number)
	return r
}

// TagsPath is the path of the page of posts with all of some tags.
func TagsPath(slugs []string) string { return tagsPath + "/" + strings.Join(slugs, "+") }

// AuthorPath is the path of an author's page.
func AuthorPath(slug string) string { return authorsPath + "/" + slug }

// SitemapPath is the path of a part of the site map, or of all of it for 0.
func SitemapPath(number int) string {
	if number == 0 {
		return sitemapPath
	}
	return sitemaps + strconv.Itoa(number) + ".xml"
}

// FeedPath is the path of the RSS feed of some tags, or of the site.
func FeedPath(slugs []string) string {
	if len(slugs) == 0 {
		return FeedOf("/", FeedRSS)
	}
	return FeedOf(TagsPath(slugs), FeedRSS)
}

// FeedOf is the path of a feed of the list at a path, by the feed's file name;
// the list at "/" is the site's.
func FeedOf(list, name string) string { return strings.TrimSuffix(list, "/") + "/" + name }

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
