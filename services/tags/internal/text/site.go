package text

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/parution/parution/services/tags/internal/query"
)

const (
	// maxWaiting bounds the documents that are found already and not on disk yet.
	maxWaiting = 20_000
	// minParted is how many documents are worth being put in by several at once, maxParted
	// how many there are then at most.
	minParted, maxParted = 200, 4
	// lastWait is how long closing waits for the disk.
	lastWait = 10 * time.Second
	// lookAgain is how often who waits for the disk looks whether it refuses.
	lookAgain = 50 * time.Millisecond
	// napMillis is how long bleve waits for more before it writes: a disk that is full is
	// asked no more often than that.
	napMillis = 20
)

// Internal keys.
const (
	positionKey = "position"
	editionKey  = "edition"
)

// opened is the index of a site, open.
type opened struct {
	index     index.Index
	analysers *sync.Pool
	errs      *uint64
	columns   columns

	putting sync.Mutex

	mu sync.Mutex
	// waiting are documents that are not on disk yet; kept is the position that is, refused
	// how many errors there had been when something was last written.
	waiting int
	kept    Position
	refused uint64
	// written is closed and made anew whenever something is written.
	written chan struct{}
}

// openIndex opens or makes the index in a folder.
func openIndex(dir string, queue *index.AnalysisQueue, analysers *sync.Pool) (o *opened, err error) {
	defer func() {
		// bleve's files are read as they are: damage may show as a panic.
		if r := recover(); r != nil {
			o, err = nil, fmt.Errorf("%w: %v", errDamaged, r)
		}
	}()
	ix, err := scorch.NewScorch(scorch.Name, map[string]any{
		"path": dir,
		// Put does not wait for the disk; Position says what is on it.
		"unsafe_batch": true,
		// Another process may have it: that is no damage.
		"bolt_timeout":           "1s",
		"scorchPersisterOptions": map[string]any{"PersisterNapTimeMSec": napMillis},
	}, queue)
	if err != nil {
		return nil, err
	}
	if err := ix.Open(); err != nil {
		return nil, err
	}
	o = &opened{index: ix, analysers: analysers, written: make(chan struct{})}
	if s, ok := ix.(*scorch.Scorch); ok {
		if stats, ok := s.Stats().(*scorch.Stats); ok {
			o.errs = &stats.TotOnErrors
		}
	}
	if err := o.restore(); err != nil {
		_ = ix.Close()
		return nil, err
	}
	return o, nil
}

// restore reads what is known of the index, and all columns.
func (o *opened) restore() error {
	reader, err := o.index.Reader()
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }()
	edition, err := reader.GetInternal([]byte(editionKey))
	if err != nil {
		return err
	}
	position, err := reader.GetInternal([]byte(positionKey))
	if err != nil {
		return err
	}
	switch {
	case len(edition) == 0 && len(position) == 0:
		return nil // new
	case len(edition) != 4 || binary.BigEndian.Uint32(edition) != Edition:
		return errOld
	case len(position) != 12:
		return errDamaged
	}
	o.kept = Position{
		Epoch: int32(binary.BigEndian.Uint32(position)),     //nolint:gosec // as it was written
		Pos:   int64(binary.BigEndian.Uint64(position[4:])), //nolint:gosec // as it was written
	}
	v, err := o.columns.open(o.index)
	if err != nil {
		return err
	}
	v.close()
	return nil
}

func (o *opened) put(documents []Document, at Position) error {
	o.putting.Lock()
	defer o.putting.Unlock()
	n := len(documents)
	batches := o.batches(documents)
	// The position goes with the last batch, and after all others: it says that these are
	// there, too.
	last := batches[len(batches)-1]
	last.SetInternal([]byte(editionKey), binary.BigEndian.AppendUint32(nil, Edition))
	position := binary.BigEndian.AppendUint32(nil, uint32(at.Epoch))                               //nolint:gosec // read as it is written
	last.SetInternal([]byte(positionKey), binary.BigEndian.AppendUint64(position, uint64(at.Pos))) //nolint:gosec // read as it is written
	last.SetPersistedCallback(func(err error) { o.persisted(err, n, at) })
	o.mu.Lock()
	o.waiting += n
	o.mu.Unlock()
	errs := make([]error, len(batches)-1)
	var wg sync.WaitGroup
	for i, b := range batches[:len(batches)-1] {
		wg.Go(func() { errs[i] = o.index.Batch(b) })
	}
	wg.Wait()
	err := errors.Join(errs...)
	if err == nil {
		err = o.index.Batch(last)
	}
	if err != nil {
		o.mu.Lock()
		o.waiting -= n
		o.mu.Unlock()
		return fmt.Errorf("put %d posts into the full text: %w", n, err)
	}
	return o.wait(maxWaiting, 0)
}

// batches parts documents, so that a great many are worked on side by side: the last
// batch has none then.
func (o *opened) batches(documents []Document) []*index.Batch {
	batches := []*index.Batch{index.NewBatch()}
	n := uint32(1)
	if len(documents) >= minParted {
		n = uint32(min(runtime.GOMAXPROCS(0), maxParted)) //nolint:gosec // small
		for range n {
			batches = append(batches, index.NewBatch())
		}
	}
	for _, d := range documents {
		// All of one post are in one batch, where the last counts.
		b := batches[d.Number%n]
		if d.Source == nil {
			b.Delete(key(d.Number))
			continue
		}
		b.Update(newDocument(d, o.analysers))
	}
	return batches
}

