package tag

import (
	"fmt"
	"maps"
	"slices"

	"github.com/parution/parution/chassis/fault"
)

// Merge makes one tag of two: whatever leads to the first leads to the second.
// Its aliases and names are the other's aliases then, and those below it are
// below the other. Faults: Invalid, if they are one already or cannot be.
func (x *Taxonomy) Merge(id, into string) error {
	if id == into {
		return fault.Invalid("into", "is the tag itself")
	}
	from, to := x.tags[id].Clone(), x.tags[into].Clone()
	for _, child := range x.Children(id) {
		if child.ID != into {
			x.change(child.ID, func(r *Record) { r.Parent = into })
		}
	}
	if to.Parent == id {
		to.Parent = from.Parent
	}
	from.Into = replace(from, []string{into})
	from.Gone = true
	if len(from.Into) == 1 {
		names := map[string]string{from.Key(): from.Name}
		for _, name := range from.Names {
			names[Key(name)] = name
		}
		maps.Copy(names, from.Aliases)
		for key, name := range names {
			if key != to.Key() {
				to.Aliases = with(to.Aliases, key, name)
			}
		}
		if n := len(to.Aliases); n > MaxAliases {
			return fault.Invalid("into", "would have %d aliases; at most %d", n, MaxAliases)
		}
	}
	to.Named = true
	x.change(id, func(r *Record) { *r = *from })
	x.change(into, func(r *Record) { *r = *to })
	x.pin()
	return x.check()
}

// replace are the tags that take the place of r, if others take its own place.
func replace(r *Record, by []string) []string {
	i := slices.Index(r.Into, r.ID)
	if i < 0 {
		return by
	}
	out := slices.Replace(slices.Clone(r.Into), i, i+1, by...)
	var once []string
	for _, id := range out {
		if !slices.Contains(once, id) {
			once = append(once, id)
		}
	}
	return once
}

// Part is one of the tags that come out of a split.
type Part struct {
	Name string
	// Aliases are names of the tag that go with the part.
	Aliases []string
	// ID is for a new tag; Split puts there that of the part.
	ID string
}

// Refused is what is wrong with a part of a split, as a sentence of its own: the part is
// named, since a tag may have many.
func (p Part) Refused(format string, args ...any) error {
	text := fmt.Sprintf("the part %q", p.Name) + fmt.Sprintf(format, args...)
	return fault.New(fault.KindInvalid, text, fault.Violation{Field: "parts", Message: text})
}

// Split makes several tags of one. If all, these take its place; otherwise it
// stays for what no part takes. It answers the ids of the parts. Faults: Invalid.
func (x *Taxonomy) Split(id string, parts []Part, all bool) ([]string, error) {
	if len(parts) == 0 {
		return nil, fault.Invalid("parts", "is empty")
	}
	whole := x.tags[id]
	into := make([]string, 0, len(parts))
	for _, p := range parts {
		part, err := x.part(whole, p)
		if err != nil {
			return nil, err
		}
		if slices.Contains(into, part.ID) {
			return nil, fault.Invalid("parts", "has %q twice", p.Name)
		}
		into = append(into, part.ID)
	}
	for i, p := range parts {
		if err := x.hand(id, into[i], p.Aliases); err != nil {
			return nil, err
		}
	}
	switch {
	case !all:
	case len(into) == 1 && into[0] == id:
		return nil, fault.Invalid("parts", "has only the tag itself")
	case len(into) == 1:
		return into, x.Merge(id, into[0])
	default:
		stays := slices.Contains(into, id)
		if !stays {
			for _, child := range x.Children(id) {
				up := x.tags[id].Parent
				if slices.Contains(into, child.ID) && child.ID == up {
					up = ""
				}
				x.change(child.ID, func(r *Record) { r.Parent = up })
			}
		}
		x.change(id, func(r *Record) { r.Into, r.Gone, r.Named = replace(r, into), !stays, true })
	}
	x.pin()
	return into, x.check()
}

// part is the tag of a part: one that is there, or a new one beside the whole.
func (x *Taxonomy) part(whole *Record, p Part) (*Record, error) {
	name, err := validName("parts", p.Name)
	if err != nil {
		return nil, err
	}
	if key := Key(name); whole.Aliases[key] != "" && key != whole.Key() { // it goes with the part that is called so
		x.change(whole.ID, func(r *Record) { delete(r.Aliases, key) })
	}
	if r := x.Named(Key(name)); r != nil {
		if r.Gone && len(r.Into) > 0 {
			return nil, fault.Invalid("parts", "%q was split itself", name)
		}
		x.yield(r.ID)
		x.change(r.ID, func(r *Record) { r.Named, r.Gone = true, false })
		return x.tags[r.ID], nil
	}
	r := x.Adopt(name, p.ID)
	internal := r.Internal || whole.Internal && !IsInternal(whole.Name)
	x.change(r.ID, func(r *Record) { r.Named, r.Parent, r.Internal = true, whole.Parent, internal })
	return x.tags[r.ID], nil
}

// hand gives aliases of one tag to another.
func (x *Taxonomy) hand(from, to string, aliases []string) error {
	for _, alias := range aliases {
		key := Key(alias)
		if key == x.tags[to].Key() && from != to {
			continue // part gave it its own name
		}
		name, ok := x.tags[from].Aliases[key]
		if !ok {
			return fault.Invalid("parts", "%q is no alias of the tag: only an alias that it has goes with a part (describe the tag with it first)", alias)
		}
		if from == to {
			continue
		}
		x.change(from, func(r *Record) { delete(r.Aliases, key) })
		if key != x.tags[to].Key() {
			x.change(to, func(r *Record) { r.Aliases = with(r.Aliases, key, name) })
		}
	}
	return nil
}
