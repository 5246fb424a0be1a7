package entry

import (
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/slug"
)

// MaxSelected bounds the tags of a Selection.
const MaxSelected = 10

// Selection selects the posts of a site that carry all of its tags.
type Selection struct {
	site  string
	slugs []string
}

// Select reads one slug or name, or several joined by "+". Order and
// repetitions mean nothing. Faults: Invalid tags.
func Select(site, text string) (Selection, error) {
	s := Selection{site: site}
	for part := range strings.SplitSeq(text, "+") {
		name := slug.Make(part)
		if name == "" {
			return Selection{}, fault.Invalid("tags", `must be one tag or several joined by "+"`)
		}
		s.slugs = append(s.slugs, name)
		if len(s.slugs) > MaxSelected { // before sorting, so that the work is bounded too
			return Selection{}, fault.Invalid("tags", "has more than %d tags", MaxSelected)
		}
	}
	slices.Sort(s.slugs)
	s.slugs = slices.Compact(s.slugs)
	return s, nil
}

// Site is whose posts are selected.
func (s Selection) Site() string { return s.site }

// Slugs are the tags, sorted, each once; never empty unless s is the zero Selection.
func (s Selection) Slugs() []string { return slices.Clone(s.slugs) }

// Place is an entry's place in a list, which goes from the newest to the oldest.
type Place struct {
	At time.Time
	ID string
}
