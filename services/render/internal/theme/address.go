package theme

import (
	"fmt"
	"slices"

	"github.com/parution/parution/services/render/internal/page"
)

const searchPath = "/search"

func tagPath(slug string) string { return page.Escape(page.TagsPath([]string{slug})) }

func authorPath(slug string) string { return page.Escape("/authors/" + slug) }

func yearPath(year int) string { return fmt.Sprintf("/archive/%04d", year) }

func monthPath(year, month int) string { return fmt.Sprintf("/archive/%04d/%02d", year, month) }

// searchFor is the address of a search.
func searchFor(s page.Search) string { return page.SearchAddress(s) }

// except is list without one of its values.
func except(list []string, value string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == value })
}
