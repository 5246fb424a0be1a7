package idempotency

import (
	"bytes"
	"crypto/sha256"
	"sync"

	"github.com/parution/parution/chassis/fault"
)

func errPending() error {
	return fault.Pending("a request with this Idempotency-Key is being worked on; send it again in a moment")
}

func errOther() error {
	return fault.Invalid("Idempotency-Key", "was used for another request")
}

// claim names a key of a caller on a site.
type claim [sha256.Size]byte

// desk is the keys that this process is at work on. Whoever brings one of them
// again is told so without a transaction: on SQLite that would wait for the
// very one that it asks about. Safe for concurrent use.
type desk struct {
	mu   sync.Mutex
	work map[claim][]byte // hash of the request
}

func newDesk() *desk { return &desk{work: make(map[claim][]byte)} }

// enter claims a key until leave is called. Faults: Pending; Invalid if the key
// is in use for another request.
func (d *desk) enter(id claim, hash []byte) (leave func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at, taken := d.work[id]; taken {
		if !bytes.Equal(at, hash) {
			return nil, errOther()
		}
		return nil, errPending()
	}
	d.work[id] = hash
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.work, id)
	}, nil
}
