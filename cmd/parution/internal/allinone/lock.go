package allinone

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrLocked says that another process serves the data folder.
var ErrLocked = errors.New("another process uses this data folder")

// Lock is the exclusive right to a data folder. The system gives it up when the
// process ends, however it ends.
type Lock struct{ file *flock.Flock }

// LockFolder takes the right, or returns ErrLocked.
func LockFolder(data string) (*Lock, error) {
	f := flock.New(filepath.Join(data, "lock"), flock.SetPermissions(0o600))
	ok, err := f.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", data, err)
	}
	if !ok {
		return nil, fmt.Errorf("%s: %w", data, ErrLocked)
	}
	return &Lock{f}, nil
}

// Release gives the right up.
func (l *Lock) Release() { _ = l.file.Unlock() } // it ends with the process anyway
