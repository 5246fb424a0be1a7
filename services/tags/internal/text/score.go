package text

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/RoaringBitmap/roaring/v2"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"github.com/parution/parution/services/tags/internal/query"
)

// maxScored bounds the posts that are looked at to find the best: the newest of those
// that were found.
const maxScored = 50_000

// usualWords is how many words a query has mostly: where it has more, fewer posts are
// looked at.
const usualWords = 4

// A post's score is a sum over the words of the query and over the places that it has
// them in, as BM25F has it: weight · rarity · how often, which counts less the more often
// and the longer the text. Weights are tuned on test/relevance.
const (
	// stemmed is what an occurrence of another form of the word counts.
	stemmed = 0.6
	// begun is what a word counts that goes on where the one that was typed ends.
	begun = 0.7
	// faint is what words count that say nothing by themselves.
	faint = 0.15
	// recent is what being of today adds to a score; half of that a year later.
	recent   = 0.12
	halfLife = 365
	// maxBegun bounds the words that an open word is scored by.
	maxBegun = 24
)

// region is a place of posts that is scored by itself.
type region struct {
	words, stems string
	weight       float64
	// k: how quickly it counts less that a word is there more often. b: how much the length
	// counts against it; usual is the length at which it counts nothing.
	k, b, usual float64
}

func regions() [4]region {
	return [4]region{
		{words: inWords, stems: inStems, weight: 1, k: 1.2, b: 0.6, usual: 300},
		{words: inTitle, stems: inTitle, weight: 2.4, k: 0.5, b: 0.35, usual: 8},
		{words: inHeadings, stems: inHeadings, weight: 0.6, k: 1, b: 0.4, usual: 30},
		{words: inLabels, stems: inLabels, weight: 0.9, k: 0.6, b: 0.3, usual: 12},
	}
}

// weighed is a word that posts are scored by.
type weighed struct {
	exact, begun, stems []string
	weight, rarity      float64
	titleOnly           bool
	// whole: it is several words of the query in one.
	whole bool
}

// weigh finds what posts are scored by.
func (v *view) weigh(b *budget, terms []query.Node) ([]weighed, error) {
	var all []weighed
	seen := map[string]bool{}
	for _, t := range terms {
		l, ok := lookupOf(t)
		known := fmt.Sprint(l)
		if !ok || seen[known] {
			continue
		}
		seen[known] = true
		for i, w := range l.words {
			one := weighed{exact: []string{w.text}, weight: 1, titleOnly: l.in == query.InTitle}
			if w.letters {
				one.stems = stems(w.text)
			}
			if isFunction(w.text) {
				one.weight = faint
			}
			if l.open && i == len(l.words)-1 && utf8.RuneCountInString(w.text) >= minOpen {
				begun, err := v.complete(b, w.text, maxBegun)
				if err != nil {
					return nil, err
				}
				one.begun = slices.DeleteFunc(begun, func(s string) bool { return s == w.text })
			}
			all = append(all, one)
		}
		if l.whole != "" {
			all = append(all, weighed{exact: []string{l.whole}, stems: l.stems, weight: 1, whole: true, titleOnly: l.in == query.InTitle})
		}
	}
	posts := 0.0
	for _, s := range v.segments {
		posts += float64(len(s.numbers))
	}
	for i := range all {
		having, err := v.having(b, all[i])
		if err != nil {
			return nil, err
		}
		all[i].rarity = math.Log(1 + (posts+0.5)/(having+0.5))
	}
	return all, nil
}

// having is about how many posts have a word in one of its forms.
func (v *view) having(b *budget, w weighed) (float64, error) {
	most := 0.0
	for _, t := range w.exact {
		n, err := v.count(b, inWords, t)
		if err != nil {
			return 0, err
		}
		most = max(most, float64(n))
	}
	for _, t := range w.stems {
		n, err := v.countStem(b, t)
		if err != nil {
			return 0, err
		}
		most = max(most, float64(n))
	}
	if most > 0 || len(w.begun) == 0 {
		return most, nil
	}
	n, err := v.count(b, inWords, w.begun[0])
	return float64(n), err
}

// count is how many posts have a term in the field.
func (v *view) count(b *budget, name, term string) (int, error) {
	n := 0
	for _, s := range v.segments {
		if err := b.spend(1); err != nil {
			return 0, err
		}
		list, err := s.list(name, term)
		if err != nil {
			return 0, err
		}
		if list != nil {
			n += int(list.Count()) //nolint:gosec // documents of a segment
		}
	}
	return n, nil
}

// countStem is about how many posts have a word with the stem: one that has it in several
// forms may count twice.
func (v *view) countStem(b *budget, stem string) (int, error) {
	n, err := v.count(b, inStems, stem)
	if err != nil {
		return 0, err
	}
	own, err := v.count(b, inWords, stem[1:])
	return n + own, err
}

// ranked is a post and its place among those found.
type ranked struct {
	Hit

	day      uint16
	leaf     *leaf
	document uint32
}

