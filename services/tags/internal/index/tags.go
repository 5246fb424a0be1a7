package index

import (
	"cmp"
	"slices"
	"strings"

	"github.com/parution/parution/services/tags/internal/tag"
)

// Listing is which tags are listed, and in which order.
type Listing struct {
	Site string
	// MostFirst: those with most posts first; else by slug.
	MostFirst bool
	// Parent is the slug or a name of the tag directly above; empty: all.
	Parent string
	// Prefix is how a name begins.
	Prefix string
	// Internal: with those that readers do not see, and those without posts.
	Internal bool
	// After is the last tag of the page before; zero: the first page.
	After Listed
	Size  int
}

// Listed is a tag in a list: what readers call it, and how many published posts
// are found under it.
type Listed struct {
	ID, Slug, Name string
	Posts          int
	Internal       bool
}

// Tags lists tags, one more than asked for if others follow, and how many there are.
func (m *Memory) Tags(l Listing) (list []Listed, total int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.sites[l.Site]
	if s == nil {
		return nil, 0
	}
	parent := ""
	if l.Parent != "" {
		above := s.tagNamed(l.Parent, l.Internal)
		if above == nil {
			return nil, 0
		}
		parent = above.value
	}
	prefix := tag.Key(l.Prefix)
	if prefix == "" && l.Prefix != "" {
		return nil, 0
	}
	for _, t := range s.terms {
		if t.isListed(l.Internal) && (parent == "" || t.tag.Parent == parent) && t.begins(prefix, l.Internal) {
			list = append(list, t.listed())
		}
	}
	order := func(a, b Listed) int { return cmp.Compare(a.Slug, b.Slug) }
	if l.MostFirst {
		order = func(a, b Listed) int { return cmp.Or(cmp.Compare(b.Posts, a.Posts), cmp.Compare(a.Slug, b.Slug)) }
	}
	slices.SortFunc(list, order)
	total = len(list)
	if l.After.Slug != "" {
		i, _ := slices.BinarySearchFunc(list, l.After, order)
		for i < len(list) && order(l.After, list[i]) >= 0 {
			i++
		}
		list = list[i:]
	}
	return list[:min(len(list), l.Size+1)], total
}

// Tag finds a tag by slug or name.
func (m *Memory) Tag(site, name string, internal bool) (Listed, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.sites[site]
	if s == nil {
		return Listed{}, false
	}
	t := s.tagNamed(name, internal)
	if t == nil || !t.isListed(internal) {
		return Listed{}, false
	}
	return t.listed(), true
}

// Listed are tags by id. Those that are not listed are left out.
func (m *Memory) Listed(site string, ids []string, internal bool) map[string]Listed {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make(map[string]Listed, len(ids))
	s := m.sites[site]
	if s == nil {
		return out
	}
	for _, id := range ids {
		if n, ok := s.ids[kindTag][id]; ok && s.terms[n].isListed(internal) {
			out[id] = s.terms[n].listed()
		}
	}
	return out
}

// Children are the slugs of the tags directly below others, by the id of those.
func (m *Memory) Children(site string, ids []string, internal bool) map[string][]string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make(map[string][]string)
	s := m.sites[site]
	if s == nil || len(ids) == 0 {
		return out
	}
	for _, t := range s.terms {
		if t.tag.Parent != "" && t.isListed(internal) && slices.Contains(ids, t.tag.Parent) {
			out[t.tag.Parent] = append(out[t.tag.Parent], t.tag.Slug)
		}
	}
	for _, slugs := range out {
		slices.Sort(slugs)
	}
	return out
}

// IDsOf are the ids of tags by slug or name.
func (m *Memory) IDsOf(site string, names []string) (ids []string) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if s := m.sites[site]; s != nil {
		for _, name := range names {
			if t := s.tagNamed(name, true); t != nil {
				ids = append(ids, t.value)
			}
		}
	}
	return ids
}

func (t *term) isListed(internal bool) bool {
	return t.kind == kindTag && t.tag.Slug != "" && (internal || t.count > 0 && !t.tag.Internal)
}

func (t *term) listed() Listed {
	return Listed{ID: t.value, Slug: t.tag.Slug, Name: t.tag.Name, Posts: t.count, Internal: t.tag.Internal}
}

// begins tells whether one of its names begins with the words of prefix, each of
// which may be unfinished: "marche-pub" begins "marches-publics".
func (t *term) begins(prefix string, internal bool) bool {
	if prefix == "" || strings.HasPrefix(t.tag.Slug, prefix) {
		return true
	}
	words := strings.Split(prefix, "-")
	return slices.ContainsFunc(t.tag.Keys, func(key string) bool {
		if !internal && t.tag.hides(key) {
			return false
		}
		if strings.HasPrefix(key, prefix) {
			return true
		}
		i := 0
		for word := range strings.SplitSeq(key, "-") {
			if i == len(words) {
				return true
			}
			if !strings.HasPrefix(word, words[i]) {
				return false
			}
			i++
		}
		return i == len(words)
	})
}
