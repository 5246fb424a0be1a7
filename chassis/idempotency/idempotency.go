// Package idempotency makes it safe to send a request again: with the same
// Idempotency-Key it has one effect and one answer.
package idempotency

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/sqldb"
)

const (
	// maxKeyBytes bounds a key.
	maxKeyBytes = 200
	// kept is how long answers are kept.
	kept = 48 * time.Hour
	// sweep bounds how many old answers one new one takes away.
	sweep = 20
	// ReplayedHeader is set on answers that are not the first.
	ReplayedHeader = "idempotent-replayed"
)

//go:embed migrations
var files embed.FS

// Migrations is the schema, for the database of the service.
func Migrations() sqldb.Migrations {
	return sqldb.Migrations{Name: "idempotency", FS: sqldb.Sub(files, "migrations")}
}

const (
	read    = `SELECT request_hash, response FROM idempotency WHERE site = $1 AND subject = $2 AND key = $3`
	write   = `INSERT INTO idempotency (site, subject, key, request_hash, response, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`
	answer  = `UPDATE idempotency SET response = $4 WHERE site = $1 AND subject = $2 AND key = $3`
	tryLock = `SELECT pg_try_advisory_xact_lock(hashtextextended('parution idempotency ' || coalesce(current_schema(), '') || ' ' || $1, 0))`
	forget  = `DELETE FROM idempotency WHERE (site, subject, key) IN (SELECT site, subject, key FROM idempotency WHERE created_at < $1 LIMIT $2)`
)

// Interceptor runs a call that carries a key in one transaction of db with the
// key's row: whatever the call writes through db.InTx joins it. The same key
// with the same request answers what was answered first, or is Pending while
// that is being worked on, here or by another replica; with another request it
// is Invalid. A call that fails leaves no trace and may be sent again.
func Interceptor(db *sqldb.DB, now func() time.Time) grpc.UnaryServerInterceptor {
	here := newDesk()
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		key := rpc.IdempotencyKey(ctx)
		if key == "" {
			return next(ctx, req)
		}
		if len(key) > maxKeyBytes {
			return nil, fault.Invalid("Idempotency-Key", "has %d bytes; at most %d", len(key), maxKeyBytes)
		}
		msg, ok := req.(proto.Message)
		if !ok {
			return nil, fmt.Errorf("request of %s is %T", info.FullMethod, req)
		}
		hash, err := hashOf(info.FullMethod, msg)
		if err != nil {
			return nil, err
		}
		c := call{db: db, who: identity.From(ctx), key: key, hash: hash, now: now()}
		// An answer that is there needs no transaction, and is no reason to refuse
		// whoever asks for it at the same time.
		resp, err := c.replay(ctx, db.Conn(ctx))
		if err == nil {
			return replayed(ctx, resp), nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		leave, err := here.enter(c.id(), hash)
		if err != nil {
			return nil, err
		}
		defer leave()
		return c.run(ctx, req, next)
	}
}

func hashOf(method string, req proto.Message) ([]byte, error) {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("marshal the request: %w", err)
	}
	sum := sha256.Sum256(append([]byte(method+"\n"), body...))
	return sum[:], nil
}

type call struct {
	db   *sqldb.DB
	who  identity.Principal
	key  string
	hash []byte
	now  time.Time
}

// id names the key among all of them.
func (c call) id() claim {
	h := sha256.New()
	for _, part := range []string{c.who.Site, c.who.Subject, c.key} {
		_, _ = fmt.Fprintf(h, "%d %s", len(part), part) // a hash takes everything
	}
	return claim(h.Sum(nil))
}

func replayed(ctx context.Context, resp any) any {
	_ = grpc.SetHeader(ctx, metadata.Pairs(ReplayedHeader, "true")) // says more about the answer, is not the answer
	return resp
}

func (c call) run(ctx context.Context, req any, next grpc.UnaryHandler) (resp any, err error) {
	again := false
	err = c.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		resp, again = nil, false
		if err := c.alone(ctx, tx); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, write, c.who.Site, c.who.Subject, c.key, c.hash, []byte{}, sqldb.At(c.now))
		if err != nil {
			return fmt.Errorf("claim the key: %w", err)
		}
		claimed, err := res.RowsAffected()
		if err != nil {
			return fmt.Errorf("claim the key: %w", err)
		}
		if claimed == 0 { // answered since we looked
			again = true
			resp, err = c.replay(ctx, tx)
			return err
		}
		if resp, err = next(ctx, req); err != nil {
			return err
		}
		return c.keep(ctx, tx, resp)
	})
	if err != nil {
		return nil, err
	}
	if again {
		return replayed(ctx, resp), nil
	}
	return resp, nil
}

// alone makes sure that no other replica is at work on the key: on PostgreSQL
// by a lock that ends with the transaction, and that is not waited for. A
// SQLite file has one process.
func (c call) alone(ctx context.Context, tx *sql.Tx) error {
	if c.db.Dialect() != sqldb.Postgres {
		return nil
	}
	id, free := c.id(), false
	if err := tx.QueryRowContext(ctx, tryLock, hex.EncodeToString(id[:])).Scan(&free); err != nil {
		return fmt.Errorf("lock the key: %w", err)
	}
	if !free {
		return errPending()
	}
	return nil
}

// replay is the answer that was kept; sql.ErrNoRows if there is none.
func (c call) replay(ctx context.Context, from sqldb.Querier) (any, error) {
	var hash, packed []byte
	if err := from.QueryRowContext(ctx, read, c.who.Site, c.who.Subject, c.key).Scan(&hash, &packed); err != nil {
		return nil, fmt.Errorf("read the kept answer: %w", err)
	}
	if !bytes.Equal(hash, c.hash) {
		return nil, errOther()
	}
	var wrapped anypb.Any
	if err := proto.Unmarshal(packed, &wrapped); err != nil {
		return nil, fmt.Errorf("read the kept answer: %w", err)
	}
	resp, err := wrapped.UnmarshalNew()
	if err != nil {
		return nil, fmt.Errorf("unpack the kept answer: %w", err)
	}
	return resp, nil
}

func (c call) keep(ctx context.Context, tx *sql.Tx, resp any) error {
	msg, ok := resp.(proto.Message)
	if !ok {
		return fmt.Errorf("response is %T", resp)
	}
	wrapped, err := anypb.New(msg)
	if err != nil {
		return fmt.Errorf("pack the answer: %w", err)
	}
	packed, err := proto.Marshal(wrapped)
	if err != nil {
		return fmt.Errorf("marshal the answer: %w", err)
	}
	if _, err := tx.ExecContext(ctx, answer, c.who.Site, c.who.Subject, c.key, packed); err != nil {
		return fmt.Errorf("keep the answer: %w", err)
	}
	if _, err := tx.ExecContext(ctx, forget, sqldb.At(c.now.Add(-kept)), sweep); err != nil {
		return fmt.Errorf("forget old answers: %w", err)
	}
	return nil
}
