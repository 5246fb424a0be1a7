package tag

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parution/parution/chassis/fault"
)

// Kind is what was done to tags, in the past tense.
type Kind string

// The kinds.
const (
	Described Kind = "described"
	Renamed   Kind = "renamed"
	Merged    Kind = "merged"
	Split     Kind = "split"
	Undone    Kind = "undone"
)

// Operation is something that was done to the tags of a site as a whole, with
// what is needed to undo it.
type Operation struct {
	ID     string    `json:"-"`
	Number int64     `json:"-"`
	Site   string    `json:"-"`
	Kind   Kind      `json:"-"`
	At     time.Time `json:"at"`
	By     string    `json:"by,omitempty"`
	// Slugs are those that the tags had that it was done to, IDs their ids, and Into the
	// ids of those that came out.
	Slugs []string `json:"slugs"`
	IDs   []string `json:"ids"`
	Into  []string `json:"into"`
	// IntoSlugs are their slugs then.
	IntoSlugs []string `json:"into_slugs"`
	// Names and IntoNames are what they were called, as Slugs and IntoSlugs.
	Names     []string `json:"names"`
	IntoNames []string `json:"into_names"`
	Changes   []Change `json:"changes,omitempty"`
	// Moves is the number of the operation whose moves it made stand, or fall.
	Moves    int64 `json:"moves,omitempty"`
	Standing bool  `json:"standing,omitempty"`
	// Undid is the operation that it undid, UndoneBy the one that undid it.
	Undid    string `json:"undid,omitempty"`
	UndoneBy string `json:"-"`

	// Running: entries are still brought up to it.
	Running          bool  `json:"-"`
	Posts, PostsDone int32 `json:"-"`
}

