package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/sqldb"
)

// beside is the file next to a SQLite database by which a copy that was put in
// its place is found out: it is not copied with it, or is older than its start.
type beside struct {
	// ID is the database's, renewed at each start; Next is what it is about to be.
	ID   string `json:"id"`
	Next string `json:"next,omitempty"`
	// Epoch and Pos are a place that the database has given.
	Epoch int32 `json:"epoch"`
	Pos   int64 `json:"pos"`
}

const whereIsIt = `SELECT file FROM pragma_database_list WHERE name = 'main'`

// begin is called before the first place is given: it finds out whether the
// database went back in time while no relay ran.
func (o *Outbox) begin(ctx context.Context) error {
	if o.db.Dialect() != sqldb.SQLite {
		return o.verify(ctx, mark{}, "")
	}
	path, err := o.besidePath(ctx)
	if err != nil {
		return err
	}
	err = o.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		row, err := o.lockOwner(ctx, tx, mark{}, "")
		if err != nil {
			return err
		}
		found, err := readBeside(path)
		if err != nil {
			return err
		}
		if why := found.contradicts(row); why != "" && !row.raised {
			o.raise(ctx, row, mark{found.Epoch, found.Pos}, why)
		}
		// What it says stays until the database has its new name: a start that
		// breaks off here is made again.
		next := found
		next.Next = ids.New()
		if !row.raised {
			next.ID = row.timeline
		}
		// There is one process: whoever has the lease is gone.
		row.timeline, row.holder, row.until, row.changed = next.Next, "", sqldb.NullTime{}, true
		if err := next.write(path); err != nil {
			return err
		}
		return o.save(ctx, tx, row)
	})
	if err != nil {
		return fmt.Errorf("compare the database with the file beside it: %w", err)
	}
	return o.note(ctx)
}

// contradicts tells why the database is not the one that b is about; "" if it is.
func (b beside) contradicts(row *ownerRow) string {
	switch {
	case b == beside{} && row.timeline == "":
		return "" // it is new
	case b == beside{}:
		return "the file beside it is missing"
	case row.newest().before(mark{b.Epoch, b.Pos}):
		return "the file beside it knows later places"
	case row.timeline != b.ID && row.timeline != b.Next:
		return "the file beside it is another one's"
	}
	return ""
}

// note writes the newest place into the file beside a SQLite database, if it moved.
func (o *Outbox) note(ctx context.Context) error {
	if o.db.Dialect() != sqldb.SQLite {
		return nil
	}
	var now beside
	if err := o.db.Conn(ctx).QueryRowContext(ctx, readRow, o.owner).Scan(&now.Epoch, &now.Pos, &now.ID); err != nil {
		return fmt.Errorf("read the newest place: %w", err)
	}
	o.mu.Lock()
	same := o.noted == now
	o.mu.Unlock()
	if same {
		return nil
	}
	path, err := o.besidePath(ctx)
	if err != nil {
		return err
	}
	if err := now.write(path); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.noted = now
	return nil
}

func (o *Outbox) besidePath(ctx context.Context) (string, error) {
	var file string
	if err := o.db.Conn(ctx).QueryRowContext(ctx, whereIsIt).Scan(&file); err != nil {
		return "", fmt.Errorf("ask for the database's file: %w", err)
	}
	return file + ".timeline", nil
}

// readBeside reads the file; it is zero if there is none, or half of one.
func readBeside(path string) (b beside, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return beside{}, nil
	}
	if err != nil {
		return beside{}, err
	}
	if json.Unmarshal(text, &b) != nil {
		return beside{}, nil //nolint:nilerr // half a file is none
	}
	return b, nil
}

// write replaces the file, for good once it returns.
func (b beside) write(path string) (err error) {
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // err says what is wrong
	}
	return err
}
