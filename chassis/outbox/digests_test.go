package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/parution/parution/chassis/digest"
	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// change appends a notice of any aggregate.
func (d *desk) change(t testing.TB, typ, id string, version int32, hash string) {
	t.Helper()
	out := New(d.db, "posts")
	e := Entry{
		Site: "main", AggregateType: typ, AggregateID: id, Version: version, Kind: "revised", PublicHash: []byte(hash),
		Facts: &tagsv1.IndexFacts{}, At: time.Now(),
	}
	if err := d.db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error { return out.Append(ctx, tx, e) }); err != nil {
		t.Fatalf("append: %v", err)
	}
}

// expected are the digests that these heads have.
func expected(heads []*eventsv1.Head) []uint64 {
	sums := make([]uint64, digest.Buckets)
	for _, h := range heads {
		sums[digest.Bucket(h.GetAggregateType(), h.GetAggregateId())] += digest.Sum(h.GetAggregateType(), h.GetAggregateId(), h.GetVersion(), h.GetPublicHash())
	}
	return sums
}

// allHeads reads every page that r asks for.
func allHeads(t testing.TB, server *FeedServer, r *eventsv1.ListHeadsRequest) []*eventsv1.Head {
	t.Helper()
	var all []*eventsv1.Head
	for {
		page, err := server.ListHeads(t.Context(), r)
		if err != nil {
			t.Fatalf("ListHeads: %v", err)
		}
		if n := len(page.GetHeads()); r.GetPageSize() > 0 && n > int(r.GetPageSize()) {
			t.Fatalf("a page of %d, want at most %d", n, r.GetPageSize())
		}
		all = append(all, page.GetHeads()...)
		if page.GetNextType() == "" {
			return all
		}
		r.AfterType, r.AfterId = page.GetNextType(), page.GetNextId()
	}
}

func TestDigestsAndHeadsTellThePresent(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		r, _ := d.relay(t)
		server := NewFeedServer(r.out)
		digests := func(types ...string) *eventsv1.GetDigestsResponse {
			t.Helper()
			got, err := server.GetDigests(t.Context(), &eventsv1.GetDigestsRequest{Owner: "posts", Types: types})
			if err != nil {
				t.Fatalf("GetDigests: %v", err)
			}
			return got
		}
		if got := digests(); got.GetEpoch() != 1 || got.GetPos() != 0 || !slices.Equal(got.GetBuckets(), expected(nil)) {
			t.Errorf("digests of nothing = %v, want zeros at (1, 0)", got)
		}
		var want, sites []*eventsv1.Head
		for i := range 30 {
			id := fmt.Sprintf("p%02d", i)
			for v := range int32(i%3 + 1) {
				d.change(t, "post", id, v+1, "old")
			}
			h := &eventsv1.Head{AggregateType: "post", AggregateId: id, Site: "main", Version: int32(i%3 + 2), PublicHash: []byte(id)}
			d.change(t, "post", id, h.GetVersion(), id)
			want = append(want, h)
		}
		d.change(t, "site", "main", 1, "")
		sites = append(sites, &eventsv1.Head{AggregateType: "site", AggregateId: "main", Site: "main", Version: 1, PublicHash: []byte{}})
		round(t, r)
		d.change(t, "post", "p00", 99, "it has no place yet")

		all := append(slices.Clone(want), sites...)
		got := digests()
		if w := (mark{got.GetEpoch(), got.GetPos()}); w != (mark{1, 91}) || !slices.Equal(got.GetBuckets(), expected(all)) {
			t.Errorf("digests at %v differ from those of the heads", w)
		}
		if !slices.Equal(digests("site").GetBuckets(), expected(sites)) || !slices.Equal(digests("post", "other").GetBuckets(), expected(want)) {
			t.Error("digests of some types differ from those of their heads")
		}
		for _, size := range []int32{0, 1, 7, 31} {
			got := allHeads(t, server, &eventsv1.ListHeadsRequest{Owner: "posts", PageSize: size})
			if diff := cmp.Diff(all, got, protocmp.Transform()); diff != "" {
				t.Errorf("heads in pages of %d (-want +got):\n%s", size, diff)
			}
		}
		bucket := digest.Bucket("post", "p07")
		got1 := allHeads(t, server, &eventsv1.ListHeadsRequest{Owner: "posts", Types: []string{"post"}, Buckets: []int32{int32(bucket)}})
		if diff := cmp.Diff([]*eventsv1.Head{want[7]}, got1, protocmp.Transform()); diff != "" {
			t.Errorf("heads of one bucket (-want +got):\n%s", diff)
		}
		round(t, r)
		if slices.Equal(digests().GetBuckets(), expected(all)) || digests().GetPos() != 92 {
			t.Error("the digests did not change with a notice")
		}
	})
}

