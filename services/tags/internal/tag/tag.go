// Package tag holds the rules of tags: which names are one tag, what leads to it,
// where it stands among others, and what can be done to it as a whole.
package tag

import (
	"strings"

	"github.com/parution/parution/chassis/slug"
)

// Key is the same for all names that are one tag: case, accents and forms of
// writing make no difference. A name of which readers see nothing ("#archive") is
// another than the same without its sign. Empty: no tag.
func Key(name string) string {
	key := slug.Make(name)
	if key != "" && IsInternal(name) {
		return "#" + key
	}
	return key
}

// IsInternal tells of names of tags that readers do not see.
func IsInternal(name string) bool { return strings.HasPrefix(strings.TrimSpace(name), "#") }

// Address is the slug that a name has by itself.
func Address(name string) string {
	key := Key(name)
	if strings.HasPrefix(key, "#") {
		return slug.Make("internal " + key[1:])
	}
	return key
}
