package sqldb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// relisten is how long a listener waits before it connects again.
	relisten = time.Second
	// listenCheck is how often it makes sure that the server is still there.
	listenCheck = 30 * time.Second
)

// channelName is what the server knows channel $1 by: schemas of one database
// share their channels, and a name may have 63 bytes.
const channelName = `$1::text || '_' || md5(current_schema())`

// Notify tells the listeners of channel, in all other processes, that there is
// something new. Not in a transaction: a commit that notifies takes a lock that
// all writers of the server share. On SQLite it does nothing, since there is one
// process. channel has at most 30 bytes.
func (db *DB) Notify(ctx context.Context, channel string) error {
	if db.dialect == SQLite {
		return nil
	}
	if _, err := db.pool.Exec(ctx, "SELECT pg_notify("+channelName+", $2)", channel, db.name); err != nil {
		return fmt.Errorf("notify the listeners of %s: %w", channel, err)
	}
	return nil
}

// Listen calls wake after each Notify of channel through another DB until ctx ends, from a
// connection of its own, and after each time that it had to connect, since
// something may have been missed. broken is told what interrupted it. On SQLite
// it only waits. wake must not block.
func (db *DB) Listen(ctx context.Context, channel string, wake func(), broken func(error)) {
	for ctx.Err() == nil && db.dialect == Postgres {
		err := db.listen(ctx, channel, wake)
		if ctx.Err() != nil {
			return
		}
		broken(err)
		select {
		case <-ctx.Done():
		case <-time.After(relisten):
		}
	}
	<-ctx.Done()
}

func (db *DB) listen(ctx context.Context, channel string, wake func()) error {
	conn, err := pgx.ConnectConfig(ctx, db.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect to listen to %s: %w", channel, err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx) // the server notices anyway
	}()
	var name string
	if err := conn.QueryRow(ctx, "SELECT "+channelName, channel).Scan(&name); err != nil {
		return fmt.Errorf("name the channel %s: %w", channel, err)
	}
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{name}.Sanitize()); err != nil {
		return fmt.Errorf("listen to %s: %w", channel, err)
	}
	wake()
	for {
		wait, cancel := context.WithTimeout(ctx, listenCheck)
		n, err := conn.WaitForNotification(wait)
		late := wait.Err() != nil
		cancel()
		switch {
		case err == nil && n.Payload == db.name: // this process knows
		case err == nil:
			wake()
		case ctx.Err() != nil:
			return ctx.Err()
		case !late:
			return fmt.Errorf("wait for %s: %w", channel, err)
		default:
			// Nothing came; the connection may be half open.
			if err := ping(ctx, conn); err != nil {
				return fmt.Errorf("wait for %s: %w", channel, err)
			}
		}
	}
}

func ping(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return conn.Ping(ctx)
}
