package tag

import (
	"cmp"
	"maps"
	"slices"
)

// View is a tag as others see it, with the addresses of those that it speaks of.
type View struct {
	Record

	// ParentSlug is the address of the tag above.
	ParentSlug string
	// MovedTo is the tag that took the place of one that is gone.
	MovedTo, MovedToSlug string
	// Aliases are sorted; they are names, not keys.
	Aliases []string
}

// View is how others see a tag.
func (x *Taxonomy) View(id string) View {
	r := x.tags[id]
	if r == nil {
		return View{}
	}
	v := View{Record: *r.Clone()}
	if to := x.living(r); r.Gone && to != nil {
		v.MovedTo, v.MovedToSlug = to.ID, to.Slug
	}
	if up := x.tags[r.Parent]; up != nil && !up.Gone {
		v.ParentSlug = up.Slug
	}
	for _, key := range sortedKeys(r.Aliases) {
		v.Aliases = append(v.Aliases, r.Aliases[key])
	}
	return v
}

// same tells whether others see both alike.
func (v View) same(o View) bool {
	if v.Gone && o.Gone {
		return v.MovedTo == o.MovedTo && v.MovedToSlug == o.MovedToSlug && v.Slug == o.Slug && slices.Equal(v.Former, o.Former)
	}
	return v.Gone == o.Gone && v.Slug == o.Slug && slices.Equal(v.Former, o.Former) && v.Name == o.Name && v.Named == o.Named &&
		maps.Equal(v.Names, o.Names) && slices.Equal(v.Aliases, o.Aliases) && v.Description == o.Description && v.Colour == o.Colour &&
		v.Image == o.Image && v.ImageAlt == o.ImageAlt && v.Parent == o.Parent && v.ParentSlug == o.ParentSlug && v.Internal == o.Internal &&
		slices.Equal(v.Into, o.Into)
}

// Seen are the tags that others see otherwise than before, by id, and counts
// that as a version of each.
func (x *Taxonomy) Seen(before map[string]View) []View {
	var out []View
	for id := range x.tags {
		now := x.View(id)
		if was, ok := before[id]; ok && was.same(now) {
			continue
		}
		next := x.tags[id].Clone()
		next.Version++
		if _, ok := x.was[id]; !ok {
			x.was[id] = x.tags[id]
		}
		x.tags[id], now.Version = next, next.Version
		out = append(out, now)
	}
	slices.SortFunc(out, func(a, b View) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Views are all tags as others see them now.
func (x *Taxonomy) Views() map[string]View {
	out := make(map[string]View, len(x.tags))
	for id := range x.tags {
		out[id] = x.View(id)
	}
	return out
}
