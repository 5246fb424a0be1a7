package tag

import (
	"maps"
	"slices"
	"strings"
)

// The limits of a tag.
const (
	MaxName        = 60
	MaxDescription = 2000
	MaxNames       = 20
	MaxAliases     = 100
	// MaxLevels bounds how many tags stand above each other, the lowest counted.
	MaxLevels = 8
)

// Record is a tag. The zero Record is none.
type Record struct {
	ID   string `json:"id"`
	Site string `json:"site"`
	// Version counts every change of what others see of it.
	Version int32  `json:"-"`
	Slug    string `json:"slug"`
	// Former are slugs that it had, newest first.
	Former []string `json:"former,omitempty"`
	// Name is as most posts write it until it is Named: then it is an editor's.
	Name  string `json:"name"`
	Named bool   `json:"named,omitempty"`
	// Names are by BCP 47 tag.
	Names map[string]string `json:"names,omitempty"`
	// Aliases are other names that lead to it, by Key.
	Aliases     map[string]string `json:"aliases,omitempty"`
	Description string            `json:"description,omitempty"`
	Colour      string            `json:"colour,omitempty"`
	Image       string            `json:"image,omitempty"`
	ImageAlt    string            `json:"image_alt,omitempty"`
	// Parent is the id of the tag above; empty: none.
	Parent   string `json:"parent,omitempty"`
	Internal bool   `json:"internal,omitempty"`
	// Into are the tags that took its place, in order; it may be one of them itself.
	Into []string `json:"into,omitempty"`
	// Gone: it is no tag any more. Without Into nothing took its place, and it comes
	// back as soon as a post has its name.
	Gone bool `json:"gone,omitempty"`
}

// Key is what its own name leads by.
func (r *Record) Key() string { return Key(r.Name) }

// Keys are those of all names that lead to it, sorted. The names of a tag that one
// other took the place of lead there.
func (r *Record) Keys() []string {
	if r.Gone && len(r.Into) == 1 {
		return nil
	}
	keys := []string{r.Key()}
	for key := range r.Aliases {
		keys = append(keys, key)
	}
	for _, name := range r.Names {
		keys = append(keys, Key(name))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Slugs are its addresses, present and former.
func (r *Record) Slugs() []string { return append([]string{r.Slug}, r.Former...) }

// claim is how strong a tag's claim to an address is: a tag that is gone gives
// its own to whoever wants it, and leads nowhere if nothing took its place.
func (r *Record) claim(slug string) int {
	switch {
	case r.Slug == slug && !r.Gone:
		return 2
	case r.Slug == slug && len(r.Into) > 0:
		return 0
	case r.Slug == slug:
		return -1
	}
	return 1
}

// Successor is the id of the tag that took its place first; empty if there is none.
func (r *Record) Successor() string {
	if !r.Gone || len(r.Into) == 0 {
		return ""
	}
	return r.Into[0]
}

// NameIn is its name for readers of a language: of the same region, of the language,
// or the one that it has for all.
func (r *Record) NameIn(language string) string {
	for l := strings.ToLower(language); l != ""; {
		for tag, name := range r.Names {
			if strings.EqualFold(tag, l) {
				return name
			}
		}
		cut := strings.LastIndexByte(l, '-')
		l = l[:max(cut, 0)]
	}
	return r.Name
}

// Clone is a copy that shares nothing.
func (r *Record) Clone() *Record {
	c := *r
	c.Former, c.Into = slices.Clone(r.Former), slices.Clone(r.Into)
	c.Names, c.Aliases = clone(r.Names), clone(r.Aliases)
	return &c
}

func clone(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	maps.Copy(out, m)
	return out
}
