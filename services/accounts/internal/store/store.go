// Package store keeps API tokens.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/accounts/internal/store/db"
	"github.com/parution/parution/services/accounts/internal/token"
)

//go:embed migrations
var files embed.FS

// Migrations is the schema of the store.
func Migrations() sqldb.Migrations {
	return sqldb.Migrations{Name: "accounts", FS: sqldb.Sub(files, "migrations")}
}

// Store is the accounts service's memory. Safe for concurrent use.
type Store struct{ db *sqldb.DB }

// New makes a store.
func New(database *sqldb.DB) *Store { return &Store{database} }

func (s *Store) read(ctx context.Context) *db.Queries { return db.New(s.db.Conn(ctx)) }

func (s *Store) write(ctx context.Context, fn func(context.Context, *db.Queries) error) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error { return fn(ctx, db.New(tx)) })
}

// Create stores a token under the hash of its secret; false if another token
// has that secret, and then nothing is written.
func (s *Store) Create(ctx context.Context, t *token.Token, secretHash []byte) (bool, error) {
	var n int64
	err := s.write(ctx, func(ctx context.Context, q *db.Queries) (err error) {
		n, err = q.InsertToken(ctx, insertParams(t.Snapshot(), secretHash))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("insert token %s: %w", t.Snapshot().ID, err)
	}
	return n > 0, nil
}

// Get reads a token. Faults: NotFound.
func (s *Store) Get(ctx context.Context, id string) (*token.Token, error) {
	row, err := s.read(ctx).GetToken(ctx, id)
	return found(row, err)
}

// Find reads the token whose secret has this hash. Faults: NotFound.
func (s *Store) Find(ctx context.Context, secretHash []byte) (*token.Token, error) {
	row, err := s.read(ctx).FindToken(ctx, secretHash)
	return found(row, err)
}

// List lists at most size tokens of a site, newest first, after the place
// before; operators' tokens are among them if wanted. The zero place is the beginning.
func (s *Store) List(ctx context.Context, site string, operators bool, before token.Place, size int32) ([]*token.Token, error) {
	if before == (token.Place{}) {
		before = token.Place{At: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), ID: "~"}
	}
	other := site
	if operators {
		other = ""
	}
	rows, err := s.read(ctx).ListTokens(ctx, db.ListTokensParams{
		SiteID: site, OtherSiteID: other, BeforeCreatedAt: sqldb.At(before.At), BeforeID: before.ID, PageSize: size,
	})
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	out := make([]*token.Token, len(rows))
	for i, r := range rows {
		out[i] = restore(r)
	}
	return out, nil
}

// Revoke ends a token at now and answers it; one that has ended before keeps
// its time. Faults: NotFound.
func (s *Store) Revoke(ctx context.Context, id string, now time.Time) (*token.Token, error) {
	var t *token.Token
	err := s.write(ctx, func(ctx context.Context, q *db.Queries) error {
		if err := q.RevokeToken(ctx, db.RevokeTokenParams{ID: id, RevokedAt: sqldb.MaybeAt(&now)}); err != nil {
			return fmt.Errorf("revoke token %s: %w", id, err)
		}
		row, err := q.GetToken(ctx, id)
		t, err = found(row, err)
		return err
	})
	return t, err
}

// Touch records that a token was used at now, unless a use after cutoff is known.
func (s *Store) Touch(ctx context.Context, id string, now, cutoff time.Time) error {
	err := s.write(ctx, func(ctx context.Context, q *db.Queries) error {
		return q.TouchToken(ctx, db.TouchTokenParams{ID: id, UsedAt: sqldb.MaybeAt(&now), Cutoff: sqldb.MaybeAt(&cutoff)})
	})
	if err != nil {
		return fmt.Errorf("note the use of token %s: %w", id, err)
	}
	return nil
}

func insertParams(s token.Snapshot, secretHash []byte) db.InsertTokenParams {
	return db.InsertTokenParams{
		ID: s.ID, SiteID: s.Site, Name: s.Name, Role: string(s.Role), SecretHash: secretHash,
		CreatedAt: sqldb.At(s.CreatedAt), ExpiresAt: sqldb.MaybeAt(s.ExpiresAt),
	}
}

func found(row db.Token, err error) (*token.Token, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.NotFound("there is no such token")
	}
	if err != nil {
		return nil, fmt.Errorf("read a token: %w", err)
	}
	return restore(row), nil
}

func restore(r db.Token) *token.Token {
	return token.Restore(token.Snapshot{
		ID: r.ID, Site: r.SiteID, Name: r.Name, Role: token.Role(r.Role), CreatedAt: r.CreatedAt.Time,
		ExpiresAt: r.ExpiresAt.Ptr(), LastUsedAt: r.LastUsedAt.Ptr(), RevokedAt: r.RevokedAt.Ptr(),
	})
}
