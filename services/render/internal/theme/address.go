package theme

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/parution/parution/services/render/internal/page"
)

const searchPath = "/search"

func tagPath(slug string) string { return page.Escape(page.TagsPath([]string{slug})) }

func authorPath(slug string) string { return page.Escape("/authors/" + slug) }

func yearPath(year int) string { return fmt.Sprintf("/archive/%04d", year) }

func monthPath(year, month int) string { return fmt.Sprintf("/archive/%04d/%02d", year, month) }

// searchFor is the address of a search.
func searchFor(s page.Search) string {
	q := url.Values{}
	if s.Text != "" {
		q.Set("q", s.Text)
	}
	for _, slug := range sorted(s.Tags) {
		q.Add("tag", slug)
	}
	for _, slug := range sorted(s.Without) {
		q.Add("not", slug)
	}
	if len(q) == 0 {
		return searchPath
	}
	return searchPath + "?" + q.Encode()
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// except is list without one of its values.
func except(list []string, value string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == value })
}
