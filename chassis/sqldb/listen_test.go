package sqldb_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
)

// listener hears what is told to a channel.
func listener(t testing.TB, db *sqldb.DB) (woken <-chan struct{}, broken <-chan error) {
	t.Helper()
	wakes, breaks := make(chan struct{}, 8), make(chan error, 8)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		db.Listen(ctx, "news", func() { wakes <- struct{}{} }, func(err error) { breaks <- err })
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return wakes, breaks
}

func TestAListenerIsWokenByAnotherProcess(t *testing.T) {
	t.Parallel()
	url := sqldbtest.PostgresURL(t)
	db := sqldbtest.Open(t, url)
	woken, _ := listener(t, db)
	<-woken // it listens
	// Another's word is all that it hears: its own comes first, and is passed over.
	if err := db.Notify(t.Context(), "news"); err != nil {
		t.Fatalf("Notify: %v", err)
	}
	if err := sqldbtest.Open(t, url).Notify(t.Context(), "news"); err != nil {
		t.Fatalf("Notify: %v", err)
	}
	<-woken
	if n := len(woken); n != 0 {
		t.Errorf("woken %d times more, want once by the other", n)
	}
}

func TestAListenerComesBackAfterABreak(t *testing.T) {
	t.Parallel()
	url := sqldbtest.PostgresURL(t)
	db := sqldbtest.Open(t, url)
	woken, broken := listener(t, db)
	<-woken
	// Only this listener's connection waits for a LISTEN of this schema.
	err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE query = 'LISTEN "news_' || md5(current_schema()) || '"'`)
		return err
	})
	if err != nil {
		t.Fatalf("cut the connection: %v", err)
	}
	if err := <-broken; err == nil {
		t.Error("the break was told without an error")
	}
	<-woken
	if err := sqldbtest.Open(t, url).Notify(t.Context(), "news"); err != nil {
		t.Fatalf("Notify: %v", err)
	}
	<-woken
}

func TestSQLiteHasNoOtherProcessToWake(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	woken, broken := listener(t, db)
	if err := db.Notify(t.Context(), "news"); err != nil {
		t.Errorf("Notify = %v, want nil", err)
	}
	if len(woken) != 0 || len(broken) != 0 {
		t.Error("the listener heard something, want nothing")
	}
}
