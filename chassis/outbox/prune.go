package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
)

const (
	// keepFor and keepRows: a notice stays until it is older than the one and more
	// than the other are newer. One that was never sent too: the stream would have
	// dropped it by now, and without a broker the outbox would grow for ever.
	keepFor  = stream.MaxAge
	keepRows = 100_000
	// pruneEvery is how often old notices are looked for.
	pruneEvery = 10 * time.Minute
	pruneBatch = 1000
)

// An aggregate's newest notice stays: it tells a newcomer that there is one. So
// does the newest that anybody may know of: it tells those who may not know of
// what came after it how the aggregate stands for them.
const prune = `DELETE FROM outbox WHERE n IN (
 SELECT o.n FROM outbox AS o
 WHERE o.created_at < $1 AND o.pos IS NOT NULL AND o.n <= (SELECT max(n) FROM outbox) - $2
  AND EXISTS (SELECT 1 FROM outbox AS newer
   WHERE newer.aggregate_type = o.aggregate_type AND newer.aggregate_id = o.aggregate_id AND newer.version > o.version AND (newer.public OR NOT o.public))
 ORDER BY o.created_at LIMIT $3)`

// prune deletes what the feed need not have any more, in short transactions;
// it answers how many notices that were.
func (o *Outbox) prune(ctx context.Context, now time.Time, keepRows int64) (int64, error) {
	var total int64
	for {
		var n int64
		err := o.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			n, err = affected(ctx, tx, prune, sqldb.At(now.Add(-keepFor)), keepRows, pruneBatch)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("delete old notices: %w", err)
		}
		total += n
		if n < pruneBatch {
			return total, nil
		}
	}
}
