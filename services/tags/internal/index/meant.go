package index

import (
	"context"
	"slices"
	"strings"

	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/tag"
	"github.com/parution/parution/services/tags/internal/text"
)

// maxCompared is after how many names it is looked whether there is time for more.
const maxCompared = 1024

// Meant lists what to write instead of the names of tags and authors in a query under
// which a site has no post: nothing where all have some, where no name is written nearly
// so, or where there was no time for it. Internal tags are not proposed to anybody.
func (m *Memory) Meant(ctx context.Context, of string, asked query.Node) []query.Change {
	var changes []query.Change
	for _, n := range query.Names(asked) {
		better, at := "", query.Span{}
		switch n := n.(type) {
		case query.Tag:
			better, at = m.nearest(of, func(s *site) string { return s.tagMeant(ctx, n.Name) }), n.Span
		case query.Author:
			better, at = m.nearest(of, func(s *site) string { return s.authorMeant(ctx, n.Name) }), n.Span
		}
		if better != "" {
			changes = append(changes, query.Change{Span: at, Text: query.Name(better)})
		}
	}
	if ctx.Err() != nil {
		return nil // the nearest may not have been among those compared
	}
	return changes
}

// nearest asks a site for one name: what changes the index does not wait for all.
func (m *Memory) nearest(name string, of func(*site) string) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if s := m.sites[name]; s != nil {
		return of(s)
	}
	return ""
}

// tagMeant is what a tag is called that has posts and a name nearly as the one that was
// typed, as far as an address has it; empty if there is none, or tags are called just so.
func (s *site) tagMeant(ctx context.Context, typed string) string {
	if t := s.tagNamed(typed, true); t != nil && t.isListed(true) && t.count > 0 || tag.IsInternal(typed) {
		return ""
	}
	best := nearest{typed: text.NewTyped(tag.Key(typed))}
	for i, t := range s.terms {
		if i%maxCompared == 0 && ctx.Err() != nil {
			return ""
		}
		if !t.isListed(false) {
			continue
		}
		best.compare(t.tag.Slug, t.tag.Slug, t.count)
		for _, key := range t.tag.Keys {
			if key != t.tag.Slug && !t.tag.hides(key) {
				best.compare(key, key, t.count)
			}
		}
	}
	return best.name
}

// authorMeant is the name of an author with posts that is nearly what was typed, or has
// a word that is; empty if there is none, or somebody is called so.
func (s *site) authorMeant(ctx context.Context, typed string) string {
	if slices.ContainsFunc(s.authorNamed(typed), func(t *term) bool { return t.count > 0 }) {
		return ""
	}
	best := nearest{typed: text.NewTyped(authorKey(typed))}
	for i, a := range s.byline {
		if i%maxCompared == 0 && ctx.Err() != nil {
			return ""
		}
		posts, most := 0, (*term)(nil)
		for _, t := range s.some(a.spellings) {
			if posts += t.count; most == nil || t.count > most.count {
				most = t
			}
		}
		if posts == 0 {
			continue
		}
		best.compare(a.key, most.value, posts)
		for word := range strings.SplitSeq(a.key, "-") {
			best.compare(word, most.value, posts)
		}
	}
	return best.name
}

// nearest is the name that is nearest to the one that was typed, of equally near ones the
// one that is rather meant, since people make such mistakes or it has more posts.
type nearest struct {
	typed text.Typed
	name  string
	wrong int
	worth float64
}

func (n *nearest) compare(key, name string, posts int) {
	wrong, weight := n.typed.Meant(key)
	worth := weight * float64(posts)
	switch {
	case wrong == 0, n.wrong > 0 && wrong > n.wrong, wrong == n.wrong && worth < n.worth, wrong == n.wrong && worth == n.worth && name >= n.name:
		return
	}
	n.name, n.wrong, n.worth = name, wrong, worth
}
