package tags_test

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/paging"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/stream"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// notices lists what the index told about a post as "version kind tags removed".
func (w *world) notices(t *testing.T, id string) (out []string) {
	t.Helper()
	rows, err := w.db.Conn(t.Context()).QueryContext(t.Context(),
		`SELECT version, kind, facts FROM outbox WHERE aggregate_type = 'entry' AND aggregate_id = $1 ORDER BY n`, id)
	if err != nil {
		t.Fatalf("read the notices: %v", err)
	}
	defer func() {
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Errorf("read the notices: %v", err)
		}
	}()
	for rows.Next() {
		out = append(out, notice(t, rows))
	}
	return out
}

func notice(t *testing.T, rows *sql.Rows) string {
	t.Helper()
	var (
		version int32
		kind    string
		packed  []byte
		wrapped anypb.Any
		facts   tagsv1.IndexFacts
	)
	err := rows.Scan(&version, &kind, &packed)
	if err == nil {
		err = proto.Unmarshal(packed, &wrapped)
	}
	if err == nil {
		err = wrapped.UnmarshalTo(&facts)
	}
	if err != nil {
		t.Fatalf("read a notice: %v", err)
	}
	return fmt.Sprintf("%d %s%v%v", version, kind, facts.GetTags(), facts.GetRemoved())
}

func TestIndexFollowsAPost(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		id, other := ids.New(), ids.New()
		w.change(t, "main", other, public("other", noon().Add(-time.Hour), "Go"))
		steps := []struct {
			name string
			post *postsv1.Post
			want []string
		}{
			{"draft", nil, []string{"go Go 1"}},
			{"published", public("a", noon(), "Go", "SQL"), []string{"go Go 2", "sql SQL 1"}},
			{"another body", public("a", noon(), "Go", "SQL"), []string{"go Go 2", "sql SQL 1"}},
			{"retagged", public("a", noon(), "GO", "Été"), []string{"ete Été 1", "go GO 2"}},
			{"withdrawn", nil, []string{"go Go 1"}},
			{"published again", public("a", noon(), "SQL"), []string{"go Go 1", "sql SQL 1"}},
			{"another title", public("b", noon(), "SQL"), []string{"go Go 1", "sql SQL 1"}},
			{"deleted", nil, []string{"go Go 1"}},
		}
		for _, step := range steps {
			w.change(t, "main", id, step.post)
			w.settle(t)
			if diff := gocmp.Diff(step.want, w.counts(t, "main")); diff != "" {
				t.Errorf("tags after %q (-want +got):\n%s", step.name, diff)
			}
		}
		want := []string{
			"1 indexed[go sql][]", "2 indexed[go ete][sql]", "3 removed[][go ete]", "4 indexed[sql][]", "5 indexed[sql][]", "6 removed[][sql]",
		}
		if diff := gocmp.Diff(want, w.notices(t, id)); diff != "" {
			t.Errorf("notices (-want +got):\n%s", diff)
		}
		if got := w.tagged(t, "main", "go"); !slices.Equal(got, []string{"other"}) {
			t.Errorf("posts with the tag = %v, want the other one", got)
		}
	})
}

func TestOnePostDoesNotRenameATag(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		for n := range 4 {
			w.change(t, "main", ids.New(), public(fmt.Sprint(n), noon().Add(-time.Hour), "jardin"))
		}
		loud, louder := ids.New(), ids.New()
		for _, step := range []struct {
			id   string
			post *postsv1.Post
			want string
		}{
			{loud, public("loud", noon(), "JARDIN"), "jardin jardin 5"},
			{loud, public("loud", noon()), "jardin jardin 4"},
			{loud, nil, "jardin jardin 4"},
			{louder, public("louder", noon(), "Jardin"), "jardin jardin 5"},
		} {
			w.change(t, "main", step.id, step.post)
			w.settle(t)
			if got := w.counts(t, "main"); !slices.Equal(got, []string{step.want}) {
				t.Errorf("tags = %q, want %q", got, step.want)
			}
		}
	})
}

