package topology

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/parution/parution/chassis/sqldb/sqldbtest"
)

// database is a PostgreSQL server with a database for each service: one of our
// own, or the one that TEST_POSTGRES_URL names.
type database struct {
	own    *sqldbtest.Instance // nil: somebody else's
	server string
	prefix string
}

// newDatabase starts a server in dir and makes the databases.
func newDatabase(ctx context.Context, dir string) (_ *database, err error) {
	d := &database{server: os.Getenv(sqldbtest.URLVariable), prefix: "test_" + strings.ToLower(rand.Text()) + "_"}
	if d.server == "" {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, fmt.Errorf("create the folder of PostgreSQL: %w", err)
		}
		if d.own, err = sqldbtest.Start(ctx, dir); err != nil {
			return nil, fmt.Errorf("start PostgreSQL: %w", err)
		}
		d.server = d.own.URL()
	}
	if err := d.each(ctx, "CREATE DATABASE %s"); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// each executes a statement for each service's database.
func (d *database) each(ctx context.Context, statement string) (err error) {
	conn, err := pgx.Connect(ctx, d.server)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	for _, name := range services() {
		if _, err := conn.Exec(ctx, fmt.Sprintf(statement, d.prefix+name)); err != nil {
			return fmt.Errorf("database of %s: %w", name, err)
		}
	}
	return nil
}

// url is the database of a service.
func (d *database) url(service string) string {
	u, err := url.Parse(d.server)
	if err != nil {
		return d.server // the service says what is wrong with it
	}
	u.Path = "/" + d.prefix + service
	return u.String()
}

func (d *database) start(ctx context.Context) error {
	if d.own == nil {
		return nil
	}
	return d.own.Restart(ctx)
}

func (d *database) stop() error {
	if d.own == nil {
		return ErrNotOurs
	}
	return d.own.Stop()
}

func (d *database) kill() error {
	if d.own == nil {
		return ErrNotOurs
	}
	return d.own.Kill()
}

func (d *database) close() error {
	if d.own != nil {
		return d.own.Stop()
	}
	return d.each(context.Background(), "DROP DATABASE %s WITH (FORCE)") //nolint:forbidigo // the test's context has ended by now
}
