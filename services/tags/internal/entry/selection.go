package entry

import (
	"slices"
	"strings"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/tags/internal/tag"
)

// MaxSelected bounds the tags of which posts must carry all.
const MaxSelected = 10

// Select reads the tags of which posts must carry all: one slug or name, or several
// joined by "+". It answers their addresses, sorted, each once. Faults: Invalid tags.
func Select(text string) ([]string, error) {
	var out []string
	for part := range strings.SplitSeq(text, "+") {
		address := tag.Address(part)
		if address == "" {
			return nil, fault.Invalid("tags", `must be one tag or several joined by "+"`)
		}
		out = append(out, address)
		if len(out) > MaxSelected { // before sorting, so that the work is bounded too
			return nil, fault.Invalid("tags", "has more than %d tags", MaxSelected)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
