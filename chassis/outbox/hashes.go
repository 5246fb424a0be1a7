package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// PublicHashes are the hashes that the notices of these versions of aggregates
// of one type told, by id: what a state must answer so that a read model and its
// owner compare the same, also after the way of hashing has changed. One that
// was never told, or whose notice is gone, is not in it.
func (o *Outbox) PublicHashes(ctx context.Context, aggregateType string, versions map[string]int32) (_ map[string][]byte, err error) {
	if len(versions) == 0 {
		return nil, nil //nolint:nilnil // nothing of nothing
	}
	args, pairs := []any{aggregateType}, make([]string, 0, len(versions))
	for id, version := range versions {
		args = append(args, id, version)
		pairs = append(pairs, fmt.Sprintf("(CAST($%d AS text), CAST($%d AS integer))", len(args)-1, len(args)))
	}
	rows, err := o.db.Conn(ctx).QueryContext(ctx, `SELECT aggregate_id, public_hash FROM outbox
 WHERE aggregate_type = $1 AND (aggregate_id, version) IN (VALUES `+strings.Join(pairs, ", ")+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("read public hashes: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := make(map[string][]byte, len(versions))
	for rows.Next() {
		var id string
		var hash []byte
		if err := rows.Scan(&id, &hash); err != nil {
			return nil, fmt.Errorf("scan a public hash: %w", err)
		}
		out[id] = hash
	}
	return out, rows.Err()
}