// Change is what an operation did to one field of a tag.
type Change struct {
	Tag    string `json:"tag"`
	Field  string `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// The fields of changes; those with a colon are one for each element.
const (
	fieldGone   = "gone"
	fieldInto   = "into"
	fieldSlug   = "slug"
	fieldFormer = "former:"
	fieldAlias  = "alias:"
	fieldNames  = "names:"
)

// fields are a tag's fields as texts; those that are empty are left out.
func (r *Record) fields() map[string]string {
	out := map[string]string{
		fieldSlug: r.Slug, "name": r.Name, "description": r.Description, "colour": r.Colour, "image": r.Image, "image_alt": r.ImageAlt, "parent": r.Parent,
		"named": flag(r.Named), "internal": flag(r.Internal), fieldGone: flag(r.Gone),
	}
	if len(r.Into) > 0 {
		text, _ := json.Marshal(r.Into) // strings always marshal
		out[fieldInto] = string(text)
	}
	for _, s := range r.Former {
		out[fieldFormer+s] = s
	}
	for key, name := range r.Aliases {
		out[fieldAlias+key] = name
	}
	for language, name := range r.Names {
		out[fieldNames+language] = name
	}
	maps.DeleteFunc(out, func(_, v string) bool { return v == "" })
	return out
}

// set gives a field a value.
func (r *Record) set(field, value string) {
	isSet := value == "true"
	kind, of, _ := strings.Cut(field, ":")
	switch kind + field[len(kind):min(len(kind)+1, len(field))] {
	case fieldSlug:
		r.Slug = value
	case "name":
		r.Name = value
	case "description":
		r.Description = value
	case "colour":
		r.Colour = value
	case "image":
		r.Image = value
	case "image_alt":
		r.ImageAlt = value
	case "parent":
		r.Parent = value
	case "named":
		r.Named = isSet
	case "internal":
		r.Internal = isSet
	case fieldGone:
		r.Gone = isSet
	case fieldInto:
		r.Into = nil
		_ = json.Unmarshal([]byte(value), &r.Into) // it was marshalled by fields
	case fieldFormer:
		r.Former = slices.DeleteFunc(r.Former, func(s string) bool { return s == of })
		if value != "" {
			r.Former = append([]string{value}, r.Former...)
		}
	case fieldAlias:
		r.Aliases = with(r.Aliases, of, value)
	case fieldNames:
		r.Names = with(r.Names, of, value)
	}
}

func with(m map[string]string, key, value string) map[string]string {
	if value == "" {
		delete(m, key)
		return m
	}
	if m == nil {
		m = make(map[string]string)
	}
	m[key] = value
	return m
}

func flag(b bool) string {
	if b {
		return strconv.FormatBool(b)
	}
	return ""
}

// changes are what was done to the tags since they were added, field by field.
// Of a new tag only that it is there: it keeps the rest when that is undone.
func (x *Taxonomy) changes() []Change {
	var out []Change
	for _, e := range x.Edits() {
		if e.Was == nil {
			out = append(out, Change{Tag: e.Is.ID, Field: fieldGone, Before: flag(true)})
			continue
		}
		was, is := e.Was.fields(), e.Is.fields()
		for _, field := range sortedKeys(union(was, is)) {
			if was[field] != is[field] {
				out = append(out, Change{Tag: e.Is.ID, Field: field, Before: was[field], After: is[field]})
			}
		}
	}
	return out
}

func union(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// Record makes the operation of what was done to the taxonomy.
func (x *Taxonomy) Record(op Operation, ids, into []string) Operation {
	op.IDs, op.Into, op.Changes = ids, into, x.changes()
	for _, id := range ids {
		r := x.tags[id]
		if was := x.was[id]; was != nil {
			r = was
		}
		op.Slugs, op.Names = append(op.Slugs, r.Slug), append(op.Names, r.Name)
	}
	for _, id := range into {
		r := x.tags[id]
		op.IntoSlugs, op.IntoNames = append(op.IntoSlugs, r.Slug), append(op.IntoNames, r.Name)
	}
	return op
}

// Undo puts back what an operation changed. Faults: Conflict if that was changed
// again since, or if what would come back no longer fits.
func (x *Taxonomy) Undo(op Operation) error {
	for _, c := range op.Changes {
		r := x.tags[c.Tag]
		if r == nil {
			return inTheWay("a tag is gone")
		}
		if now := r.fields()[c.Field]; now != c.After && now != c.Before {
			return inTheWay("the tag " + r.Slug + " was changed again since")
		}
		if r.Gone && !strings.HasPrefix(c.Field, fieldFormer) && !slices.ContainsFunc(op.Changes, func(o Change) bool { return o.Tag == c.Tag && o.Field == fieldGone }) {
			return inTheWay("the tag " + r.Slug + " is no more")
		}
	}
	for _, c := range op.Changes {
		left := x.tags[c.Tag].Slug
		x.change(c.Tag, func(r *Record) {
			r.set(c.Field, c.Before)
			if c.Field == fieldSlug && left != r.Slug { // readers may have come to know it
				r.set(fieldFormer+left, left)
			}
		})
	}
	x.release()
	x.absorb()
	x.pin()
	if err := x.check(); err != nil {
		return inTheWay(fault.TextOf(err))
	}
	return nil
}

// Came are the tags that an operation brought about.
func (op Operation) Came() []string {
	var out []string
	for _, c := range op.Changes {
		if c.Field == fieldGone && c.Before != "" && !slices.ContainsFunc(op.Changes, func(o Change) bool { return o.Tag == c.Tag && o.Field != fieldGone }) {
			out = append(out, c.Tag)
		}
	}
	return out
}

// Overlaps tells whether two operations changed the same of a tag.
func (op Operation) Overlaps(other Operation) bool {
	return slices.ContainsFunc(op.Changes, func(c Change) bool {
		return slices.ContainsFunc(other.Changes, func(o Change) bool { return o.Tag == c.Tag && o.Field == c.Field })
	})
}

func inTheWay(why string) error {
	return fault.Conflict("a later operation stands in the way: %s", why)
}

// release frees tags that posts alone brought about from one that took their place and is
// gone now: they come back as soon as a post has their name.
func (x *Taxonomy) release() {
	for _, r := range x.All() {
		if r.Gone && len(r.Into) == 1 && r.isPlain() && x.living(r) == nil {
			x.change(r.ID, func(r *Record) { r.Into = nil })
		}
	}
}

// absorb has tags that posts alone brought about, while a name or an address led
// nowhere, go where that leads again.
func (x *Taxonomy) absorb() {
	claims := make(map[string][]*Record)
	for _, r := range x.All() {
		if r.Gone {
			continue
		}
		claims["/"+r.Slug] = append(claims["/"+r.Slug], r)
		for _, key := range r.Keys() {
			claims[key] = append(claims[key], r)
		}
	}
	for _, claim := range sortedKeys(claims) {
		for _, r := range claims[claim] {
			i := slices.IndexFunc(claims[claim], func(o *Record) bool { return o.ID != r.ID && !x.tags[o.ID].Gone })
			if i >= 0 && r.isPlain() && len(r.Into) == 0 && !x.tags[r.ID].Gone {
				to := claims[claim][i].ID
				x.change(r.ID, func(r *Record) { r.Gone, r.Into = true, []string{to} })
			}
		}
	}
}

// isPlain tells of a tag that no editor has had in hand.
func (r *Record) isPlain() bool {
	return !r.Named && r.Description == "" && r.Colour == "" && r.Image == "" && r.Parent == ""
}

// pin keeps the names of tags that are more than what posts write.
func (x *Taxonomy) pin() {
	parents := make(map[string]bool)
	for _, r := range x.tags {
		if !r.Gone {
			parents[r.Parent] = true
		}
	}
	for id, r := range x.tags {
		if !r.Named && !r.Gone && (parents[id] || len(r.Aliases)+len(r.Names) > 0) {
			x.change(id, func(r *Record) { r.Named = true })
		}
	}
}

// check holds what is true of every taxonomy.
func (x *Taxonomy) check() error {
	for _, r := range x.tags {
		if err := x.checkPlace(r); err != nil {
			return err
		}
		if r.Gone {
			continue
		}
		if o := x.tags[x.slugs[r.Slug]]; o != nil && o.ID != r.ID {
			return fault.Conflict("the address %s is another tag's now", r.Slug)
		}
		for _, key := range r.Keys() {
			if o := x.Named(key); o != nil && o.ID != r.ID {
				return fault.Conflict("a name of the tag %s leads to %s now", r.Slug, o.Slug)
			}
		}
	}
	return nil
}

// checkPlace holds that what stands above a tag, or took its place, is there.
func (x *Taxonomy) checkPlace(r *Record) error {
	if r.Gone {
		for _, id := range r.Into {
			if to := x.tags[id]; to == nil || x.living(to) == nil {
				return fault.Conflict("nothing would take the place of the tag %s", r.Slug)
			}
		}
		return nil
	}
	level := 1
	for up := x.tags[r.Parent]; up != nil; up = x.tags[up.Parent] {
		if up.Gone {
			return fault.Conflict("the tag above %s is gone", r.Slug)
		}
		if level++; up.ID == r.ID || level > MaxLevels {
			return fault.Invalid("parent", "puts %s below itself, or below more than %d tags", r.Slug, MaxLevels-1)
		}
	}
	return nil
}

// Touched are the tags whose entries have to be looked at after what was done.
func (x *Taxonomy) Touched() []string {
	var out []string
	for _, e := range x.Edits() {
		if e.Was != nil && e.Was.decides() != e.Is.decides() {
			out = append(out, e.Is.ID)
		}
	}
	return out
}

// decides is all of a tag that decides about entries.
func (r *Record) decides() string {
	text, _ := json.Marshal([]any{r.Slug, r.Name, r.Named, r.Names, r.Aliases, r.Parent, r.Internal, r.Into, r.Gone}) // always marshals
	return string(text)
}
