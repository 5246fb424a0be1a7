// Package tag holds the rules of tags: which names are one tag, what leads to it,
// where it stands among others, and what can be done to it as a whole.
package tag

import "github.com/parution/parution/chassis/slug"

// Key is the same for all names that are one tag: case, accents and forms of
// writing make no difference. Empty: no tag.
func Key(name string) string { return slug.Make(name) }
