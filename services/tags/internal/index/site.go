package index

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/services/tags/internal/tag"
)

// kind is what a term is.
type kind uint8

const (
	kindTag kind = iota
	kindAuthor
	kindLanguage
	kinds
)

// term is something that posts have: a tag by its id, an author by name as it is
// written, a language.
type term struct {
	kind  kind
	value string
	posts *roaring.Bitmap
	count int
	// bits are the same posts, of some of the frequent terms.
	bits []uint64
	// order is what it comes by among terms with as many posts: its name as a slug.
	order string
	// author is whose name it is.
	author *author
	// tag is what is known of a tag; its Slug is empty until that is.
	tag Tag
}

// author is somebody whose name is written in some ways.
type author struct {
	// key is the same for all spellings, order that among authors with as many posts.
	key, order string
	// spellings are the terms.
	spellings []uint32
}

// site is the index of one site.
type site struct {
	name   string
	number uint32
	all    *roaring.Bitmap
	terms  []*term
	ids    [kinds]map[string]uint32
	// Of tags: slugs and keys lead to terms, a key to all that claim it.
	slugs map[string]uint32
	keys  map[string][]uint32
	// authors are by key, byline has them all.
	authors map[string]*author
	byline  []*author
	// years and months by month(at)/12 and month(at); yearly and calendar list them, the
	// newest first.
	years, months    map[int]*roaring.Bitmap
	yearly, calendar []int

	// tags and writers are in the order of rank; drift is how many posts a term may have
	// gained since, known and knownAuthors how many terms and authors there were.
	tags, writers              []ranked
	drift, known, knownAuthors int
}

func newSite(name string, number uint32) *site {
	s := &site{
		name: name, number: number, all: roaring.New(), slugs: make(map[string]uint32), keys: make(map[string][]uint32),
		authors: make(map[string]*author), years: make(map[int]*roaring.Bitmap), months: make(map[int]*roaring.Bitmap),
	}
	for k := range s.ids {
		s.ids[k] = make(map[string]uint32)
	}
	return s
}

// month counts months.
func month(at time.Time) int { return at.Year()*12 + int(at.Month()) - 1 }

// term is the number of a term, made if it is new.
func (s *site) term(k kind, value string) uint32 {
	if n, ok := s.ids[k][value]; ok {
		return n
	}
	n := uint32(len(s.terms)) //nolint:gosec // there are far fewer than 2^32
	value = strings.Clone(value)
	t := &term{kind: k, value: value, posts: roaring.New()}
	s.terms = append(s.terms, t)
	s.ids[k][value] = n
	switch k {
	case kindAuthor:
		t.author = s.author(value)
		t.author.spellings = append(t.author.spellings, n)
	case kindLanguage:
		t.order = slug.Make(value)
	case kindTag, kinds:
	}
	return n
}

// author is who has a name, made if there was nobody.
func (s *site) author(name string) *author {
	order := slug.Make(name)
	// A name without letter or digit is its own.
	key := cmp.Or(order, name)
	a := s.authors[key]
	if a == nil {
		a = &author{key: key, order: order}
		s.authors[key] = a
		s.byline = append(s.byline, a)
	}
	return a
}

// authorKey is the same for all spellings of a name. A name without letter or
// digit is its own.
func authorKey(name string) string {
	if key := slug.Make(name); key != "" {
		return key
	}
	return name
}

// setTag learns what is known of a tag.
func (s *site) setTag(t Tag) {
	n := s.term(kindTag, t.ID)
	old := s.terms[n].tag
	if old.Slug != "" && s.slugs[old.Slug] == n {
		delete(s.slugs, old.Slug)
	}
	for _, key := range slices.Concat(old.Keys, old.Addresses) {
		if s.keys[key] = slices.DeleteFunc(s.keys[key], func(other uint32) bool { return other == n }); len(s.keys[key]) == 0 {
			delete(s.keys, key)
		}
	}
	if t.Gone {
		s.terms[n].tag = Tag{ID: t.ID, Site: t.Site, Gone: true}
		return
	}
	s.terms[n].tag = t
	if s.terms[n].order = slug.Make(t.Name); s.terms[n].order == t.Slug {
		s.terms[n].order = t.Slug // one string will do
	}
	s.slugs[t.Slug] = n
	for _, key := range slices.Concat(t.Keys, t.Addresses) {
		if !slices.Contains(s.keys[key], n) {
			s.keys[key] = append(s.keys[key], n)
		}
	}
}

