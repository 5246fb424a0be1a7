package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/parution/parution/chassis/digest"
	"github.com/parution/parution/chassis/fault"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// walk is one statement, so that it sees one moment: all that has a place is at
	// or before the newest one. What comes last of an aggregate is its head.
	walk = `SELECT w.epoch, w.next_pos - 1, o.aggregate_type, o.aggregate_id, o.version, o.public_hash
 FROM outbox_owner AS w LEFT JOIN outbox AS o ON o.pos IS NOT NULL
 WHERE w.owner = $1 ORDER BY o.aggregate_type, o.aggregate_id, o.version`
	heads = `SELECT o.aggregate_type, o.aggregate_id, o.site, o.version, o.public_hash FROM outbox AS o
 WHERE (o.aggregate_type, o.aggregate_id) > ($1, $2) AND o.pos IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM outbox AS newer WHERE newer.aggregate_type = o.aggregate_type AND newer.aggregate_id = o.aggregate_id
   AND newer.version > o.version AND newer.pos IS NOT NULL)
 ORDER BY o.aggregate_type, o.aggregate_id LIMIT $3`
)

const (
	// headsAtOnce is how many heads one statement reads, headsPerCall how many one
	// call looks at, whatever it is asked for.
	headsAtOnce  = 1000
	headsPerCall = 10_000
)

// buckets are the sums of one aggregate type.
type buckets [digest.Buckets]uint64

// sums are the digests at one place.
type sums struct {
	at     mark
	byType map[string]*buckets
}

// digests are the sums of now. Whoever asks while nothing has changed gets what
// was computed last, and who asks at the same time waits for it.
func (o *Outbox) digests(ctx context.Context) (sums, error) {
	select {
	case o.walking <- struct{}{}:
		defer func() { <-o.walking }()
	case <-ctx.Done():
		return sums{}, ctx.Err()
	}
	now, err := o.watermark(ctx)
	if err != nil || o.sums.byType != nil && o.sums.at == now {
		return o.sums, err
	}
	found, err := o.walk(ctx)
	if err != nil {
		return sums{}, fmt.Errorf("compute the digests: %w", err)
	}
	o.sums = found
	return found, nil
}

// head is an aggregate at its newest version.
type head struct {
	typ, id string
	version int32
	hash    []byte
}

func (s *sums) add(h head) {
	b := s.byType[h.typ]
	if b == nil {
		b = &buckets{}
		s.byType[h.typ] = b
	}
	b[digest.Bucket(h.typ, h.id)] += digest.Sum(h.typ, h.id, h.version, h.hash)
}

func (o *Outbox) walk(ctx context.Context) (_ sums, err error) {
	out := sums{at: mark{epoch: 1}, byType: make(map[string]*buckets)}
	rows, err := o.db.Conn(ctx).QueryContext(ctx, walk, o.owner)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var last head
	for rows.Next() {
		var typ, id sql.NullString // null: there is no notice at all
		var version sql.NullInt32
		var hash []byte
		if err := rows.Scan(&out.at.epoch, &out.at.pos, &typ, &id, &version, &hash); err != nil {
			return out, err
		}
		if last.typ != "" && (last.typ != typ.String || last.id != id.String) {
			out.add(last)
		}
		last = head{typ: typ.String, id: id.String, version: version.Int32, hash: hash}
	}
	if last.typ != "" {
		out.add(last)
	}
	return out, rows.Err()
}

// GetDigests implements eventsv1.FeedServiceServer.
func (s *FeedServer) GetDigests(ctx context.Context, r *eventsv1.GetDigestsRequest) (*eventsv1.GetDigestsResponse, error) {
	o, err := s.outbox(r.GetOwner())
	if err != nil {
		return nil, err
	}
	all, err := o.digests(ctx)
	if err != nil {
		return nil, err
	}
	out := &eventsv1.GetDigestsResponse{Epoch: all.at.epoch, Pos: all.at.pos, Buckets: make([]uint64, digest.Buckets)}
	for typ, b := range all.byType {
		if !wanted(r.GetTypes(), typ) {
			continue
		}
		for i, sum := range b {
			out.Buckets[i] += sum
		}
	}
	return out, nil
}

func wanted[T comparable](list []T, one T) bool { return len(list) == 0 || slices.Contains(list, one) }

// ListHeads implements eventsv1.FeedServiceServer.
func (s *FeedServer) ListHeads(ctx context.Context, r *eventsv1.ListHeadsRequest) (*eventsv1.ListHeadsResponse, error) {
	o, err := s.outbox(r.GetOwner())
	if err != nil {
		return nil, err
	}
	size, err := pageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	if n := len(r.GetBuckets()); n > digest.Buckets {
		return nil, fault.Invalid("buckets", "has %d entries; at most %d", n, digest.Buckets)
	}
	asked := make(map[int32]bool, len(r.GetBuckets()))
	for _, b := range r.GetBuckets() {
		asked[b] = true
	}
	// Read first: the page tells at least all up to there.
	at, err := o.watermark(ctx)
	if err != nil {
		return nil, err
	}
	out := &eventsv1.ListHeadsResponse{Epoch: at.epoch, Pos: at.pos, NextType: r.GetAfterType(), NextId: r.GetAfterId()}
	for looked := 0; looked < headsPerCall; {
		found, err := o.heads(ctx, out.GetNextType(), out.GetNextId())
		if err != nil {
			return nil, err
		}
		for _, h := range found {
			if len(out.GetHeads()) == size {
				return out, nil
			}
			out.NextType, out.NextId = h.GetAggregateType(), h.GetAggregateId()
			bucket := int32(digest.Bucket(h.GetAggregateType(), h.GetAggregateId())) //nolint:gosec // below digest.Buckets
			if wanted(r.GetTypes(), h.GetAggregateType()) && (len(asked) == 0 || asked[bucket]) {
				out.Heads = append(out.Heads, h)
			}
		}
		if len(found) < headsAtOnce {
			out.NextType, out.NextId = "", "" // that was the end
			return out, nil
		}
		looked += len(found)
	}
	return out, nil
}

// heads are those after one in the order of type and id.
func (o *Outbox) heads(ctx context.Context, typ, id string) (_ []*eventsv1.Head, err error) {
	rows, err := o.db.Conn(ctx).QueryContext(ctx, heads, typ, id, headsAtOnce)
	if err != nil {
		return nil, fmt.Errorf("read the heads: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []*eventsv1.Head
	for rows.Next() {
		h := &eventsv1.Head{}
		if err := rows.Scan(&h.AggregateType, &h.AggregateId, &h.Site, &h.Version, &h.PublicHash); err != nil {
			return nil, fmt.Errorf("scan a head: %w", err)
		}
		out = append(out, h)
	}
	return out, rows.Err()
}
