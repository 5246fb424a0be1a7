package text

import (
	"github.com/RoaringBitmap/roaring/v2"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

const (
	// maxNear bounds the posts of which it is looked at whether the words of a question
	// stand together: the best without that, whatever the size of the page, so that all
	// pages agree.
	maxNear = 200
	// maxPairs bounds the neighbours of a question that are looked at.
	maxPairs = 6
	// apart is how far neighbours may stand apart: "startup d'État", "startup de l'État".
	apart = 3
	// together is what it adds to a score, in shares of the rarity of both.
	together = 0.4
)

// near adds to the scores of posts in which neighbours of the question stand together, in
// the form that was typed.
func (v *view) near(b *budget, words []weighed, posts []ranked) error {
	var pairs [][2]weighed
	for i := 1; i < len(words) && len(pairs) < maxPairs; i++ {
		if words[i-1].exact[0] != words[i].exact[0] && words[i-1].weight == 1 && words[i].weight == 1 && !words[i].whole {
			pairs = append(pairs, [2]weighed{words[i-1], words[i]})
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	for _, s := range v.segments {
		byDocument := map[uint32]int{}
		documents := roaring.New()
		for i, p := range posts {
			if p.leaf == s {
				byDocument[p.document] = i
				documents.Add(p.document)
			}
		}
		if documents.IsEmpty() {
			continue
		}
		for _, p := range pairs {
			first, err := s.places(b, p[0].exact[0], documents)
			if err != nil {
				return err
			}
			second, err := s.places(b, p[1].exact[0], documents)
			if err != nil {
				return err
			}
			for d, at := range first {
				if stands(at, second[d]) {
					posts[byDocument[d]].Score += together * (p[0].rarity + p[1].rarity) / 2
				}
			}
		}
	}
	return nil
}

// places are those of a word in documents.
func (s *leaf) places(b *budget, word string, documents *roaring.Bitmap) (map[uint32][]int, error) {
	list, err := s.list(inWords, word)
	if err != nil || list == nil {
		return nil, err
	}
	all := map[uint32][]int{}
	var stop error
	err = eachPosting(list, documents, true, func(p segment.Posting) bool {
		all[uint32(p.Number())] = starting(p.Locations(), 0, titlePlace, 1<<31-1) //nolint:gosec // documents of a segment
		stop = b.spend(1 + len(p.Locations())/4)
		return stop == nil
	})
	if err == nil {
		err = stop
	}
	return all, err
}

// stands tells whether one of b is just behind one of a; both are in order.
func stands(a, b []int) bool {
	for len(a) > 0 && len(b) > 0 {
		switch d := b[0] - a[0]; {
		case d <= 0:
			b = b[1:]
		case d <= apart:
			return true
		default:
			a = a[1:]
		}
	}
	return false
}
