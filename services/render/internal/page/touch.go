package page

import (
	"slices"
	"strings"
	"time"
)

// Touched tells what changes for readers when a post goes from old to now; old
// is nil if it was not known. The archive's months are those of zone, the site's.
// No keys: nothing that a page shows. What depends on other posts too, because
// these have the same tags, the same authors or the next dates, is not in it: the
// store knows them.
func Touched(old, now *Doc, zone *time.Location) Keys {
	keys := make(Keys)
	before, after := stateOf(old), stateOf(now)
	for _, path := range changedPaths(old, now) {
		keys.Add(KeyPath(path))
	}
	switch {
	case before != Public && after != Public:
		return keys
	case before == Public && after == Public:
		keys.touchRevised(old, now, zone)
		return keys
	}
	seen := now // as readers see it or saw it
	if before == Public {
		seen = old
	}
	keys.Add(KeyPosts, KeyFeed, KeyArchive, KeySitemap, KeyPost(seen.ID), KeyCard(seen.ID), KeyMonth(seen.PublishedAt.In(zone)))
	for _, a := range seen.Authors {
		keys.Add(KeyAuthor(a.Slug))
	}
	if seen.Featured {
		keys.Add(KeyFeatured)
	}
	if seen.TranslationKey != "" {
		keys.Add(KeyTranslations(seen.TranslationKey))
	}
	return keys
}

// What readers see happen to a post.
const (
	EventPublished = "published"
	EventRevised   = "revised"
	EventWithdrawn = "withdrawn"
)

// Happened is what readers see happen to a post that goes from old to now, and
// the post as they know it: as it was, if it was withdrawn. Empty: they see
// nothing of it. A new address alone is not seen, since the old one leads to it.
func Happened(old, now *Doc) (event string, of *Card) {
	before, after := stateOf(old) == Public, stateOf(now) == Public
	switch {
	case !before && after:
		return EventPublished, &now.Card
	case before && !after:
		return EventWithdrawn, &old.Card
	case !before:
		return "", nil
	}
	for key := range Touched(old, now, time.UTC) {
		if !strings.HasPrefix(key, keyPath) {
			return EventRevised, &now.Card
		}
	}
	return "", nil
}

// touchRevised is for a post that is public before and after.
func (k Keys) touchRevised(old, now *Doc, zone *time.Location) {
	card := cardChanged(&old.Card, &now.Card)
	if card {
		k.Add(KeyCard(now.ID))
	}
	if card || contentChanged(old, now) {
		k.Add(KeyPost(now.ID))
	}
	moved := !old.PublishedAt.Equal(now.PublishedAt)
	if moved {
		k.touchMoved(old, now, zone)
	}
	if old.Featured != now.Featured || moved && now.Featured {
		k.Add(KeyFeatured)
	}
	for _, a := range old.Authors {
		if moved || !has(now.Authors, a.Slug) {
			k.Add(KeyAuthor(a.Slug))
		}
	}
	for _, a := range now.Authors {
		if moved || !has(old.Authors, a.Slug) {
			k.Add(KeyAuthor(a.Slug))
		}
	}
	k.touchTranslated(old, now)
	// The site map lists posts, newest first, their translations and the pages of authors.
	if moved || old.Slug != now.Slug || !old.Modified().Equal(now.Modified()) || old.Language != now.Language ||
		old.TranslationKey != now.TranslationKey || !sameSlugs(old.Authors, now.Authors) {
		k.Add(KeySitemap)
	}
}

func (k Keys) touchMoved(old, now *Doc, zone *time.Location) {
	was, is := KeyMonth(old.PublishedAt.In(zone)), KeyMonth(now.PublishedAt.In(zone))
	k.Add(KeyPosts, KeyFeed, was, is)
	if was != is {
		k.Add(KeyArchive)
	}
}

// touchTranslated is for the posts that are translations of the post, or were.
func (k Keys) touchTranslated(old, now *Doc) {
	if old.TranslationKey == now.TranslationKey && old.Slug == now.Slug && old.Title == now.Title && old.Language == now.Language {
		return
	}
	for _, d := range []*Doc{old, now} {
		if d.TranslationKey != "" {
			k.Add(KeyTranslations(d.TranslationKey))
		}
	}
}

func has(list []Label, slug string) bool {
	return slices.ContainsFunc(list, func(l Label) bool { return l.Slug == slug })
}

func sameSlugs(a, b []Label) bool {
	return slices.EqualFunc(a, b, func(a, b Label) bool { return a.Slug == b.Slug })
}

// Relisted tells whether the post's place among the others changes: it appears in
// lists, leaves them, or moves.
func Relisted(old, now *Doc) bool {
	before, after := stateOf(old) == Public, stateOf(now) == Public
	return before != after || after && !old.PublishedAt.Equal(now.PublishedAt)
}

func stateOf(d *Doc) State {
	if d == nil {
		return Hidden
	}
	return d.State
}

// changedPaths lists paths where something else is now. When a post appears or
// vanishes, or its slug changes, that is at all of its addresses: the old ones
// lead to the present one.
func changedPaths(old, now *Doc) []string {
	was, is := old.Addresses(), now.Addresses()
	all := stateOf(old) != stateOf(now) || old != nil && old.Slug != now.Slug
	var paths []string
	for _, a := range slices.Concat(was, is) {
		if all || slices.Contains(was, a) != slices.Contains(is, a) {
			paths = append(paths, a.Path)
		}
	}
	return paths
}

func cardChanged(old, now *Card) bool {
	return old.Slug != now.Slug || old.Title != now.Title || old.Language != now.Language || old.Excerpt != now.Excerpt ||
		old.Image != now.Image || old.ImageAlt != now.ImageAlt || old.Minutes != now.Minutes ||
		!old.PublishedAt.Equal(now.PublishedAt) || !slices.Equal(old.Authors, now.Authors)
}

func contentChanged(old, now *Doc) bool {
	return old.Hash != now.Hash || old.Standfirst != now.Standfirst || old.Cover != now.Cover || old.Words != now.Words ||
		old.ImageCaption != now.ImageCaption || old.TranslationKey != now.TranslationKey || !old.EditedAt.Equal(now.EditedAt)
}
