package sqldbtest

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
)

// URLVariable names a PostgreSQL server to use instead of one of our own:
// "postgres://user:password@host:port/database". Its user must be allowed to create schemas.
const URLVariable = "TEST_POSTGRES_URL"

// shared is the server of this test process. Tests cannot hand it on to each
// other, and starting one for each costs a second.
var shared struct { //nolint:gochecknoglobals // one server for each test process
	once     sync.Once
	instance *Instance
	err      error
}

// Server is the URL of a PostgreSQL server, with full rights and shared by all
// tests of this process: make a schema or a database of your own in it, or use
// PostgresURL. Without a server the test ends here: failed if CI is "true", skipped if not.
func Server(t testing.TB) string {
	t.Helper()
	if url := os.Getenv(URLVariable); url != "" {
		return url
	}
	shared.once.Do(func() {
		// It is the process's and outlives the test that asks first.
		shared.instance, shared.err = startShared(context.WithoutCancel(t.Context()))
	})
	switch err := shared.err; {
	case err == nil:
		return shared.instance.URL()
	case errors.Is(err, ErrNotInstalled) && os.Getenv("CI") != "true":
		t.Skipf("NOT TESTED ON POSTGRESQL: %v; install it or set %s", err, URLVariable)
	default:
		t.Fatalf("start PostgreSQL: %v; install it or set %s", err, URLVariable)
	}
	return ""
}

// startShared starts the server of this process; its guard stops and removes it.
func startShared(ctx context.Context) (*Instance, error) {
	dir, err := os.MkdirTemp("", "parution-postgres-")
	if err != nil {
		return nil, err
	}
	instance, err := start(ctx, dir, true)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return instance, nil
}
