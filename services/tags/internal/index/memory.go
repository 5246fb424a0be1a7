package index

import (
	"maps"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/parution/parution/services/tags/internal/text"
)

// maxTermsOfPost bounds the tags, authors and language of one post; what is
// beyond is not found by. Contracts bound them far lower.
const maxTermsOfPost = 4000

// Texts finds the full text of a site, and removes it.
type Texts interface {
	Of(site string) (text.Index, error)
	Remove(site string) error
}

// Memory is the index of all sites in memory. Safe for concurrent use.
type Memory struct {
	texts     Texts
	scratches scratches

	mu       sync.RWMutex
	posts    posts
	sites    map[string]*site
	numbered []*site // by number, from 1
	at       text.Position
}

// New makes an empty index; words are looked for in texts.
func New(texts Texts) *Memory {
	return &Memory{texts: texts, sites: make(map[string]*site), numbered: []*site{nil}}
}

// Become takes the contents of another, which is not used any more.
func (m *Memory) Become(other *Memory) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.become(other)
}

func (m *Memory) become(other *Memory) {
	m.posts, m.sites, m.numbered, m.at = other.posts, other.sites, other.numbered, other.at
}

// Put applies what changed, and remembers the position as seen. Tags come before
// the posts that have them.
func (m *Memory) Put(tags []Tag, records []Record, at text.Position) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range tags {
		if s := m.siteOf(t.Site); s != nil {
			s.setTag(t)
		}
	}
	for _, r := range records {
		m.put(r)
	}
	for _, s := range m.sites {
		s.settle()
	}
	m.at = at
}

// Position is that of the last Put.
func (m *Memory) Position() text.Position {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.at
}

// Sites lists the sites that are known.
func (m *Memory) Sites() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Sorted(maps.Keys(m.sites))
}

// PostIDs are at most limit posts of a site, those with numbers above one; last is
// the number of the last of them.
func (m *Memory) PostIDs(site string, above int64, limit int) (ids []string, last int64) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.sites[site]
	if s == nil {
		return nil, above
	}
	last = above
	for number := s.all.NextValue(uint32(above + 1)); number >= 0 && len(ids) < limit; number = s.all.NextValue(uint32(number + 1)) { //nolint:gosec // numbers are uint32
		ids, last = append(ids, unpackID(m.posts.at(uint32(number)).id)), number //nolint:gosec // as above
	}
	return ids, last
}

// IDs are the ids of posts, in the order of their numbers.
func (m *Memory) IDs(posts *roaring.Bitmap) []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	ids := make([]string, 0, posts.GetCardinality())
	for numbers := posts.Iterator(); numbers.HasNext(); {
		if p := m.posts.at(numbers.Next()); p != nil {
			ids = append(ids, unpackID(p.id))
		}
	}
	return ids
}

// Has tells whether a post is there in this version of its entry or a later one.
func (m *Memory) Has(number uint32, version int32) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	p := m.posts.at(number)
	return p != nil && p.version >= version
}

// Others are the numbers that posts had before those of the records. The database
// gives a post one number for ever, unless it has lost the post's entry: then what
// goes on above its last version has a new one.
func (m *Memory) Others(records []Record) (others []uint32) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, r := range records {
		s := m.sites[r.Site]
		if p := m.posts.at(r.Number); s == nil || r.Version <= 1 || p != nil && p.version > 0 {
			continue
		}
		id := packID(r.PostID)
		s.all.Iterate(func(number uint32) bool {
			if m.posts.at(number).id == id {
				others = append(others, number)
			}
			return true
		})
	}
	return others
}

// Unknown are those of the tags of records that nothing is known of yet.
func (m *Memory) Unknown(records []Record) []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out []string
	for _, r := range records {
		s := m.sites[r.Site]
		for _, id := range r.Tags {
			if s != nil {
				if n, ok := s.ids[kindTag][id]; ok && s.terms[n].tag.ID != "" {
					continue
				}
			}
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

func (m *Memory) siteOf(name string) *site {
	if name == "" {
		return nil
	}
	s := m.sites[name]
	if s == nil {
		s = newSite(name, uint32(len(m.numbered))) //nolint:gosec // there are far fewer than 2^32
		m.sites[name] = s
		m.numbered = append(m.numbered, s)
	}
	return s
}

// put brings one post up to its record.
func (m *Memory) put(r Record) {
	c := m.posts.make(r.Number)
	i := r.Number % chunkSize
	p := &c.posts[i]
	var s *site
	if r.Public {
		s = m.siteOf(r.Site)
	}
	if p.site != 0 && (s == nil || s.number != p.site) {
		m.drop(c, i, r.Number)
	}
	p.version = r.Version
	if s == nil {
		return
	}
	micros := r.PublishedAt.UnixMicro()
	if p.site == 0 || p.at != micros {
		if p.site != 0 {
			s.remove(r.Number, moment(p.at))
		}
		s.add(r.Number, moment(micros))
	}
	next := s.termsOf(r)
	old := c.terms(i)
	for _, n := range old {
		if !slices.Contains(next, n) {
			s.terms[n].remove(r.Number)
		}
	}
	// An author may have gained as many posts as there are spellings of the name.
	s.drift += max(1, len(r.Authors))
	for _, n := range next {
		if !slices.Contains(old, n) {
			s.terms[n].add(r.Number)
		}
	}
	c.set(i, next)
	p.id, p.at, p.site = packID(r.PostID), micros, s.number
}

// drop takes a post away.
func (m *Memory) drop(c *chunk, i, number uint32) {
	p := &c.posts[i]
	s := m.numbered[p.site]
	for _, n := range c.terms(i) {
		s.terms[n].remove(number)
	}
	s.remove(number, moment(p.at))
	c.set(i, nil)
	p.site, p.at, p.id = 0, 0, [16]byte{}
}

// termsOf are the terms that a record has, each once, tags first.
func (s *site) termsOf(r Record) []uint32 {
	out := make([]uint32, 0, len(r.Tags)+len(r.Authors)+1)
	add := func(k kind, value string) {
		if n := s.term(k, value); !slices.Contains(out, n) && len(out) < maxTermsOfPost {
			out = append(out, n)
		}
	}
	for _, id := range r.Tags {
		add(kindTag, id)
	}
	for _, name := range r.Authors {
		add(kindAuthor, name)
	}
	if r.Language != "" {
		add(kindLanguage, languageKey(r.Language))
	}
	return out
}
