package text

import (
	"unicode/utf8"

	"github.com/RoaringBitmap/roaring/v2"
	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"github.com/parution/parution/services/tags/internal/query"
)

const (
	// minOpen is how many letters a word needs to be open, in characters: nearly every post
	// has a word with a certain first letter.
	minOpen = 2
	// maxOpen bounds the words that an open word stands for, in each segment.
	maxOpen = 20_000
	// maxOpenPlaces bounds them where places have to be looked at.
	maxOpenPlaces = 500
	// maxPhrasePosts bounds the posts of which places are looked at for a phrase, and
	// maxPhraseSteps these times the words of the phrase.
	maxPhrasePosts = 100_000
	maxPhraseSteps = 1_000_000
)

// match finds the posts that have a term.
func (v *view) match(b *budget, l lookup) (*roaring.Bitmap, error) {
	posts := roaring.New()
	if len(l.words) == 0 {
		return posts, nil
	}
	found := make([]*roaring.Bitmap, len(v.segments))
	for i, s := range v.segments {
		if err := b.spend(1); err != nil {
			return nil, err
		}
		var err error
		if found[i], err = s.words(b, l); err != nil {
			return nil, err
		}
	}
	if len(l.words) > 1 {
		if err := v.phrase(b, l, found); err != nil {
			return nil, err
		}
	}
	for i, s := range v.segments {
		if err := b.spend(1 + int(found[i].GetCardinality()/64)); err != nil { //nolint:gosec // documents of a segment
			return nil, err
		}
		s.postsOf(found[i], posts)
	}
	return posts, nil
}

// words finds the documents that have a single word in one of its forms.
func (s *leaf) words(b *budget, l lookup) (*roaring.Bitmap, error) {
	found := roaring.New()
	exact := l.whole
	if len(l.words) == 1 {
		exact = l.words[0].text
	}
	if exact == "" {
		return found, nil
	}
	if err := s.add(found, l.in, inWords, exact); err != nil {
		return nil, err
	}
	for _, stem := range l.stems {
		if err := s.add(found, l.in, inStems, stem); err != nil {
			return nil, err
		}
	}
	for _, own := range ownWords(l.stems) {
		if own == exact {
			continue
		}
		if err := s.add(found, l.in, inWords, own); err != nil {
			return nil, err
		}
	}
	if !l.open {
		return found, nil
	}
	return found, s.open(b, found, l.in, exact)
}

// add adds the documents that have the term in a place of the field. The index field is
// the one of words or that of stems.
func (s *leaf) add(found *roaring.Bitmap, in query.Field, name, term string) error {
	if in == query.InTitle {
		name = inTitle
	}
	list, err := s.list(name, term)
	if err != nil || list == nil {
		return err
	}
	if in != query.InBody {
		found.Or(bitmapOf(list))
		return nil
	}
	return s.addBody(found, list, term)
}

// addBody adds the documents that have the term elsewhere than in title and labels.
func (s *leaf) addBody(found *roaring.Bitmap, list segment.PostingsList, term string) error {
	above := roaring.New()
	var lists []segment.PostingsList
	for _, name := range []string{inTitle, inLabels} {
		l, err := s.list(name, term)
		if err != nil {
			return err
		}
		if l != nil {
			above.Or(bitmapOf(l))
			lists = append(lists, l)
		}
	}
	found.Or(roaring.AndNot(bitmapOf(list), above))
	if above.IsEmpty() {
		return nil
	}
	counts := make(map[uint64]uint64, above.GetCardinality())
	for _, l := range lists {
		if err := eachPosting(l, above, false, func(p segment.Posting) bool {
			counts[p.Number()] += p.Frequency()
			return true
		}); err != nil {
			return err
		}
	}
	return eachPosting(list, above, false, func(p segment.Posting) bool {
		if p.Frequency() > counts[p.Number()] {
			found.Add(uint32(p.Number())) //nolint:gosec // documents of a segment
		}
		return true
	})
}

// open adds the documents that have a word that begins so.
func (s *leaf) open(b *budget, found *roaring.Bitmap, in query.Field, start string) error {
	if utf8.RuneCountInString(start) < minOpen {
		return nil
	}
	switch in {
	case query.InTitle:
		return s.openIn(b, found, inTitle, start)
	case query.Anywhere:
		return s.openIn(b, found, inWords, start)
	case query.InBody:
	}
	dict, err := s.dictionary(inWords)
	if err != nil {
		return err
	}
	terms, err := begin(b, dict, start, maxOpenPlaces)
	if err != nil {
		return err
	}
	for _, t := range terms {
		if err := b.spend(4); err != nil {
			return err
		}
		if err := s.add(found, in, inWords, t); err != nil {
			return err
		}
	}
	return nil
}

// begin lists terms of a dictionary that begin so.
func begin(b *budget, dict segment.TermDictionary, start string, most int) ([]string, error) {
	var terms []string
	err := eachTerm(dict, false, nil, []byte(start), after(start), func(e *index.DictEntry) (bool, error) {
		terms = append(terms, e.Term)
		return len(terms) < most, b.spend(1)
	})
	return terms, err
}

// openIn adds the documents that have a term of the field that begins so. A short
// beginning is that of thousands of words, and asked for again with each letter that
// somebody types: what it leads to is remembered.
func (s *leaf) openIn(b *budget, found *roaring.Bitmap, name, start string) error {
	known := name + start
	documents := s.starts.get(known)
	if documents == nil {
		dict, err := s.dictionary(name)
		if err != nil {
			return err
		}
		terms, err := begin(b, dict, start, maxOpen)
		if err != nil {
			return err
		}
		if documents, err = unionOf(b, dict, terms, len(s.numbers)); err != nil {
			return err
		}
		if len(terms) >= minRemembered {
			s.starts.put(known, documents)
		}
	}
	if s.deleted != nil {
		documents = roaring.AndNot(documents, s.deleted)
	}
	found.Or(documents)
	return nil
}

