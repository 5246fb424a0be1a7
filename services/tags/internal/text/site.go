package text

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/tags/internal/query"
)

// Site is the full text of one site: see Index. It opens when it is used.
type Site struct {
	sites *Sites
	name  string

	// mu is held shared by who uses what is open.
	mu   sync.RWMutex
	open *opened
	idle *time.Timer
	// lost is when it was last removed because of damage.
	lost time.Time
	// used is when it was last used, in uses of all sites.
	used atomic.Int64
}

// use opens the index if need be and does something with it. What turns out to be damaged
// is removed: bleve reads its files as they are, and so whatever it cannot do with them is
// taken for damage.
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
	if err != nil && isDamage(err) && s.sites.lose(s, o, err) {
		return fault.Wrap(fault.KindUnavailable, err, "the full text of the site is made anew; try again in a moment")
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
