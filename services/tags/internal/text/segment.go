package text

import (
	"encoding/binary"
	"errors"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// This file is all that knows of segments. An index is a list of them, each with its
// own documents, numbered from 0, and its own dictionaries. bleve's searchers go through
// documents one by one; for complete sets of posts the bitmaps of segments are far
// quicker (ADR 0017).

var errStrange = errors.New("segments are not of the kind that this release writes")

// column is what is known of the documents of a segment: it does not change as long as
// the segment is there.
type column struct {
	once sync.Once
	err  error
	// numbers are those of posts by document; days when these were published.
	numbers []uint32
	days    []uint16
	// posts has all numbers; documents are in their order, nil if that is the order of
	// documents anyway.
	posts     *roaring.Bitmap
	documents []uint32
	newest    uint16

	// starts are the documents by beginning of a word, listed the words most frequent
	// with it.
	starts remembered[*roaring.Bitmap]
	listed remembered[[]listed]
}

// columns are those of segments by id.
type columns struct {
	mu   sync.Mutex
	byID map[uint64]*column
}

// view is an index at one moment.
type view struct {
	reader   index.IndexReader
	segments []*leaf
}

// leaf is a segment in a view.
type leaf struct {
	*column

	segment segment.Segment
	deleted *roaring.Bitmap
	dicts   map[string]segment.TermDictionary
}

// open takes a view, to be closed.
func (c *columns) open(ix index.Index) (*view, error) {
	reader, err := ix.Reader()
	if err != nil {
		return nil, err
	}
	snapshot, ok := reader.(*scorch.IndexSnapshot)
	if !ok || snapshot == nil {
		return nil, errStrange
	}
	v := view{reader: reader}
	for _, s := range snapshot.Segments() {
		v.segments = append(v.segments, &leaf{
			column: c.of(s), segment: s.Segment(), deleted: s.Deleted(), dicts: map[string]segment.TermDictionary{},
		})
	}
	c.prune(snapshot.Segments())
	for _, s := range v.segments {
		if s.once.Do(func() { s.err = s.load() }); s.err != nil {
			_ = reader.Close()
			return nil, s.err
		}
	}
	return &v, nil
}

func (v *view) close() { _ = v.reader.Close() }

func (c *columns) of(s *scorch.SegmentSnapshot) *column {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = map[uint64]*column{}
	}
	col := c.byID[s.Id()]
	if col == nil {
		col = &column{}
		c.byID[s.Id()] = col
	}
	return col
}

// prune forgets segments that have been merged, once there are enough of them.
func (c *columns) prune(now []*scorch.SegmentSnapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.byID) <= 2*len(now)+8 {
		return
	}
	kept := make(map[uint64]*column, len(now))
	for _, s := range now {
		if col := c.byID[s.Id()]; col != nil {
			kept[s.Id()] = col
		}
	}
	c.byID = kept
}

// load reads the numbers and days of all documents.
func (s *leaf) load() error {
	n := s.segment.Count()
	s.numbers = make([]uint32, n)
	s.days = make([]uint16, n)
	sorted := true
	for i := range n {
		id, err := s.segment.DocID(i)
		if err != nil {
			return err
		}
		if len(id) != 4 {
			return errStrange
		}
		s.numbers[i] = binary.BigEndian.Uint32(id)
		sorted = sorted && (i == 0 || s.numbers[i-1] < s.numbers[i])
	}
	s.posts = roaring.New()
	s.posts.AddMany(s.numbers)
	if !sorted {
		s.documents = make([]uint32, n)
		for i, number := range s.numbers {
			s.documents[s.posts.Rank(number)-1] = uint32(i)
		}
	}
	dict, err := s.segment.Dictionary(inDays)
	if err != nil {
		return err
	}
	return eachTerm(dict, false, nil, nil, nil, func(e *index.DictEntry) (bool, error) {
		if len(e.Term) != 2 {
			return false, errStrange
		}
		d := binary.BigEndian.Uint16([]byte(e.Term))
		list, err := dict.PostingsList([]byte(e.Term), nil, nil)
		if err != nil {
			return false, err
		}
		for it := bitmapOf(list).Iterator(); it.HasNext(); {
			s.days[it.Next()] = d
		}
		s.newest = max(s.newest, d)
		return true, nil
	})
}

// list is the postings of a term: nil if the segment does not have it.
func (s *leaf) list(field, term string) (segment.PostingsList, error) {
	dict, err := s.dictionary(field)
	if err != nil {
		return nil, err
	}
	list, err := dict.PostingsList([]byte(term), s.deleted, nil)
	if err != nil || list.Count() == 0 {
		return nil, err
	}
	return list, nil
}

func (s *leaf) dictionary(field string) (segment.TermDictionary, error) {
	if dict := s.dicts[field]; dict != nil {
		return dict, nil
	}
	dict, err := s.segment.Dictionary(field)
	if err != nil {
		return nil, err
	}
	s.dicts[field] = dict
	return dict, nil
}

// bitmapOf has the documents of a list. It belongs to the list and must not be changed.
func bitmapOf(list segment.PostingsList) *roaring.Bitmap {
	if list == nil {
		return roaring.New()
	}
	it, ok := list.Iterator(false, false, false, nil).(segment.OptimizablePostingsIterator)
	if !ok {
		return roaring.New() // no postings
	}
	if number, ok := it.DocNum1Hit(); ok {
		return roaring.BitmapOf(uint32(number)) //nolint:gosec // documents of a segment
	}
	if b := it.ActualBitmap(); b != nil {
		return b
	}
	return roaring.New()
}

// eachPosting calls visit for those postings of a list that are of documents; with
// places if these are asked for. It stops when visit says so.
func eachPosting(list segment.PostingsList, documents *roaring.Bitmap, places bool, visit func(segment.Posting) bool) error {
	it := list.Iterator(true, true, places, nil)
	narrow, ok := it.(segment.OptimizablePostingsIterator)
	if !ok {
		return nil
	}
	if b := narrow.ActualBitmap(); b != nil {
		// Where all are wanted the list is gone through as it is, which is quicker.
		if some := roaring.And(b, documents); some.GetCardinality() < b.GetCardinality() {
			narrow.ReplaceActual(some)
		}
	} else if number, ok := narrow.DocNum1Hit(); ok && !documents.Contains(uint32(number)) { //nolint:gosec // documents of a segment
		return nil
	}
	for {
		posting, err := it.Next()
		if err != nil || posting == nil {
			return err
		}
		if !visit(posting) {
			return nil
		}
	}
}

// lengthOf is the length of the field that a posting is of.
func lengthOf(posting segment.Posting) float64 {
	if p, ok := posting.(interface{ NormUint64() uint64 }); ok {
		return float64(p.NormUint64())
	}
	n := posting.Norm()
	return 1 / (n * n)
}

// everything is the automaton that takes all terms.
type everything struct{}

func (everything) Start() int                   { return 0 }
func (everything) IsMatch(int) bool             { return true }
func (everything) CanMatch(int) bool            { return true }
func (everything) WillAlwaysMatch(int) bool     { return true }
func (everything) Accept(state int, _ byte) int { return state }

// eachTerm calls visit for the terms of a dictionary from start to before end that the
// automaton takes, in order; nil stands for no bound and for all. Counts are of all
// documents, also of those that are deleted; not counting is quicker. It stops when visit
// says so.
func eachTerm(dict segment.TermDictionary, counts bool, a segment.Automaton, start, end []byte, visit func(*index.DictEntry) (bool, error)) error {
	if a == nil {
		a = everything{}
	}
	var it segment.DictionaryIterator
	if quick, ok := dict.(interface {
		AutomatonIteratorOmitCount(a segment.Automaton, start, end []byte) segment.DictionaryIterator
	}); ok && !counts {
		it = quick.AutomatonIteratorOmitCount(a, start, end)
	} else {
		it = dict.AutomatonIterator(a, start, end)
	}
	for {
		entry, err := it.Next()
		if err != nil || entry == nil {
			return err
		}
		if on, err := visit(entry); err != nil || !on {
			return err
		}
	}
}

// after is the end of all terms that begin so.
func after(start string) []byte {
	end := []byte(start)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}

// postsOf are the numbers of documents.
func (s *leaf) postsOf(documents *roaring.Bitmap, into *roaring.Bitmap) {
	var from, to [1024]uint32
	it := documents.ManyIterator()
	for {
		n := it.NextMany(from[:])
		if n == 0 {
			return
		}
		for i, d := range from[:n] {
			to[i] = s.numbers[d]
		}
		into.AddMany(to[:n])
	}
}

// documentsOf are the documents of posts, without those that are deleted.
func (s *leaf) documentsOf(posts *roaring.Bitmap) *roaring.Bitmap {
	here := roaring.And(s.posts, posts)
	documents := roaring.New()
	if here.IsEmpty() {
		return documents
	}
	found := make([]uint32, 0, here.GetCardinality())
	few := here.GetCardinality()*16 < s.posts.GetCardinality()
	rank, all := uint32(0), s.posts.Iterator()
	for it := here.Iterator(); it.HasNext(); {
		number := it.Next()
		if few {
			rank = uint32(s.posts.Rank(number) - 1) //nolint:gosec // documents of a segment
		} else {
			for all.Next() != number {
				rank++
			}
		}
		d := rank
		if s.documents != nil {
			d = s.documents[rank]
		}
		found = append(found, d)
		rank++
	}
	documents.AddMany(found)
	if s.deleted != nil {
		documents.AndNot(s.deleted)
	}
	return documents
}