// persisted is called by bleve when a batch is on disk.
func (o *opened) persisted(err error, documents int, at Position) {
	if err != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting -= documents
	o.kept = at
	o.refused = o.errors()
	close(o.written)
	o.written = make(chan struct{})
}

func (o *opened) errors() uint64 {
	if o.errs == nil {
		return 0
	}
	return atomic.LoadUint64(o.errs)
}

// wait waits until at most so many documents are not on disk yet: an error if the disk
// refuses them. Longest is how long it waits at most; 0 is for ever.
func (o *opened) wait(most int, longest time.Duration) error {
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	var end <-chan time.Time
	if longest > 0 {
		end = time.After(longest)
	}
	for {
		o.mu.Lock()
		written, refuses, left := o.written, o.errors() > o.refused, o.waiting > most
		o.mu.Unlock()
		switch {
		case refuses:
			return errRefused
		case !left:
			return nil
		}
		select {
		case <-written:
		case <-look.C:
		case <-end:
			return errRefused
		}
	}
}

func (o *opened) position() Position {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.kept
}

func (o *opened) close() error {
	err := o.wait(0, lastWait)
	return errors.Join(err, o.index.Close())
}

// Site is the full text of one site: see Index. It opens when it is used.
type Site struct {
	sites *Sites
	name  string

	// mu is held shared by who uses what is open.
	mu   sync.RWMutex
	open *opened
	idle *time.Timer
	// used is when it was last used, in uses of all sites.
	used atomic.Int64
}

// use opens the index if need be and does something with it. What turns out to be damaged
// is removed.
func (s *Site) use(do func(*opened) error) error {
	for {
		s.mu.RLock()
		if s.open != nil {
			break
		}
		s.mu.RUnlock()
		if err := s.sites.open(s); err != nil {
			return err
		}
	}
	s.used.Store(s.sites.uses.Add(1))
	s.idle.Reset(s.sites.options.Idle)
	o := s.open
	err := safely(o, do)
	s.mu.RUnlock()
	if errors.Is(err, errDamaged) || errors.Is(err, errStrange) {
		s.sites.lose(s, o, err)
	}
	return err
}

// safely turns a panic over damaged files into an error.
func safely(o *opened, do func(*opened) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errDamaged, r)
		}
	}()
	return do(o)
}

// view does something with the index as it is now.
func (s *Site) view(ctx context.Context, do func(*budget, *view) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.use(func(o *opened) error {
		v, err := o.columns.open(o.index)
		if err != nil {
			return err
		}
		defer v.close()
		return do(newBudget(ctx), v)
	})
}

// Put implements Index.
func (s *Site) Put(documents []Document, at Position) error {
	return s.use(func(o *opened) error { return o.put(documents, at) })
}

// Position implements Index.
func (s *Site) Position() (at Position, err error) {
	err = s.use(func(o *opened) error {
		at = o.position()
		return nil
	})
	return at, err
}

// Match implements Index.
func (s *Site) Match(ctx context.Context, term query.Node) (posts *roaring.Bitmap, err error) {
	l, ok := lookupOf(term)
	if !ok {
		return roaring.New(), nil
	}
	err = s.view(ctx, func(b *budget, v *view) error {
		posts, err = v.match(b, l)
		return err
	})
	return posts, err
}

// Score implements Index.
func (s *Site) Score(ctx context.Context, terms []query.Node, within *roaring.Bitmap, size int) (hits []Hit, err error) {
	err = s.view(ctx, func(b *budget, v *view) error {
		hits, err = v.score(b, terms, within, size)
		return err
	})
	return hits, err
}

// Complete implements Index.
func (s *Site) Complete(ctx context.Context, start string, size int) (words []string, err error) {
	l, _ := lookupOf(query.Word{Text: start})
	if len(l.words) != 1 || size <= 0 {
		return nil, nil
	}
	err = s.view(ctx, func(b *budget, v *view) error {
		folded, err := v.complete(b, l.words[0].text, size)
		if err != nil {
			return err
		}
		words, err = v.writtenAll(b, folded)
		return err
	})
	return words, err
}

// Correct implements Index.
func (s *Site) Correct(ctx context.Context, word string, size int) (words []string, err error) {
	l, _ := lookupOf(query.Word{Text: word})
	if len(l.words) != 1 || size <= 0 {
		return nil, nil
	}
	err = s.view(ctx, func(b *budget, v *view) error {
		known, err := v.having(b, weighed{exact: []string{l.words[0].text}, stems: l.stems})
		if err != nil || known > 0 {
			return err
		}
		folded, err := v.correct(b, &s.sites.typos, l.words[0].text, size)
		if err != nil {
			return err
		}
		words, err = v.writtenAll(b, folded)
		return err
	})
	return words, err
}

// Terms implements Index.
func (s *Site) Terms(ctx context.Context, language string, source Source, size int) (terms []Term, err error) {
	err = s.view(ctx, func(b *budget, v *view) error {
		terms, err = v.telling(b, source, stemmerOf(language), size)
		return err
	})
	return slices.Clip(terms), err
}

// Close implements Index.
func (s *Site) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closeLocked()
}

func (s *Site) closeLocked() error {
	if s.open == nil {
		return nil
	}
	o := s.open
	s.open = nil
	s.idle.Stop()
	s.sites.count.Add(-1)
	return o.close()
}