// claimant is the tag that a key leads to: one that is called so, rather than one that
// was at that address. It does not depend on which was told of first.
func (s *site) claimant(key string) (uint32, bool) {
	claims := s.keys[key]
	if len(claims) == 0 {
		return 0, false
	}
	return slices.MinFunc(claims, func(a, b uint32) int {
		one, other := s.terms[a].tag, s.terms[b].tag
		switch named := slices.Contains(one.Keys, key); {
		case named == slices.Contains(other.Keys, key):
			return strings.Compare(one.ID, other.ID)
		case named:
			return -1
		}
		return 1
	}), true
}

// tagNamed finds a tag by slug or name; internal ones, and those by an internal name,
// only for who sees them.
func (s *site) tagNamed(name string, internal bool) *term {
	n, ok := s.slugs[name]
	if !ok {
		key := tag.Key(name)
		if n, ok = s.claimant(key); !ok {
			n, ok = s.slugs[key]
		}
	}
	if !ok || !internal && (s.terms[n].tag.Internal || s.terms[n].tag.hides(tag.Key(name))) {
		return nil
	}
	return s.terms[n]
}

// authorNamed are the terms of an author by slug or name. A part of a name will
// do where nobody has it for the whole: "bayard" is Émile Bayard.
func (s *site) authorNamed(name string) []*term {
	key := authorKey(name)
	if found := s.authors[key]; found != nil {
		return s.some(found.spellings)
	}
	var found []*term
	for whole, a := range s.authors {
		if strings.Contains("-"+whole+"-", "-"+key+"-") {
			found = append(found, s.some(a.spellings)...)
		}
	}
	return found
}

func (s *site) some(numbers []uint32) []*term {
	out := make([]*term, len(numbers))
	for i, n := range numbers {
		out[i] = s.terms[n]
	}
	return out
}

// languagesOf are the terms of a language: "fr" is "fr-CA" too.
func (s *site) languagesOf(name string) []*term {
	name = languageKey(name)
	var found []*term
	for value, n := range s.ids[kindLanguage] {
		if value == name || strings.HasPrefix(value, name+"-") {
			found = append(found, s.terms[n])
		}
	}
	return found
}

func languageKey(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "-")) }

// add and remove keep the bitmaps by date.
func (s *site) add(number uint32, at time.Time) {
	m := month(at)
	if s.months[m] == nil {
		s.months[m] = roaring.New()
		s.calendar = listed(s.calendar, m)
	}
	if s.years[m/12] == nil {
		s.years[m/12] = roaring.New()
		s.yearly = listed(s.yearly, m/12)
	}
	s.months[m].Add(number)
	s.years[m/12].Add(number)
	s.all.Add(number)
}

func (s *site) remove(number uint32, at time.Time) {
	m := month(at)
	s.all.Remove(number)
	s.years[m/12].Remove(number)
	if s.years[m/12].IsEmpty() {
		delete(s.years, m/12)
		s.yearly = unlisted(s.yearly, m/12)
	}
	s.months[m].Remove(number)
	if s.months[m].IsEmpty() {
		delete(s.months, m)
		s.calendar = unlisted(s.calendar, m)
	}
}

// listed and unlisted keep lists that fall.
func listed(list []int, n int) []int {
	i, _ := slices.BinarySearchFunc(list, n, func(a, b int) int { return b - a })
	return slices.Insert(list, i, n)
}

func unlisted(list []int, n int) []int {
	i := slices.Index(list, n)
	return slices.Delete(list, i, i+1)
}
