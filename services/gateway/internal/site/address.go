package site

import (
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parution/parution/chassis/fault"
)

const (
	// maxPathBytes bounds a path: no page has a longer one.
	maxPathBytes = 2048
	// maxPage bounds a page number.
	maxPage = 100_000
	// maxParameters bounds the parameters of a query.
	maxParameters = 100
)

// canonical is the one form of a request's path. Where the request has another
// form, move is the path to go to instead, escaped; it always begins with one
// slash, so it never leads to another host. ok is false for what can be no page.
func canonical(u *url.URL) (name, move string, ok bool) {
	name = u.Path
	if len(name) > maxPathBytes || !strings.HasPrefix(name, "/") || !utf8.ValidString(name) || strings.ContainsFunc(name, forbidden) {
		return "", "", false
	}
	if strings.Contains(strings.ToLower(u.RawPath), "%2f") {
		return "", "", false // a slash that is none
	}
	clean := path.Clean(name)
	// RawPath is set where the request escapes other than we do.
	if clean == name && !strings.Contains(u.RawPath, "%") {
		return name, "", true
	}
	return clean, (&url.URL{Path: clean}).EscapedPath(), true
}

func forbidden(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }

// pageOf is the page of a paged listing that a query asks for, 0 for none. All
// other parameters are ignored: they must not make more pages to keep.
func pageOf(query string) (int32, error) {
	if query == "" {
		return 0, nil
	}
	if n := strings.Count(query, "&") + 1; n > maxParameters {
		return 0, tooManyParameters(n)
	}
	for query != "" {
		var item string
		item, query, _ = strings.Cut(query, "&")
		value, found := strings.CutPrefix(item, "page=")
		if !found {
			continue
		}
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil || n < 1 || n > maxPage || value != strconv.FormatInt(n, 10) {
			return 0, fault.NotFound("there is no such page")
		}
		return int32(n), nil
	}
	return 0, nil
}

func tooManyParameters(n int) error {
	return fault.Invalid("query", "has %d parameters; at most %d", n, maxParameters)
}

// target is where a redirect of a service leads, escaped; ok is false if that is
// not a path of this host.
func target(location string) (string, bool) {
	u, err := url.Parse(location)
	if err != nil {
		u = &url.URL{Path: location} // not escaped yet
	}
	escaped := u.EscapedPath()
	if u.Scheme != "" || u.Host != "" || !strings.HasPrefix(escaped, "/") || strings.HasPrefix(escaped, "//") || strings.HasPrefix(u.Path, `/\`) {
		return "", false
	}
	if u.RawQuery != "" {
		escaped += "?" + u.RawQuery
	}
	return escaped, true
}

func readOnly(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }
