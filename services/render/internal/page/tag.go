package page

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Tag is a tag as the tags service tells of it.
type Tag struct {
	ID, Site, Slug, Name string
	// Names are by language, a BCP 47 tag, where it has another one.
	Names map[string]string
	// Description is sanitised HTML, Summary its beginning as plain text.
	Description, Summary string
	// Colour is #rrggbb or empty.
	Colour string
	// Image is an address of the site; empty: none.
	Image, ImageAlt string
	// Parent is the slug of the tag above, maybe a former one; empty: none.
	Parent string
	// Former are slugs that lead to the tag, or to the one that took its place.
	Former []string
	// Internal is not for readers.
	Internal bool
	// MovedTo is the id of the tag that took its place.
	MovedTo string
}

// Visible tells whether readers can find the tag.
func (t *Tag) Visible() bool { return t != nil && !t.Internal && t.MovedTo == "" }

// NameIn is what a tag is called in a language: the name for it, or for the one
// that it is a kind of, or else the tag's own.
func NameIn(name string, names map[string]string, lang string) string {
	if len(names) == 0 || lang == "" {
		return name
	}
	tag, err := language.Parse(lang)
	if err != nil {
		return name
	}
	for _, want := range []string{tag.String(), baseOf(tag)} {
		for _, key := range slices.Sorted(maps.Keys(names)) {
			if strings.EqualFold(key, want) && names[key] != "" {
				return names[key]
			}
		}
	}
	return name
}

func baseOf(tag language.Tag) string {
	base, _ := tag.Base()
	return base.String()
}

// shownAs is the id of the tag that a post shows for it; empty for none.
func (t *Tag) shownAs() string {
	switch {
	case t == nil:
		return ""
	case t.MovedTo != "":
		return t.MovedTo
	case t.Internal:
		return ""
	}
	return t.ID
}

// roles are the slugs that a tag answers at, and how: as itself, or by leading on.
func (t *Tag) roles() map[string]string {
	out := make(map[string]string)
	if t == nil || t.Internal {
		return out
	}
	target := t.Slug
	if t.MovedTo != "" {
		target = t.MovedTo
	}
	for _, slug := range t.Former {
		out[slug] = "to " + target
	}
	if t.MovedTo == "" && t.Slug != "" {
		out[t.Slug] = "itself"
	}
	return out
}

// TouchedByTag tells what changes for readers when a tag goes from old to now; old
// is nil if nobody knew it. target is the slug of the tag that took the old one's
// place, if one had. The posts found under it are told of by their entries.
func TouchedByTag(old, now *Tag, target string) Keys {
	keys := make(Keys)
	was, is := old.roles(), now.roles()
	for slug := range merge(was, is) {
		if was[slug] != is[slug] {
			keys.Add(KeyTag(slug))
		}
	}
	before, after := old.Visible(), now.Visible()
	if !before && !after {
		if old.shownAs() != now.shownAs() { // by posts whose entries do not know yet
			keys.touchNamed(old, now, target)
		}
		return keys
	}
	if before != after || old.Slug != now.Slug || old.Name != now.Name || !maps.Equal(old.Names, now.Names) {
		keys.Add(KeyTags)
		keys.touchNamed(old, now, target)
	}
	if before != after || old.Parent != now.Parent {
		keys.Add(KeyTags)
		keys.touchPlaces(old, now)
	}
	if before && after && old.Colour != now.Colour {
		keys.Add(KeyTags)
		keys.touchParents(old, now)
	}
	if before && after && (old.Description != now.Description || old.Summary != now.Summary || old.Colour != now.Colour ||
		old.Image != now.Image || old.ImageAlt != now.ImageAlt) {
		keys.Add(KeyAbout(now.Slug))
	}
	return keys
}

func merge(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// touchNamed is for the posts that show the tag, or the one at target in its place.
func (k Keys) touchNamed(old, now *Tag, target string) {
	for _, t := range []*Tag{old, now} {
		if t != nil && t.Slug != "" {
			k.Add(KeyLabel(t.Slug))
		}
	}
	if target != "" {
		k.Add(KeyLabel(target))
	}
}

func (k Keys) touchPlaces(old, now *Tag) {
	k.touchParents(old, now)
	for _, t := range []*Tag{old, now} {
		if t != nil && t.Slug != "" {
			k.Add(KeyPlace(t.Slug))
		}
	}
}

// touchParents is for the pages that list the tag among those below theirs.
func (k Keys) touchParents(old, now *Tag) {
	for _, t := range []*Tag{old, now} {
		if t != nil && t.Parent != "" {
			k.Add(KeyAbout(t.Parent))
		}
	}
}

// EntryTag is a tag that leads to a post.
type EntryTag struct {
	Label

	ID string
	// Inherited is above one that the post carries.
	Inherited bool
}

// Entry is what the tags service says about one post.
type Entry struct {
	PostID, Site string
	// Tags are those that lead to the post and that readers see: those that it carries,
	// in its order, then those above them. None if it is not public.
	Tags []EntryTag
	// Keywords are the rarest words of its text, the most telling first.
	Keywords []string
}

// Tagged is a tag and how many posts are found under it.
type Tagged struct {
	Label

	ID    string
	Names map[string]string
	Count int
	// Colour is #rrggbb or empty.
	Colour string
	// Parent is the slug of the tag above, maybe a former one; empty if there is none.
	Parent string
}

// About is what a tag says of itself.
type About struct {
	// Description is sanitised HTML, Summary its beginning as plain text.
	Description, Summary string
	// Colour is #rrggbb or empty.
	Colour string
	// Image is an address of the site; empty: none.
	Image, ImageAlt string
	// Parents are the tags above, from the outermost.
	Parents []Label
	// Children are the tags below that posts carry.
	Children []Tagged
}

// Keyword is the subject of posts with a word.
func Keyword(word string) string { return subjectWord + word }

// IsKeyword tells whether a subject is a word, and not a tag.
func IsKeyword(subject string) bool { return strings.HasPrefix(subject, subjectWord) }

// subjectWord begins no id.
const subjectWord = "~"
