package text

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	index "github.com/blevesearch/bleve_index_api"
	bolt "go.etcd.io/bbolt/errors"
)

// ErrRemoved is in what Lost is told of a site of which nothing is left.
var ErrRemoved = errors.New("the full text was removed")

// lostAgain is how soon after it was made anew an index is not taken for damaged once more:
// what made anew does not help against is no damage, and must not keep a replica busy.
const lostAgain = time.Minute

// segmentList is bleve's file of which segments there are.
const segmentList = "root.bolt"

var (
	errDamaged = errors.New("the full text is damaged")
	errEmpty   = fmt.Errorf("%w: none of its segments can be read", errDamaged)
	errOld     = errors.New("the full text is of another edition")
	errRefused = errors.New("the full text cannot be written to disk")
	errClosed  = errors.New("the full text is closed")
)

// Options are those of all indexes of a process.
type Options struct {
	// Dir is the folder of the indexes, one in it for each site; nobody else writes there.
	// Empty: a folder for as long as the process lives.
	Dir string
	// MaxOpen is about how many indexes are open at a time; 0 means 64. Each takes three
	// goroutines and some 20 kB without posts.
	MaxOpen int
	// Idle is after which time without use an index is closed; 0 means 10 minutes.
	Idle time.Duration
	// Lost is told of a site of which the index was removed, because it was damaged or of
	// an older edition, or of which not everything was written when it was closed: what it
	// lacks since its Position has to be put in again; all of it where err is ErrRemoved. It
	// must not use the index.
	Lost func(site string, err error)
}

// Sites are the indexes of all sites of an installation. Safe for concurrent use.
type Sites struct {
	options   Options
	temporary bool
	queue     *index.AnalysisQueue
	typos     typos
	// analysers remember stems from one post to the next.
	analysers sync.Pool
	// checked has the files of segments that are whole: these do not change any more.
	checked sync.Map
	uses    atomic.Int64
	count   atomic.Int64

	mu     sync.Mutex
	byName map[string]*Site
	closed bool
}

// Open prepares the indexes; none is opened yet.
func Open(options Options) (*Sites, error) {
	s := Sites{options: options, byName: map[string]*Site{}}
	s.options.MaxOpen = cmp.Or(options.MaxOpen, 64)
	s.options.Idle = cmp.Or(options.Idle, 10*time.Minute)
	if options.Dir == "" {
		dir, err := os.MkdirTemp("", "parution-text-")
		if err != nil {
			return nil, fmt.Errorf("make a folder for the full text: %w", err)
		}
		s.options.Dir, s.temporary = dir, true
	} else if err := os.MkdirAll(options.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the folder of the full text: %w", err)
	}
	s.queue = index.NewAnalysisQueue(max(runtime.GOMAXPROCS(0), 2))
	return &s, nil
}

// Of is the index of a site.
func (s *Sites) Of(site string) *Site {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.byName[site]
	if one == nil {
		one = &Site{sites: s, name: site}
		s.byName[site] = one
	}
	return one
}

// Remove removes the index of a site; one that is used after that is empty.
func (s *Sites) Remove(site string) error {
	one := s.Of(site)
	one.mu.Lock()
	defer one.mu.Unlock()
	return s.removeLocked(one)
}

func (s *Sites) removeLocked(one *Site) error {
	_ = one.closeLocked() // what could not be written is removed anyway
	if err := os.RemoveAll(s.dir(one.name)); err != nil {
		return fmt.Errorf("remove the full text of site %s: %w", one.name, err)
	}
	return nil
}

// Reset removes all indexes, also those of sites that nobody has asked for.
func (s *Sites) Reset() error {
	s.mu.Lock()
	names := make([]string, 0, len(s.byName))
	for name := range s.byName {
		names = append(names, name)
	}
	s.mu.Unlock()
	for _, name := range names {
		if err := s.Remove(name); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(s.options.Dir)
	if err != nil {
		return fmt.Errorf("read the folder of the full text: %w", err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(s.options.Dir, e.Name())); err != nil {
			return fmt.Errorf("remove the full text: %w", err)
		}
	}
	return nil
}

// Close closes all indexes. What could not be written is put in again after a start.
func (s *Sites) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	all := make([]*Site, 0, len(s.byName))
	for _, one := range s.byName {
		all = append(all, one)
	}
	s.mu.Unlock()
	var errs []error
	for _, one := range all {
		errs = append(errs, one.Close())
	}
	s.queue.Close()
	if s.temporary {
		errs = append(errs, os.RemoveAll(s.options.Dir))
	}
	return errors.Join(errs...)
}