func better(a, b ranked) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.day, a.day), cmp.Compare(b.Number, a.Number))
}

// score gives the best size of the posts.
func (v *view) score(b *budget, terms []query.Node, within *roaring.Bitmap, size int) ([]Hit, error) {
	words, err := v.weigh(b, terms)
	if err != nil {
		return nil, err
	}
	documents := make([]*roaring.Bitmap, len(v.segments))
	total, newest := uint64(0), uint16(0)
	for i, s := range v.segments {
		documents[i] = s.documentsOf(within)
		n := documents[i].GetCardinality()
		total += n
		newest = max(newest, s.newest)
		if err := b.spend(1 + int(n/16)); err != nil { //nolint:gosec // documents of a segment
			return nil, err
		}
	}
	if most := uint64(maxScored * usualWords / max(usualWords, len(words))); total > most {
		v.newest(documents, most)
	}
	first := top{most: max(size, maxNear)}
	for i, s := range v.segments {
		if err := s.score(b, words, documents[i], newest, &first); err != nil {
			return nil, err
		}
	}
	best := first.sorted()
	if err := v.near(b, words, best[:min(len(best), maxNear)]); err != nil {
		return nil, err
	}
	slices.SortFunc(best, better)
	hits := make([]Hit, 0, min(size, len(best)))
	for _, r := range best[:min(size, len(best))] {
		hits = append(hits, r.Hit)
	}
	return hits, nil
}

// top keeps the best of what it is offered.
type top struct {
	most int
	// kept are the best, in order up to full, and some more.
	kept []ranked
	full bool
}

func (t *top) offer(r ranked) {
	if t.full && better(r, t.kept[t.most-1]) >= 0 {
		return
	}
	if t.kept = append(t.kept, r); len(t.kept) >= 2*t.most {
		t.kept = t.sorted()
		t.full = true
	}
}

func (t *top) sorted() []ranked {
	slices.SortFunc(t.kept, better)
	return t.kept[:min(len(t.kept), t.most)]
}

// score scores documents of a segment and offers them; newest is the day of the newest
// post of all.
func (s *leaf) score(b *budget, words []weighed, documents *roaring.Bitmap, newest uint16, best *top) error {
	if documents.IsEmpty() {
		return nil
	}
	numbers := documents.ToArray()
	t := tally{
		leaf: s, budget: b, documents: documents, numbers: numbers,
		exact: make([]float32, len(numbers)), stems: make([]float32, len(numbers)), length: make([]float32, len(numbers)),
	}
	scores := make([]float64, len(numbers))
	for _, r := range regions() {
		for _, w := range words {
			if w.titleOnly && r.words != inTitle {
				continue
			}
			if err := t.count(r, w); err != nil {
				return err
			}
			for i := range scores {
				often := float64(t.exact[i])
				often += stemmed * max(0, float64(t.stems[i])-often)
				if often > 0 {
					long := 1 - r.b + r.b*float64(t.length[i])/r.usual
					scores[i] += r.weight * w.weight * w.rarity * often / (often + r.k*long)
				}
			}
		}
	}
	for i, d := range numbers {
		age := float64(newest - s.days[d])
		score := scores[i] * (1 + recent*math.Exp2(-age/halfLife))
		best.offer(ranked{Hit{Number: s.numbers[d], Score: score}, s.days[d], s, d})
	}
	return nil
}

// tally counts how often a word is in a region of each document.
type tally struct {
	leaf      *leaf
	budget    *budget
	documents *roaring.Bitmap
	numbers   []uint32
	// By place in numbers: how often the word is there, how often its stem, and the length
	// of the region.
	exact, stems, length []float32
}

func (t *tally) count(r region, w weighed) error {
	clear(t.exact)
	clear(t.stems)
	for _, word := range w.exact {
		if err := t.add(t.exact, r.words, word, 1); err != nil {
			return err
		}
	}
	for _, word := range w.begun {
		if err := t.add(t.exact, r.words, word, begun); err != nil {
			return err
		}
	}
	for _, stem := range w.stems {
		if err := t.add(t.stems, r.stems, stem, 1); err != nil {
			return err
		}
	}
	for _, own := range ownWords(w.stems) {
		if slices.Contains(w.exact, own) {
			continue
		}
		if err := t.add(t.stems, r.words, own, 1); err != nil {
			return err
		}
	}
	return nil
}

func (t *tally) add(counts []float32, name, term string, weight float32) error {
	list, err := t.leaf.list(name, term)
	if err != nil || list == nil {
		return err
	}
	i := 0
	var stop error
	if err := eachPosting(list, t.documents, false, func(p segment.Posting) bool {
		d := uint32(p.Number()) //nolint:gosec // documents of a segment
		for i < len(t.numbers) && t.numbers[i] < d {
			i++
		}
		if i < len(t.numbers) && t.numbers[i] == d {
			counts[i] += weight * float32(p.Frequency())
			t.length[i] = float32(lengthOf(p))
		}
		stop = t.budget.spend(1)
		return stop == nil
	}); err != nil {
		return err
	}
	return stop
}