func TestNameOfATagFollowsTheDates(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		small, capital := ids.New(), ids.New()
		for _, step := range []struct {
			id   string
			post *postsv1.Post
			want string
		}{
			{small, public("a", noon(), "jardin"), "jardin jardin 1"},
			{capital, public("b", noon().Add(time.Hour), "Jardin"), "jardin Jardin 2"},
			{capital, public("b", noon().Add(-time.Hour), "Jardin"), "jardin jardin 2"},
			{capital, public("b", noon().Add(time.Hour), "Jardin"), "jardin Jardin 2"},
			{small, public("a", noon().Add(2*time.Hour), "jardin"), "jardin jardin 2"},
			{small, public("a", noon().Add(2*time.Hour), "Jardin"), "jardin Jardin 2"},
		} {
			w.change(t, "main", step.id, step.post)
			w.settle(t)
			if got := w.counts(t, "main"); !slices.Equal(got, []string{step.want}) {
				t.Errorf("tags = %q, want %q", got, step.want)
			}
		}
	})
}

func TestLateNoticeDoesNotResurrect(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		id := ids.New()
		first := w.posts.set("main", id, public("a", noon(), "Go"))
		w.change(t, "main", id, nil)
		w.settle(t)
		w.posts.tell(t, "post", "main", id, first)
		w.settle(t)
		if got := w.counts(t, "main"); got != nil {
			t.Errorf("tags = %v, want none", got)
		}
		if got := w.notices(t, id); got != nil {
			t.Errorf("notices = %v, want none", got)
		}
	})
}

func TestOtherAggregatesAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := start(t, sqldbtest.SQLite(t))
	w.posts.tell(t, "site", "main", "main", 1)
	w.settle(t)
	w.posts.mu.Lock()
	defer w.posts.mu.Unlock()
	if len(w.posts.asked) > 0 {
		t.Errorf("the owner was asked for %v, want nothing", w.posts.asked)
	}
}

func TestSitesDoNotMix(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		w.change(t, "main", ids.New(), public("m", noon(), "Go", "SQL"))
		gone := ids.New()
		w.change(t, "other", gone, public("gone", noon(), "Go"))
		w.change(t, "other", ids.New(), public("o", noon(), "GO"))
		w.change(t, "other", gone, nil)
		w.settle(t)
		for site, want := range map[string][]string{"main": {"go Go 1", "sql SQL 1"}, "other": {"go GO 1"}, "third": nil} {
			if diff := gocmp.Diff(want, w.counts(t, site)); diff != "" {
				t.Errorf("tags of %s (-want +got):\n%s", site, diff)
			}
		}
		for site, want := range map[string][]string{"main": {"m"}, "other": {"o"}, "third": nil} {
			if diff := gocmp.Diff(want, w.tagged(t, site, "go")); diff != "" {
				t.Errorf("posts of %s (-want +got):\n%s", site, diff)
			}
		}
		if got := w.tagged(t, "other", "go+sql"); got != nil {
			t.Errorf("posts of other with both = %v, want none", got)
		}
		_, err := w.client.GetTag(reader(t.Context(), "other"), &tagsv1.GetTagRequest{Slug: "sql"})
		if fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("GetTag of another site's tag = %v, want NotFound", err)
		}
	})
}

func TestGetTag(t *testing.T) {
	t.Parallel()
	w := start(t, sqldbtest.SQLite(t))
	w.change(t, "main", ids.New(), public("new", noon(), "Été"))
	w.change(t, "main", ids.New(), public("old", noon().Add(-time.Hour), "ETE"))
	w.settle(t)
	want := &tagsv1.GetTagResponse{Tag: &tagsv1.Tag{Slug: "ete", Name: "Été", Count: 2, Version: 1}}
	for _, name := range []string{"ete", "ÉTÉ"} {
		got, err := w.client.GetTag(reader(t.Context(), "main"), &tagsv1.GetTagRequest{Slug: name})
		if err != nil {
			t.Fatalf("GetTag(%q): %v", name, err)
		}
		if diff := gocmp.Diff(want, got, protocmp.Transform(), protocmp.IgnoreFields(&tagsv1.Tag{}, "id")); diff != "" {
			t.Errorf("GetTag(%q) (-want +got):\n%s", name, diff)
		}
	}
	for _, name := range []string{"", "!", "hiver", "a\x00b"} {
		if _, err := w.client.GetTag(reader(t.Context(), "main"), &tagsv1.GetTagRequest{Slug: name}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("GetTag(%q) = %v, want NotFound", name, err)
		}
	}
}

