package text

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
)

const (
	// maxWaiting bounds the documents that are found already and not on disk yet.
	maxWaiting = 20_000
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
	// One batch is one segment. Several side by side would be made sooner where a core
	// is idle, but they have to be merged, which takes more than is won.
	batch := index.NewBatch()
	for _, d := range documents {
		if d.Source == nil {
			batch.Delete(key(d.Number))
		} else {
			batch.Update(newDocument(d, o.analysers))
		}
	}
	batch.SetInternal([]byte(editionKey), binary.BigEndian.AppendUint32(nil, Edition))
	position := binary.BigEndian.AppendUint32(nil, uint32(at.Epoch))                                //nolint:gosec // read as it is written
	batch.SetInternal([]byte(positionKey), binary.BigEndian.AppendUint64(position, uint64(at.Pos))) //nolint:gosec // read as it is written
	batch.SetPersistedCallback(func(err error) { o.persisted(err, n, at) })
	o.mu.Lock()
	o.waiting += n
	o.mu.Unlock()
	err := o.index.Batch(batch)
	if err != nil {
		o.mu.Lock()
		o.waiting -= n
		o.mu.Unlock()
		return fmt.Errorf("put %d posts into the full text: %w", n, err)
	}
	return o.wait(maxWaiting, 0)
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