// unionOf are the documents that have one of the terms, those that are deleted included.
// Thousands of small sets are quicker put together bit by bit.
func unionOf(b *budget, dict segment.TermDictionary, terms []string, documents int) (*roaring.Bitmap, error) {
	bits := make([]uint64, (documents+63)/64)
	var list segment.PostingsList
	var err error
	for _, t := range terms {
		if err := b.spend(4); err != nil {
			return nil, err
		}
		if list, err = dict.PostingsList([]byte(t), nil, list); err != nil {
			return nil, err
		}
		for it := bitmapOf(list).Iterator(); it.HasNext(); {
			d := it.Next()
			bits[d/64] |= 1 << (d % 64)
		}
	}
	return roaring.FromDense(bits, false), nil
}

// phrase adds to found the documents in which the words stand side by side.
func (v *view) phrase(b *budget, l lookup, found []*roaring.Bitmap) error {
	candidates := make([]*roaring.Bitmap, len(v.segments))
	total := uint64(0)
	for i, s := range v.segments {
		if err := b.spend(len(l.words)); err != nil {
			return err
		}
		var err error
		if candidates[i], err = s.candidates(b, l); err != nil {
			return err
		}
		total += candidates[i].GetCardinality()
	}
	if most := uint64(min(maxPhrasePosts, maxPhraseSteps/len(l.words))); total > most {
		v.newest(candidates, most)
	}
	for i, s := range v.segments {
		if err := s.phrase(b, l, candidates[i], found[i]); err != nil {
			return err
		}
	}
	return nil
}

// candidates are the documents that have all words of a phrase.
func (s *leaf) candidates(b *budget, l lookup) (*roaring.Bitmap, error) {
	var all *roaring.Bitmap
	for i, w := range l.words {
		var here *roaring.Bitmap
		if l.open && i == len(l.words)-1 {
			here = roaring.New()
			if err := s.add(here, query.Anywhere, inWords, w.text); err != nil {
				return nil, err
			}
			if err := s.open(b, here, query.Anywhere, w.text); err != nil {
				return nil, err
			}
		} else {
			list, err := s.list(inWords, w.text)
			if err != nil {
				return nil, err
			}
			here = bitmapOf(list)
		}
		if all == nil {
			all = here.Clone()
		} else {
			all.And(here)
		}
		if all.IsEmpty() {
			break
		}
	}
	return all, nil
}

// phrase adds those of the candidates in which the words stand side by side.
func (s *leaf) phrase(b *budget, l lookup, candidates, found *roaring.Bitmap) error {
	from, to := titlePlace, 1<<31-1
	switch l.in {
	case query.InTitle:
		to = labelPlace
	case query.InBody:
		from = bodyPlace
	case query.Anywhere:
	}
	words := l.words
	if l.open {
		// What the last word may be stands anywhere in the post: its places are those of
		// thousands of words.
		words = words[:len(words)-1]
	}
	// starts are the places where the phrase may begin, of each candidate.
	var starts map[uint32][]int
	left := candidates
	for i, w := range words {
		if left.IsEmpty() {
			return nil
		}
		list, err := s.list(inWords, w.text)
		if err != nil || list == nil {
			return err
		}
		offset := w.at - words[0].at
		next := make(map[uint32][]int, left.GetCardinality())
		still := roaring.New()
		var stop error
		if err := eachPosting(list, left, true, func(p segment.Posting) bool {
			d := uint32(p.Number()) //nolint:gosec // documents of a segment
			at := starting(p.Locations(), offset, from, to)
			if i > 0 {
				at = both(starts[d], at)
			}
			if len(at) > 0 {
				next[d] = at
				still.Add(d)
			}
			stop = b.spend(1 + len(p.Locations())/4)
			return stop == nil
		}); err != nil {
			return err
		}
		if stop != nil {
			return stop
		}
		starts, left = next, still
	}
	found.Or(left)
	return nil
}

// starting are the places where a phrase begins that has a word so far from its start.
func starting(locations []segment.Location, offset, from, to int) []int {
	at := make([]int, 0, len(locations))
	for _, l := range locations {
		if p := int(l.Pos()); p-offset >= from && p < to { //nolint:gosec // places are below 1<<20
			at = append(at, p-offset)
		}
	}
	return at
}

// both has what both have; they are in order, and a is changed.
func both(a, b []int) []int {
	kept := a[:0]
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			kept = append(kept, a[0])
			a, b = a[1:], b[1:]
		}
	}
	return kept
}

// newest leaves of the documents of all segments about as many as there may be, those of
// the newest posts.
func (v *view) newest(documents []*roaring.Bitmap, most uint64) {
	var counts [1 << 16]uint64
	for i, s := range v.segments {
		for it := documents[i].Iterator(); it.HasNext(); {
			counts[s.days[it.Next()]]++
		}
	}
	since, n := len(counts)-1, counts[len(counts)-1]
	for since > 0 && n+counts[since-1] <= most {
		since--
		n += counts[since]
	}
	if n == 0 {
		// One day alone has more than that.
		for since > 0 && n == 0 {
			since--
			n += counts[since]
		}
	}
	for i, s := range v.segments {
		kept, left := roaring.New(), most
		for it := documents[i].Iterator(); it.HasNext() && left > 0; {
			if d := it.Next(); int(s.days[d]) >= since {
				kept.Add(d)
				left--
			}
		}
		documents[i] = kept
	}
}