func TestAllOfSeveral(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		ten := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
		for i := range len(ten) + 1 {
			w.change(t, "main", ids.New(), public(fmt.Sprint(i), noon().Add(-time.Duration(i)*time.Minute), ten[:i]...))
		}
		w.settle(t)
		for selection, want := range map[string][]string{
			"a+b+c+d+e+f+g+h":     {"8", "9", "10"},
			"a+b+c+d+e+f+g+h+i+j": {"10"},
			"J+a":                 {"10"},
			"i":                   {"9", "10"},
			"i+i":                 {"9", "10"},
			"a+nobody":            nil,
			"nobody":              nil,
			"g+b":                 {"7", "8", "9", "10"},
			"a+b":                 {"2", "3", "4", "5", "6", "7", "8", "9", "10"},
		} {
			if diff := gocmp.Diff(want, w.tagged(t, "main", selection)); diff != "" {
				t.Errorf("posts with %s (-want +got):\n%s", selection, diff)
			}
		}
		forged, err := paging.Token(map[string]string{"ID": "a\x00"}, "tagged", "main", "a")
		if err != nil {
			t.Fatalf("forge a page token: %v", err)
		}
		foreign, err := paging.Token(map[string]string{"ID": ids.New()}, "tagged", "main", "b")
		if err != nil {
			t.Fatalf("forge a page token: %v", err)
		}
		for _, bad := range []*tagsv1.ListTaggedPostsRequest{
			{},
			{Tags: "a+"},
			{Tags: "a+b+c+d+e+f+g+h+i+j+k"},
			{Tags: "a", PageSize: 101},
			{Tags: "a", PageSize: -1},
			{Tags: "a", PageToken: "x"},
			{Tags: "a", PageToken: forged},
			{Tags: "a", PageToken: foreign},
		} {
			if _, err := w.client.ListTaggedPosts(reader(t.Context(), "main"), bad); fault.KindOf(err) != fault.KindInvalid {
				t.Errorf("ListTaggedPosts(%v) = %v, want Invalid", bad, err)
			}
		}
	})
}

func TestPagesGiveEachOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		const n = 250
		type known struct {
			at    time.Time
			id    string
			title string
		}
		all := make([]known, n)
		for i := range all {
			// Groups of five share a moment, so that the id decides within them.
			all[i] = known{at: noon().Add(time.Duration(i%50) * time.Microsecond), id: ids.New(), title: fmt.Sprint("post-", i)}
			w.change(t, "main", all[i].id, public(all[i].title, all[i].at, "Go", fmt.Sprint("tag ", i)))
		}
		w.settle(t)
		slices.SortFunc(all, func(a, b known) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.id, a.id)) })
		want := make([]string, n)
		for i, k := range all {
			want[i] = k.title
		}
		if diff := gocmp.Diff(want, w.tagged(t, "main", "go")); diff != "" {
			t.Errorf("all pages (-want +got):\n%s", diff)
		}
		if got := w.counts(t, "main"); len(got) != n+1 || !slices.IsSorted(got) {
			t.Errorf("ListTags gives %d tags, want %d, sorted", len(got), n+1)
		}
	})
}

