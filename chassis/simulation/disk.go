package simulation

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"modernc.org/sqlite"

	"github.com/parution/parution/chassis/sqldb"
)

// disks connects the commits of SQLite with the processes that make them. The
// driver has one list of hooks for the whole program, hence this variable.
var disks registry //nolint:gochecknoglobals // the driver's own list of hooks is global

type registry struct {
	once  sync.Once
	users sync.Map // alias → *Instance
}

func (r *registry) attach(i *Instance) {
	r.once.Do(func() { sqlite.RegisterConnectionHook(r.connected) })
	r.users.Store(r.key(i), i)
}

func (r *registry) detach(i *Instance) { r.users.Delete(r.key(i)) }

func (r *registry) key(i *Instance) string { return filepath.Join(i.World.dir, i.alias) }

// connected lets a simulated process decide about its commits, and spares the
// machine's disk: who dies here does not lose power.
func (r *registry) connected(c sqlite.ExecQuerierContext, dsn string) error {
	alias, _, found := strings.Cut(strings.TrimPrefix(dsn, "file:"), "/../")
	if !found {
		return nil
	}
	user, ok := r.users.Load(alias)
	if !ok {
		return nil
	}
	i, ok := user.(*Instance)
	if !ok {
		return nil
	}
	if _, err := c.ExecContext(i.World.ctx, "PRAGMA synchronous=OFF", nil); err != nil {
		return fmt.Errorf("spare the disk: %w", err)
	}
	if h, ok := c.(sqlite.HookRegisterer); ok {
		h.RegisterCommitHook(i.commits)
	}
	return nil
}

// commits is asked before each commit; anything but 0 rolls it back.
func (i *Instance) commits() int32 {
	if i.dead.Load() || i.reached("before a commit") {
		return 1
	}
	if i.chance("commit").Float64() < i.World.opts.commitFails() {
		i.World.Notef("a commit of %s fails", i)
		return 1
	}
	i.reached("after a commit")
	return 0
}

// templates are databases with their schema, made once: a seed must be cheap.
var templates sync.Map //nolint:gochecknoglobals // a cache of files that never change

// template is the bytes of an empty database with these migrations.
func template(ctx context.Context, name, dir, schema string, sets ...sqldb.Migrations) ([]byte, error) {
	if made, ok := templates.Load(name); ok {
		return made.([]byte), nil //nolint:errcheck,forcetypeassert // only this function writes it
	}
	path := filepath.Join(dir, "template-"+name+".db")
	db, err := sqldb.Open(ctx, sqldb.Config{URL: "sqlite:" + path})
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, sets...); err != nil {
		_ = db.Close() // the migration's error matters
		return nil, err
	}
	err = db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, schema)
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	made, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	templates.Store(name, made)
	return made, nil
}

// diskCopy is a database as it was once.
type diskCopy map[string][]byte

// parts of a database on disk; the index of the log is made anew from it.
func parts() []string { return []string{".db", ".db-wal"} }

func (w *World) copyDisk(database string) (diskCopy, error) {
	out := make(diskCopy)
	for _, part := range parts() {
		data, err := os.ReadFile(filepath.Join(w.dir, database+part))
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		if err == nil {
			out[part] = data
		}
	}
	return out, nil
}

// restoreDisk puts a copy in place of a database that nobody has open.
func (w *World) restoreDisk(database string, c diskCopy) error {
	for _, part := range append(parts(), ".db-shm") {
		path := filepath.Join(w.dir, database+part)
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return err
		}
		if data, ok := c[part]; ok {
			if err := os.WriteFile(path, data, fs.FileMode(0o600)); err != nil {
				return err
			}
		}
	}
	return nil
}
