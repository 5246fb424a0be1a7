package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/sqldb"
)

// Entry is a notice before it has its place in the feed.
type Entry struct {
	Site          string
	AggregateType string // "post"
	AggregateID   string
	Version       int32  // unique for the aggregate
	Kind          string // past tense: "published"
	PublicHash    []byte // of the public state
	// Public: anybody may know of it: the aggregate is public now, or ceased to be with this.
	Public bool
	Facts  proto.Message
	At     time.Time
	// Span is whose trace the notice continues; if it is not valid, that of the context.
	Span trace.SpanContext
}

const (
	insert = `INSERT INTO outbox
 (id, site, aggregate_type, aggregate_id, version, kind, public_hash, facts, trace, created_at, public)
 VALUES `
	insertColumns = 11
	// maxInsert is how many notices one statement writes. Each number of them is a
	// statement of its own, which connections keep prepared.
	maxInsert = 8
)

// inserting is the statement that writes n notices.
func inserting(n int) string {
	var b strings.Builder
	b.WriteString(insert)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		for c := range insertColumns {
			b.WriteString(string("(,"[min(c, 1)]) + "$" + strconv.Itoa(i*insertColumns+c+1))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// Append writes e in tx, the transaction that changes the aggregate, and wakes
// the relay once that has committed. Telling of one version twice is a Conflict:
// somebody else changed the aggregate.
func (o *Outbox) Append(ctx context.Context, tx *sql.Tx, e Entry) error {
	return o.AppendAll(ctx, tx, []Entry{e})
}

// AppendAll is Append of several notices, in this order, with fewer statements.
func (o *Outbox) AppendAll(ctx context.Context, tx *sql.Tx, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	for some := range slices.Chunk(entries, maxInsert) {
		args := make([]any, 0, len(some)*insertColumns)
		for _, e := range some {
			values, err := e.values(ctx)
			if err != nil {
				return err
			}
			args = append(args, values...)
		}
		_, err := tx.ExecContext(ctx, o.inserts[len(some)-1], args...)
		switch {
		case sqldb.IsUnique(err):
			return fault.Wrap(fault.KindConflict, err, "%s was changed at the same time", some[0].AggregateType)
		case err != nil:
			return fmt.Errorf("append to the outbox: %w", err)
		}
	}
	o.db.AfterCommit(ctx, o.Wake)
	return nil
}

// values are the columns of the row.
func (e Entry) values(ctx context.Context) ([]any, error) {
	facts, err := anypb.New(e.Facts)
	if err != nil {
		return nil, fmt.Errorf("pack the facts of %s %s: %w", e.AggregateType, e.AggregateID, err)
	}
	packed, err := proto.Marshal(facts)
	if err != nil {
		return nil, fmt.Errorf("marshal the facts of %s %s: %w", e.AggregateType, e.AggregateID, err)
	}
	hash := e.PublicHash
	if hash == nil {
		hash = []byte{}
	}
	if e.Span.IsValid() {
		ctx = trace.ContextWithSpanContext(ctx, e.Span)
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return []any{
		ids.New(), e.Site, e.AggregateType, e.AggregateID, e.Version, e.Kind, hash, packed, carrier.Get("traceparent"), sqldb.At(e.At), e.Public,
	}, nil
}
