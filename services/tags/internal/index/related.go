package index

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
)

const (
	// telling is how many terms of a text are looked for.
	telling = 12
	// maxCandidates bounds the posts that are compared: the rarest signs bring them,
	// the more frequent ones only decide between them.
	maxCandidates = 5000
	// tagWeight is what a shared tag counts against a shared word as rare as it: an
	// author chose it.
	tagWeight = 1.5
)

// sign is something that posts may share, and what sharing it says.
type sign struct {
	posts  *roaring.Bitmap
	count  int
	weight float64
}

// rarity is what sharing something says that n of all posts have.
func rarity(n, all int) float64 {
	return math.Log(1 + (float64(all)-float64(n)+0.5)/(float64(n)+0.5))
}

// Related are up to size posts that share rare tags and terms with one, the best
// first. Source is its text.
func (m *Memory) Related(ctx context.Context, site string, number uint32, language string, source text.Source, size int) ([]Place, error) {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	terms, err := m.telling(ctx, site, language, source)
	if err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	s, p := m.sites[site], m.posts.at(number)
	if s == nil || p == nil || p.site != s.number {
		return nil, nil
	}
	all := int(s.all.GetCardinality()) //nolint:gosec // below 2^32
	for _, n := range m.posts.chunk(number).terms(number % chunkSize) {
		if t := s.terms[n]; t.kind == kindTag && t.tag.Slug != "" && !t.tag.Internal && t.count > 1 {
			terms = append(terms, sign{t.posts, t.count, tagWeight * rarity(t.count, all)})
		}
	}
	scores := candidates(terms)
	delete(scores, number)
	list := make([]Place, 0, len(scores))
	for n, score := range scores {
		if q := m.posts.at(n); q != nil && q.site == s.number {
			list = append(list, Place{Score: score, At: moment(q.at), Number: n})
		}
	}
	slices.SortFunc(list, byScore)
	return list[:min(len(list), size)], nil
}

// byScore orders places, the best first, of equals the newest.
func byScore(a, b Place) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), byDate(a, b))
}

// telling are the rare terms of a text as signs.
func (m *Memory) telling(ctx context.Context, site, language string, source text.Source) ([]sign, error) {
	texts, err := m.texts.Of(site)
	if err != nil {
		return nil, err
	}
	terms, err := texts.Terms(ctx, language, source, telling)
	if err != nil {
		return nil, err
	}
	m.mu.RLock()
	all := 0
	if s := m.sites[site]; s != nil {
		all = int(s.all.GetCardinality()) //nolint:gosec // below 2^32
	}
	m.mu.RUnlock()
	out := make([]sign, 0, len(terms))
	for _, t := range terms {
		posts, err := texts.Match(ctx, query.Word{Text: t.Text})
		if err != nil {
			return nil, err
		}
		if n := int(posts.GetCardinality()); n > 0 { //nolint:gosec // below 2^32
			out = append(out, sign{posts, n, rarity(n, max(all, n))})
		}
	}
	return out, nil
}

// candidates are the scores of posts that have signs in common.
func candidates(signs []sign) map[uint32]float64 {
	slices.SortStableFunc(signs, func(a, b sign) int { return a.count - b.count })
	scores := make(map[uint32]float64)
	for _, s := range signs {
		for n := range scores {
			if s.posts.Contains(n) {
				scores[n] += s.weight
			}
		}
		known := len(scores)
		fresh := make([]uint32, 0, min(s.count, maxCandidates-known))
		// The newest are the likelier ones. The rest of a frequent sign is not looked at.
		for it := s.posts.ReverseIterator(); it.HasNext() && known+len(fresh) < maxCandidates; {
			n := it.Next()
			if _, ok := scores[n]; !ok {
				fresh = append(fresh, n)
			}
		}
		for _, n := range fresh {
			scores[n] = s.weight
		}
	}
	return scores
}

// ProposeTags are tags for a text, the best first: those whose names it has, and
// those of posts with its rare terms. Tags named so already are left out.
func (m *Memory) ProposeTags(ctx context.Context, site, language string, source text.Source, carried []string, size int) ([]Listed, error) {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	signs, err := m.telling(ctx, site, language, source)
	if err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.sites[site]
	if s == nil {
		return nil, nil
	}
	scores := make(map[uint32]float64)
	m.votes(s, signs, scores)
	all := int(s.all.GetCardinality()) //nolint:gosec // below 2^32
	for n, times := range s.mentioned(source) {
		scores[n] += rarity(s.terms[n].count, all) * (1 + math.Log(float64(times)))
	}
	for _, name := range carried {
		if t := s.tagNamed(name, true); t != nil {
			delete(scores, s.ids[kindTag][t.value])
		}
	}
	type scored struct {
		Listed

		score float64
	}
	list := make([]scored, 0, len(scores))
	for n, score := range scores {
		if t := s.terms[n]; t.isListed(false) && score > 0 {
			list = append(list, scored{t.listed(), score})
		}
	}
	slices.SortFunc(list, func(a, b scored) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.Slug, b.Slug)) })
	out := make([]Listed, 0, size)
	for _, l := range list[:min(len(list), size)] {
		out = append(out, l.Listed)
	}
	return out, nil
}

// votes has posts with the same rare terms speak for their tags, the more the
// more of the terms they have, and the more a tag is theirs rather than everybody's.
func (m *Memory) votes(s *site, signs []sign, scores map[uint32]float64) {
	all := float64(s.all.GetCardinality())
	const voters = 40
	type voter struct {
		number uint32
		score  float64
	}
	list := make([]voter, 0, voters)
	for n, score := range candidates(signs) {
		list = append(list, voter{n, score})
	}
	slices.SortFunc(list, func(a, b voter) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.number, a.number)) })
	list = list[:min(len(list), voters)]
	sum := 0.0
	for _, v := range list {
		sum += v.score
	}
	for _, v := range list {
		c := m.posts.chunk(v.number)
		if p := m.posts.at(v.number); p == nil || p.site != s.number {
			continue
		}
		for _, n := range c.terms(v.number % chunkSize) {
			if t := s.terms[n]; t.kind == kindTag {
				scores[n] += v.score / sum * math.Log(1+all/float64(t.count))
			}
		}
	}
}

// mentioned are the tags whose names stand in a text, and how often.
func (s *site) mentioned(source text.Source) map[uint32]int {
	const longest = 5
	out := make(map[uint32]int)
	look := func(part string) {
		words := strings.FieldsFunc(part, func(r rune) bool { return strings.ContainsRune(" \t\n.,;:!?()[]«»\"'’“”\u00a0\u202f", r) })
		for i, word := range words {
			words[i] = slug.Make(word)
		}
		for i := range words {
			for n := 1; n <= min(longest, len(words)-i) && words[i+n-1] != ""; n++ {
				if t, ok := s.claimant(strings.Join(words[i:i+n], "-"), true); ok {
					out[t]++
				}
			}
		}
	}
	look(source.Title)
	for _, h := range source.Headings {
		look(h)
	}
	look(source.Body)
	return out
}