func TestDigestsAreComputedOncePerPlace(t *testing.T) {
	t.Parallel()
	d := &desk{db: sqldbtest.SQLite(t)}
	if err := d.db.Migrate(t.Context(), Migrations()); err != nil {
		t.Fatal(err)
	}
	out := New(d.db, "posts")
	d.write(t, 3)
	place := func() {
		t.Helper()
		if _, err := out.sequence(t.Context(), &lease{holder: "me"}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	digests := func() sums {
		t.Helper()
		got, err := out.digests(t.Context())
		if err != nil {
			t.Fatalf("digests: %v", err)
		}
		return got
	}
	place()
	first := digests()
	if again := digests(); again.byType["post"] != first.byType["post"] {
		t.Error("the digests of the same place were computed twice")
	}
	d.write(t, 1)
	place()
	if later := digests(); later.byType["post"] == first.byType["post"] || later.at != (mark{1, 4}) {
		t.Errorf("digests at %v, want new ones at (1, 4)", later.at)
	}
}

func TestDigestsAndHeadsRefuse(t *testing.T) {
	t.Parallel()
	server := NewFeedServer(New(sqldbtest.SQLite(t), "posts"))
	_, digests := server.GetDigests(t.Context(), &eventsv1.GetDigestsRequest{Owner: "tags"})
	heads := func(r *eventsv1.ListHeadsRequest) error {
		_, err := server.ListHeads(t.Context(), r)
		return err
	}
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"digests of another owner": {digests, fault.KindNotFound},
		"heads of another owner":   {heads(&eventsv1.ListHeadsRequest{Owner: "tags"}), fault.KindNotFound},
		"too many heads":           {heads(&eventsv1.ListHeadsRequest{Owner: "posts", PageSize: 1001}), fault.KindInvalid},
		"too many buckets":         {heads(&eventsv1.ListHeadsRequest{Owner: "posts", Buckets: make([]int32, 1025)}), fault.KindInvalid},
	} {
		if fault.KindOf(c.err) != c.want {
			t.Errorf("%s: %v, want kind %v", name, c.err, c.want)
		}
	}
}

// BenchmarkDigests tells what a walk over all aggregates costs, and a page of
// the heads in the middle.
func BenchmarkDigests(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, n := range []int{10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", engine, n), func(b *testing.B) {
				open := sqldbtest.SQLite
				if engine == "postgres" {
					open = sqldbtest.Postgres
				}
				db := open(b)
				fill(b, db, n)
				server := NewFeedServer(New(db, "posts"))
				b.Run("walk", func(b *testing.B) {
					for b.Loop() {
						if _, err := server.owners["posts"].walk(b.Context()); err != nil {
							b.Fatal(err)
						}
					}
				})
				b.Run("heads", func(b *testing.B) {
					r := &eventsv1.ListHeadsRequest{Owner: "posts", AfterType: "post", AfterId: fmt.Sprintf("%036d", n/2), PageSize: 1000}
					for b.Loop() {
						if got, err := server.ListHeads(b.Context(), r); err != nil || len(got.GetHeads()) != 1000 {
							b.Fatalf("%d heads, %v", len(got.GetHeads()), err)
						}
					}
				})
			})
		}
	}
}

// fill makes n aggregates with two notices each.
func fill(t testing.TB, db *sqldb.DB, n int) {
	t.Helper()
	if err := db.Migrate(t.Context(), Migrations()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	numbers := `generate_series(1, $1) AS g(i)`
	if db.Dialect() == sqldb.SQLite {
		numbers = `(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < $1) SELECT i FROM c)`
	}
	id := `substr('000000000000000000000000000000000000' || CAST(i AS text), -36)`
	if db.Dialect() == sqldb.Postgres {
		id = `lpad(CAST(i AS text), 36, '0')`
	}
	for version := range 2 {
		execute(t, db, strings.NewReplacer("NUMBERS", numbers, "ID", id).Replace(`INSERT INTO outbox
 (id, site, aggregate_type, aggregate_id, version, kind, public_hash, facts, trace, created_at, epoch, pos, stream_seq)
 SELECT CAST($2 AS text) || ID, 'main', 'post', ID, CAST($3 AS integer), 'revised', $4, $5, '', $6, 1, i + CAST($7 AS integer), 1 FROM NUMBERS`),
			n, fmt.Sprintf("v%d-", version), version+1, make([]byte, 32), make([]byte, 150), sqldb.At(time.Now()), version*n)
	}
	execute(t, db, `INSERT INTO outbox_owner (owner, epoch, next_pos) VALUES ('posts', 1, $1)`, 2*n+1)
	if db.Dialect() == sqldb.Postgres {
		execute(t, db, `ANALYZE outbox`)
	}
}