// dir is the folder of a site, whatever its id.
func (s *Sites) dir(site string) string {
	for _, r := range site {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return filepath.Join(s.options.Dir, "_"+hex.EncodeToString([]byte(site)))
		}
	}
	return filepath.Join(s.options.Dir, "s-"+site)
}

// open opens the index of a site, and closes one that was not used for long if there are
// too many.
func (s *Sites) open(one *Site) error {
	err := s.openOne(one)
	for more := true; more && s.count.Load() > int64(s.options.MaxOpen); {
		more = s.closeOldest(one)
	}
	return err
}

func (s *Sites) openOne(one *Site) error {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.open != nil {
		return nil
	}
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return errClosed
	}
	dir := s.dir(one.name)
	before, err := filepath.Glob(filepath.Join(dir, "*.zap"))
	if err != nil {
		return fmt.Errorf("look for the full text of site %s: %w", one.name, err)
	}
	_, listed := os.Stat(filepath.Join(dir, segmentList))
	o, err := openIndex(dir, s.queue, &s.analysers)
	if err == nil {
		if err = s.check(o); err == nil && listed == nil && o.position() == (Position{}) {
			// bleve goes on without segments that it cannot read, and would say so at each start.
			err = errEmpty
		}
		if err != nil {
			_ = o.index.Close()
		}
	}
	if err != nil && isDamage(err) {
		if !errors.Is(err, errEmpty) || len(before) > 0 {
			s.report(one.name, fmt.Errorf("%w: %w", ErrRemoved, err))
		}
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove a damaged full text: %w", err)
		}
		o, err = openIndex(dir, s.queue, &s.analysers)
	}
	if err != nil {
		return fmt.Errorf("open the full text of site %s: %w", one.name, err)
	}
	one.open = o
	one.used.Store(s.uses.Add(1))
	one.idle = time.AfterFunc(s.options.Idle, func() {
		if err := one.Close(); err != nil {
			s.report(one.name, err)
		}
	})
	s.count.Add(1)
	return nil
}

// isDamage tells whether to make an index anew that cannot be opened or read: not if the
// trouble is outside of it.
func isDamage(err error) bool {
	for _, other := range []error{
		context.Canceled, context.DeadlineExceeded, errRefused, errClosed, bolt.ErrTimeout, fs.ErrPermission, syscall.ENOSPC, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EROFS, syscall.EDQUOT,
	} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}

// closeOldest closes the index that was not used for longest, if nobody uses it.
func (s *Sites) closeOldest(but *Site) bool {
	s.mu.Lock()
	all := make([]*Site, 0, len(s.byName))
	for _, one := range s.byName {
		if one != but {
			all = append(all, one)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b *Site) int { return cmp.Compare(a.used.Load(), b.used.Load()) })
	for _, one := range all {
		if !one.mu.TryLock() {
			continue
		}
		was := one.open != nil
		err := one.closeLocked()
		one.mu.Unlock()
		if err != nil {
			s.report(one.name, err)
		}
		if was {
			return true
		}
	}
	return false
}

// lose removes an index that turned out to be damaged, unless that was done already. It is
// false for one that was made anew a moment ago: that does not help.
func (s *Sites) lose(one *Site, o *opened, err error) bool {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.open != o {
		return true
	}
	if !one.lost.IsZero() && time.Since(one.lost) < lostAgain {
		return false
	}
	one.lost = time.Now()
	// It is told first: nobody takes what is empty for all that there is.
	s.report(one.name, fmt.Errorf("%w: %w", ErrRemoved, err))
	if err := s.removeLocked(one); err != nil {
		s.report(one.name, err)
	}
	return true
}

func (s *Sites) report(site string, err error) {
	if s.options.Lost != nil {
		s.options.Lost(site, err)
	}
}
