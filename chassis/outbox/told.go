package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parution/parution/chassis/sqldb"
)

// Told answers the newest version that was told of each aggregate, in the
// transaction that ctx is in; those never told of are left out. Who finds its own
// rows damaged goes on above it.
func (o *Outbox) Told(ctx context.Context, aggregateType string, ids []string) (_ map[string]int32, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("marshal ids: %w", err)
	}
	in := `(SELECT value FROM json_each($2))`
	if o.db.Dialect() == sqldb.Postgres {
		in = `(SELECT jsonb_array_elements_text(CAST($2 AS jsonb)))`
	}
	rows, err := o.db.Conn(ctx).QueryContext(ctx, `SELECT aggregate_id, max(version) FROM outbox
 WHERE aggregate_type = $1 AND aggregate_id IN `+in+` GROUP BY aggregate_id`, aggregateType, string(list))
	if err != nil {
		return nil, fmt.Errorf("read what was told: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := make(map[string]int32, len(ids))
	for rows.Next() {
		var id string
		var version int32
		if err := rows.Scan(&id, &version); err != nil {
			return nil, fmt.Errorf("scan what was told: %w", err)
		}
		out[id] = version
	}
	return out, rows.Err()
}
