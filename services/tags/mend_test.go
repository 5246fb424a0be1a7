package tags_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/digest"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// heads serves what the owner has.
type heads struct {
	eventsv1.UnimplementedFeedServiceServer

	*owner
}

// GetWatermark implements eventsv1.FeedServiceServer.
func (h heads) GetWatermark(context.Context, *eventsv1.GetWatermarkRequest) (*eventsv1.GetWatermarkResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return &eventsv1.GetWatermarkResponse{Epoch: 1, Pos: h.pos}, nil
}

// GetDigests implements eventsv1.FeedServiceServer.
func (h heads) GetDigests(context.Context, *eventsv1.GetDigestsRequest) (*eventsv1.GetDigestsResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := &eventsv1.GetDigestsResponse{Epoch: 1, Pos: h.pos, Buckets: make([]uint64, digest.Buckets)}
	for id, s := range h.posts {
		out.Buckets[digest.Bucket("post", id)] += digest.Sum("post", id, s.GetVersion(), s.GetPublicHash())
	}
	return out, nil
}

// ListHeads implements eventsv1.FeedServiceServer.
func (h heads) ListHeads(_ context.Context, r *eventsv1.ListHeadsRequest) (*eventsv1.ListHeadsResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := &eventsv1.ListHeadsResponse{Epoch: 1, Pos: h.pos}
	for _, id := range slices.Sorted(maps.Keys(h.posts)) {
		if id <= r.GetAfterId() {
			continue
		}
		if len(out.GetHeads()) == int(r.GetPageSize()) {
			out.NextType, out.NextId = "post", out.GetHeads()[len(out.GetHeads())-1].GetAggregateId()
			break
		}
		out.Heads = append(out.Heads, &eventsv1.Head{AggregateType: "post", AggregateId: id, Version: h.posts[id].GetVersion()})
	}
	return out, nil
}

func execute(t *testing.T, db *sqldb.DB, statements ...string) {
	t.Helper()
	err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		for _, s := range statements {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) number(t *testing.T, query string) (n int64) {
	t.Helper()
	if err := w.db.Conn(t.Context()).QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// rebuild rebuilds the index and waits for the end.
func (w *world) rebuild(t *testing.T) {
	t.Helper()
	if _, err := w.models.RebuildReadModel(t.Context(), &eventsv1.RebuildReadModelRequest{Source: "posts"}); err != nil {
		t.Fatalf("RebuildReadModel: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for w.number(t, `SELECT count(*) FROM projection_cursor WHERE rebuild_phase <> ''`) > 0 {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatal("the rebuild did not end")
		}
	}
}

func TestARebuildMendsTheIndex(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		names := []string{"Go", "GO", "SQL", "Été", "x"}
		var posts []string
		for i := range 130 {
			id := ids.New()
			posts = append(posts, id)
			w.change(t, "main", id, public(fmt.Sprintf("p%03d", i), noon().Add(time.Duration(i)*time.Minute), names[i%5], names[(i*3+1)%5]))
		}
		w.settle(t)
		w.change(t, "main", posts[7], nil) // withdrawn
		w.settle(t)
		want, tagged, told := w.posts.compute(), w.tagged(t, "main", "go"), w.number(t, `SELECT count(*) FROM outbox`)

		w.rebuild(t)
		if n := w.number(t, `SELECT count(*) FROM outbox`); n != told {
			t.Errorf("%d notices after a rebuild of what was right, want none beside the %d", n, told)
		}
		execute(t, db,
			`DELETE FROM entry_tag WHERE post_id = '`+posts[1]+`' OR post_id = '`+posts[2]+`'`,
			`DELETE FROM entry WHERE post_id = '`+posts[2]+`'`,
			`DELETE FROM entry_tag WHERE post_id = '`+posts[7]+`'`,
			`DELETE FROM entry WHERE post_id = '`+posts[7]+`'`,
			`UPDATE entry SET title = 'damaged' WHERE post_id = '`+posts[3]+`'`,
			`UPDATE entry_tag SET name = 'damaged' WHERE post_id = '`+posts[4]+`'`,
		)
		w.rebuild(t)
		w.settle(t)
		if diff := gocmp.Diff(want, w.counts(t, "main")); diff != "" {
			t.Errorf("tags after the rebuild (-want +got):\n%s", diff)
		}
		if diff := gocmp.Diff(tagged, w.tagged(t, "main", "go")); diff != "" {
			t.Errorf("posts of a tag after the rebuild (-want +got):\n%s", diff)
		}
		if n := w.number(t, `SELECT count(*) FROM outbox`); n != told+2 {
			t.Errorf("%d notices, want one of the lost entry and one of the altered beside the %d", n, told)
		}
		// What was lost goes on above what was told of it.
		w.change(t, "main", posts[7], public("p007", noon(), "Go"))
		w.change(t, "main", posts[2], nil)
		w.settle(t)
		if n := w.number(t, `SELECT version FROM entry WHERE post_id = '`+posts[7]+`'`); n != 3 {
			t.Errorf("the entry that was lost is at version %d, want 3", n)
		}
	})
}