func TestBatchGetEntries(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		there, gone, draft := ids.New(), ids.New(), ids.New()
		w.change(t, "main", there, public("a", noon(), "Go", "Été"))
		w.change(t, "other", gone, public("b", noon(), "SQL"))
		w.change(t, "main", draft, nil)
		w.settle(t)
		w.change(t, "other", gone, nil)
		w.settle(t)
		stranger := ids.New()
		got, err := w.client.BatchGetEntries(t.Context(), &tagsv1.BatchGetEntriesRequest{Ids: []string{there, gone, draft, there, stranger, "\x00"}})
		if err != nil {
			t.Fatalf("BatchGetEntries: %v", err)
		}
		want := &tagsv1.BatchGetEntriesResponse{Entries: []*tagsv1.Entry{
			{
				PostId: there, Site: "main", Epoch: 1, Version: 1, Indexed: true, Tags: []*tagsv1.Tag{{Slug: "go", Name: "Go"}, {Slug: "ete", Name: "Été"}},
				PublicHash: w.told(t, there, 1), PostVersion: 1,
			},
			{PostId: gone, Site: "other", Epoch: 1, Version: 2, PostVersion: 2},
			{PostId: "\x00", Epoch: 1},
			{PostId: draft, Epoch: 1},
			{PostId: stranger, Epoch: 1}, // unknown
		}}
		if diff := gocmp.Diff(want, got, protocmp.Transform(), protocmp.IgnoreFields(&tagsv1.Tag{}, "id")); diff != "" {
			t.Errorf("BatchGetEntries (-want +got):\n%s", diff)
		}
		if _, err := w.client.BatchGetEntries(t.Context(), &tagsv1.BatchGetEntriesRequest{Ids: make([]string, 101)}); fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("BatchGetEntries of 101 = %v, want Invalid", err)
		}
		owner := identity.With(t.Context(), identity.Principal{Subject: "o", Role: identity.Owner, Site: "main"})
		if _, err := w.client.BatchGetEntries(owner, &tagsv1.BatchGetEntriesRequest{}); fault.KindOf(err) != fault.KindDenied {
			t.Errorf("BatchGetEntries by a person = %v, want Denied", err)
		}
	})
}

func TestNoticesReachTheStream(t *testing.T) {
	t.Parallel()
	w := start(t, sqldbtest.SQLite(t))
	sub, err := w.nc.SubscribeSync(stream.LiveSubjects("tags", "indexed"))
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	id := ids.New()
	w.change(t, "main", id, public("a", noon(), "Go"))
	msg, err := sub.NextMsgWithContext(t.Context())
	if err != nil {
		t.Fatalf("wait for the notice: %v", err)
	}
	_, got, err := stream.Notice(t.Context(), msg.Header, msg.Data)
	if err != nil {
		t.Fatalf("read the notice: %v", err)
	}
	// The notice of its new tag is before it.
	if got.GetOwner() != "tags" || got.GetAggregateType() != "entry" || got.GetAggregateId() != id || got.GetSite() != "main" ||
		got.GetVersion() != 1 || got.GetPos() != 2 || len(got.GetPublicHash()) != 32 || !proto.Equal(got.GetOccurredAt(), timestamppb.New(noon())) {
		t.Errorf("the notice is %v", got)
	}
}

// TestRandomWalk compares the index with a fresh computation after many changes.
func TestRandomWalk(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		const seed = 42
		random := rand.New(rand.NewPCG(seed, seed))
		names := []string{"Go", "GO", "SQL", "Été", "ete", "x", "y"}
		posts := make([]string, 12)
		for i := range posts {
			posts[i] = ids.New()
		}
		for step := range 400 {
			id := posts[random.IntN(len(posts))]
			var p *postsv1.Post
			if random.IntN(4) > 0 {
				random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
				p = public(id, noon().Add(time.Duration(random.IntN(5))*time.Hour), slices.Clone(names[:random.IntN(4)])...)
			}
			w.change(t, "main", id, p)
			if step%100 == 99 {
				w.settle(t)
				if diff := gocmp.Diff(w.posts.compute(), w.counts(t, "main")); diff != "" {
					t.Fatalf("tags after %d steps with seed %d (-want +got):\n%s", step+1, seed, diff)
				}
			}
		}
	})
}
