package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parution/parution/chassis/sqldb"
)

// PublicHashes are the hashes that the notices of these versions of aggregates
// of one type told, by id: what a state must answer so that a read model and its
// owner compare the same, also after the way of hashing has changed. One that
// was never told, or whose notice is gone, is not in it.
func (o *Outbox) PublicHashes(ctx context.Context, aggregateType string, versions map[string]int32) (_ map[string][]byte, err error) {
	out := make(map[string][]byte, len(versions))
	if len(versions) == 0 {
		return out, nil
	}
	type asked struct {
		ID      string `json:"id"`
		Version int32  `json:"version"`
	}
	list := make([]asked, 0, len(versions))
	for id, version := range versions {
		list = append(list, asked{id, version})
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("marshal versions: %w", err)
	}
	rows, err := o.db.Conn(ctx).QueryContext(ctx, publicHashes(o.db.Dialect()), aggregateType, string(text))
	if err != nil {
		return nil, fmt.Errorf("read public hashes: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
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

// publicHashes: type, list of id and version. The cross join has SQLite look up
// each of the list; else it reads all notices of the type, since it takes an
// aggregate_type to be as rare as an id.
func publicHashes(d sqldb.Dialect) string {
	return `SELECT o.aggregate_id, o.public_hash FROM ` + d.Records("$2", "id text", "version integer") +
		` CROSS JOIN outbox AS o WHERE o.aggregate_type = $1 AND o.aggregate_id = list.id AND o.version = list.version`
}
