package projection

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	readVersions = `SELECT aggregate_id, epoch, version, public_hash, generation, known FROM projection_version
 WHERE source = $1 AND aggregate_type = $2 AND aggregate_id IN `
	readAll       = `SELECT aggregate_type, aggregate_id, epoch, version, public_hash, generation, known FROM projection_version WHERE source = $1`
	raiseVersions = `INSERT INTO projection_version (source, aggregate_type, aggregate_id, epoch, version, public_hash, known, generation) VALUES `
	onHeld        = ` ON CONFLICT (source, aggregate_type, aggregate_id) DO UPDATE SET epoch = excluded.epoch, version = excluded.version,
 public_hash = excluded.public_hash, known = excluded.known, generation = excluded.generation
 WHERE (projection_version.epoch, projection_version.version) `
	raised = ` (excluded.epoch, excluded.version) RETURNING aggregate_type, aggregate_id`
)

// held is what the read model has of one aggregate; the zero value is nothing.
type held struct {
	epoch, version int32
	// hash is the owner's; nil if it was not kept.
	hash       []byte
	generation int32
	// known is false for what the owner does not know (any more).
	known bool
}

// isNone tells whether the read model has nothing, not even a tombstone.
func (h held) isNone() bool { return h.epoch == 0 }

// same tells whether both were made from the same state.
func (h held) same(other held) bool {
	return h.epoch == other.epoch && h.version == other.version && h.known == other.known && bytes.Equal(h.hash, other.hash)
}

// versions reads what the read model has of refs, with one statement for each type.
func (p *Projection[S]) versions(ctx context.Context, refs []Ref) (map[Ref]held, error) {
	byType := make(map[string][]string)
	for _, ref := range refs {
		byType[ref.Type] = append(byType[ref.Type], ref.ID)
	}
	out := make(map[Ref]held, len(refs))
	for typ, ids := range byType {
		for some := range slices.Chunk(ids, batch) {
			if err := p.versionsOf(ctx, typ, some, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (p *Projection[S]) versionsOf(ctx context.Context, typ string, ids []string, into map[Ref]held) (err error) {
	n := rounded(len(ids))
	args := make([]any, 0, 2+n)
	args = append(args, p.cfg.Owner, typ)
	for i := range n {
		args = append(args, ids[min(i, len(ids)-1)])
	}
	rows, err := p.cfg.DB.Conn(ctx).QueryContext(ctx, readVersions+placeholders(3, n), args...)
	if err != nil {
		return fmt.Errorf("read the versions of %d aggregates: %w", len(ids), err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		var h held
		if err := rows.Scan(&id, &h.epoch, &h.version, &h.hash, &h.generation, &h.known); err != nil {
			return fmt.Errorf("scan a version: %w", err)
		}
		into[Ref{Type: typ, ID: id}] = h
	}
	return rows.Err()
}

// rounded is a number of placeholders that is at least n: few different texts
// are few statements to prepare.
func rounded(n int) int {
	for _, size := range [...]int{1, 2, 5, 10, 20, 50, batch} {
		if n <= size {
			return size
		}
	}
	return n
}

// placeholders is a list of n placeholders, the first with the number from.
func placeholders(from, n int) string {
	b := []byte{'('}
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(append(b, '$'), int64(from+i), 10)
	}
	return string(append(b, ')'))
}

// raise records, with one statement, that the read model holds states, each of
// another aggregate and at most 100. It answers for which that is news: it held
// nothing, or something older; with force also what it held the same of.
func (p *Projection[S]) raise(ctx context.Context, tx *sql.Tx, states []State[S], generation int32, force bool) (_ map[Ref]bool, err error) {
	news := make(map[Ref]bool, len(states))
	if len(states) == 0 {
		return news, nil
	}
	const width = 6
	var text strings.Builder
	text.WriteString(raiseVersions)
	args := []any{p.cfg.Owner, generation}
	for i, s := range states {
		if i > 0 {
			text.WriteString(", ")
		}
		row := placeholders(3+i*width, width)
		text.WriteString("($1, " + row[1:len(row)-1] + ", $2)")
		args = append(args, s.Type, s.ID, s.Epoch, s.Version, hashOf(s.PublicHash), s.Version > 0)
	}
	than := "<"
	if force {
		than = "<="
	}
	rows, err := tx.QueryContext(ctx, text.String()+onHeld+than+raised, args...)
	if err != nil {
		return nil, fmt.Errorf("raise the versions of %d aggregates: %w", len(states), err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var ref Ref
		if err := rows.Scan(&ref.Type, &ref.ID); err != nil {
			return nil, fmt.Errorf("scan a raised aggregate: %w", err)
		}
		news[ref] = true
	}
	return news, rows.Err()
}

// hashOf is the hash as it is stored: null would say that it is not known.
func hashOf(hash []byte) []byte {
	if hash == nil {
		return []byte{}
	}
	return hash
}

// eachHeld calls fn for everything that the read model holds at one moment, in
// no order.
func (p *Projection[S]) eachHeld(ctx context.Context, fn func(ref Ref, h held)) (err error) {
	rows, err := p.cfg.DB.Conn(ctx).QueryContext(ctx, readAll, p.cfg.Owner)
	if err != nil {
		return fmt.Errorf("read all versions: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var ref Ref
		var h held
		if err := rows.Scan(&ref.Type, &ref.ID, &h.epoch, &h.version, &h.hash, &h.generation, &h.known); err != nil {
			return fmt.Errorf("scan a version: %w", err)
		}
		fn(ref, h)
	}
	return rows.Err()
}
