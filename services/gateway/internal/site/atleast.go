package site

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/gateway/internal/cache"
)

// atLeast is the field by which a reader asks for a page that is no older than
// what it has seen: "id@version", several with commas.
const atLeast = "Parution-At-Least"

// maxAtLeast bounds the posts that one request names, maxIDBytes the id of each.
const (
	maxAtLeast = 16
	maxIDBytes = 64
)

// versionsOf reads the field; none without it. Faults: Malformed.
func versionsOf(h http.Header) ([]cache.Version, error) {
	var out []cache.Version
	for _, line := range h[atLeast] {
		for item := range strings.SplitSeq(line, ",") {
			id, text, ok := strings.Cut(strings.TrimSpace(item), "@")
			n, err := strconv.ParseInt(text, 10, 32)
			if !ok || !isID(id) || err != nil || n < 1 || text != strconv.FormatInt(n, 10) {
				return nil, fault.Malformed(atLeast, "is not a list of id@version with commas, such as 0197c5a0-…@7")
			}
			if len(out) == maxAtLeast {
				return nil, fault.Malformed(atLeast, "names more than %d posts", maxAtLeast)
			}
			out = append(out, cache.Version{Post: id, Version: int32(n)})
		}
	}
	return out, nil
}

func isID(s string) bool {
	return s != "" && len(s) <= maxIDBytes && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_'
	})
}
