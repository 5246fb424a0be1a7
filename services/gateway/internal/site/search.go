package site

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	"github.com/parution/parution/services/gateway/internal/cache"
	"github.com/parution/parution/services/gateway/internal/host"
)

// searchPath is where readers search; feeds of what they find are below.
const searchPath = "/search"

// tagsPath begins the paths of the posts that carry tags.
const tagsPath = "/tags/"

// typing is the header field of who asks while a search is being typed, pageStatus that
// of the answer with the status that the page has otherwise.
const (
	typing     = "Parution-Typing"
	pageStatus = "Parution-Status"
)

const (
	// maxSearchValue bounds each of what is searched for beside words, in characters. Of
	// too many words the page of the search says so, as of any query that cannot be read.
	maxSearchValue = 500
	// maxSearchTags bounds each list of what posts must have or must not have: tags,
	// authors, languages.
	maxSearchTags = 10
)

var (
	errLongSearch = errors.New("too long a text to search for")
	errManyTags   = errors.New("too many tags to search for")
)

// isSearch tells whether the query of a path says what is searched for.
func isSearch(path string) bool {
	rest, ok := strings.CutPrefix(path, searchPath)
	return ok && (rest == "" || rest == "/feed.xml" || rest == "/atom.xml" || rest == "/feed.json")
}

// combines tells whether a path is of posts that carry several tags: finding
// those takes as long as a search, and there are as many such pages as one likes.
func combines(path string) bool {
	tags, ok := strings.CutPrefix(path, tagsPath)
	return ok && strings.Contains(tags, "+")
}

// search answers what a search finds, when it is its turn. What a query asks for
// is not kept: there is no end of it.
func (s *Site) search(w http.ResponseWriter, r *http.Request, site host.Site, k cache.Key, wanted []cache.Version) {
	leave, err := s.searches.Enter(r.Context())
	if err != nil {
		s.refuse(w, r, site, err)
		return
	}
	defer leave()
	if r.Header.Get(typing) != "" && len(wanted) == 0 {
		s.meanwhile(w, r, site, k)
		return
	}
	s.load(w, r, site, k, wanted)
}

// meanwhile answers a script that asks while a search is being typed. That the query
// cannot be read so far is no error of the script's, which browsers would note as one:
// the answer is the page that says so, with its own status beside it.
func (s *Site) meanwhile(w http.ResponseWriter, r *http.Request, site host.Site, k cache.Key) {
	e, err := s.pages.Load(r.Context(), k)
	switch {
	case err != nil:
		s.refuse(w, r, site, err)
	case e.Status() == http.StatusBadRequest:
		w.Header().Set(pageStatus, strconv.Itoa(e.Status()))
		e.RespondAs(w, r, http.StatusOK)
	default:
		e.Respond(w, r)
	}
}

// searched is what a query searches for, in the form of cache.Key; empty if that
// is nothing: forms send what nobody has filled in.
func searched(query string) (string, error) {
	if n := strings.Count(query, "&") + 1; n > maxParameters {
		return "", tooManyParameters(n)
	}
	values, err := url.ParseQuery(query)
	_ = err // what cannot be read is as good as not there
	out := make(url.Values)
	for _, text := range values["q"] {
		if text = tidied(text); text != "" {
			out.Set("q", text)
			break
		}
	}
	for _, name := range []string{"since", "until", "order"} {
		text := tidied(values.Get(name))
		if utf8.RuneCountInString(text) > maxSearchValue {
			return "", errLongSearch
		}
		if text != "" {
			out.Set(name, text)
		}
	}
	for _, name := range []string{"tag", "not", "any", "author", "language"} {
		var tags []string
		for _, tag := range values[name] {
			if tag = tidied(tag); utf8.RuneCountInString(tag) > maxSearchValue {
				return "", errLongSearch
			}
			if tag != "" {
				tags = append(tags, tag)
			}
		}
		slices.Sort(tags)
		tags = slices.Compact(tags)
		if len(tags) > maxSearchTags {
			return "", errManyTags
		}
		if len(tags) > 0 {
			out[name] = tags
		}
	}
	if order := out.Get("order"); len(out) == 1 && (order == "best" || order == "newest") {
		return "", nil // nothing in some order
	}
	return out.Encode(), nil
}

// tidied is text without what nobody has typed.
func tidied(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	return strings.Join(strings.Fields(text), " ")
}

// searchOf is what a key searches for; nil for nothing.
func searchOf(k cache.Key) (*renderv1.Search, error) {
	if k.Search == "" {
		return nil, nil //nolint:nilnil // a page that is none of a search
	}
	v, err := url.ParseQuery(k.Search)
	if err != nil {
		return nil, err
	}
	return &renderv1.Search{
		Text: v.Get("q"), Tags: v["tag"], Without: v["not"], Any: v["any"], Authors: v["author"], Languages: v["language"],
		Since: v.Get("since"), Until: v.Get("until"), Order: v.Get("order"),
	}, nil
}
