package server_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/server"
	"github.com/parution/parution/services/tags/internal/store"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// house is a server on a store with some posts.
type house struct {
	tagsv1.TagsServiceClient

	store    *store.Store
	db       *sqldb.DB
	services tagsv1.TagsServiceClient
}

func newHouse(t *testing.T, db *sqldb.DB) *house {
	t.Helper()
	if err := db.Migrate(t.Context(), outbox.Migrations(), projection.Migrations(), store.Migrations()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	h := &house{store: store.New(db, outbox.New(db, "tags")), db: db}
	s := server.New(h.store, server.Reading{}, server.Editing{Tags: h.store, Now: noon})
	served := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { tagsv1.RegisterTagsServiceServer(r, s) }, nil)
	h.TagsServiceClient, h.services = tagsv1.NewTagsServiceClient(served.Conn(t)), tagsv1.NewTagsServiceClient(served.ConnOf(t, "render"))
	return h
}

func (h *house) publish(t *testing.T, title string, names ...string) string {
	t.Helper()
	p := entry.Post{
		ID: ids.New(), Site: "main", Version: 1, Public: true, Slug: title, Title: title, Language: "fr", PublishedAt: noon(), TagNames: names, TextHash: "h",
	}
	p.Text.Title = title
	item := projection.Item[entry.Post]{Ref: projection.Ref{Type: "post", ID: p.ID}, Epoch: 1, Version: 1, State: p, Context: t.Context()}
	err := h.db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		return h.store.Put(ctx, tx, []projection.Item[entry.Post]{item}, noon())
	})
	if err != nil {
		t.Fatalf("publish: %v", err)
	}
	return p.ID
}

func (h *house) settle(t *testing.T) {
	t.Helper()
	for wait := time.Duration(0); wait >= 0; {
		var err error
		if wait, err = h.store.Restand(t.Context(), "test", noon()); err != nil {
			t.Fatalf("Restand: %v", err)
		}
	}
}

func editor(t *testing.T) context.Context {
	return identity.With(t.Context(), identity.Principal{Subject: "zoe", Name: "Zoé", Role: identity.Editor, Site: "main"})
}

func (h *house) state(t *testing.T, id string) *tagsv1.TagState {
	t.Helper()
	r, err := h.services.BatchGetTags(t.Context(), &tagsv1.BatchGetTagsRequest{Ids: []string{id}})
	if err != nil || len(r.GetStates()) != 1 {
		t.Fatalf("BatchGetTags: %v, %v", r, err)
	}
	return r.GetStates()[0]
}

func (h *house) entry(t *testing.T, id string) *tagsv1.Entry {
	t.Helper()
	r, err := h.services.BatchGetEntries(t.Context(), &tagsv1.BatchGetEntriesRequest{Ids: []string{id}})
	if err != nil || len(r.GetEntries()) != 1 {
		t.Fatalf("BatchGetEntries: %v, %v", r, err)
	}
	return r.GetEntries()[0]
}

func carried(e *tagsv1.Entry) string {
	var out []string
	for _, c := range e.GetTags() {
		text := c.GetSlug() + " " + c.GetName()
		if c.GetInherited() {
			text = "(" + text + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestAnEditorsDay(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h, ctx := newHouse(t, db), editor(t)
		train, road := h.publish(t, "train de nuit", "Transport", "Europe"), h.publish(t, "route", "Transport")
		id := h.entry(t, train).GetTags()[0].GetId()

		described, err := h.DescribeTag(ctx, &tagsv1.DescribeTagRequest{
			Slug: "transport", ExpectedVersion: 1, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"description", "colour", "names", "parent", "aliases"}},
			Tag: &tagsv1.Tag{Description: "Trains et *routes*.", Colour: "#0A0b0C", Names: map[string]string{"en": "Transit"}, Parent: "europe", Aliases: []string{"Mobilités"}},
		})
		if err != nil {
			t.Fatalf("DescribeTag: %v", err)
		}
		op := described.GetOperation()
		if op.GetKind() != "described" || op.GetState() != "running" || op.GetPosts() != 2 || op.GetBy() != "Zoé" || !slices.Equal(op.GetInto(), []string{"transport"}) {
			t.Errorf("the operation is %v", op)
		}
		h.settle(t)
		got, err := h.GetTagOperation(ctx, &tagsv1.GetTagOperationRequest{Id: op.GetId()})
		if err != nil || got.GetOperation().GetState() != "done" || got.GetOperation().GetPostsDone() != 2 {
			t.Errorf("the operation is %v, %v, want it done", got, err)
		}
		state := h.state(t, id)
		want := &tagsv1.Tag{Description: "Trains et *routes*.", Colour: "#0a0b0c", Parent: "europe"}
		if g := state.GetTag(); g.GetDescription() != want.GetDescription() || g.GetColour() != want.GetColour() || g.GetParent() != want.GetParent() ||
			!slices.Equal(g.GetAliases(), []string{"Mobilités"}) || g.GetNames()["en"] != "Transit" || state.GetVersion() != 2 || len(state.GetPublicHash()) == 0 {
			t.Errorf("the tag is %v", state)
		}
		if g := carried(h.entry(t, road)); g != "transport Transport, (europe Europe)" {
			t.Errorf("the post carries %q", g)
		}
		if g := carried(h.entry(t, h.publish(t, "vélo", "mobilites"))); g != "transport Transport, (europe Europe)" {
			t.Errorf("a post with the alias carries %q", g)
		}

		if _, err := h.RenameTag(ctx, &tagsv1.RenameTagRequest{Slug: "transport", Name: "Transports", ExpectedVersion: 1}); fault.KindOf(err) != fault.KindStale {
			t.Errorf("a renaming of an older version = %v, want Stale", err)
		}
		renamed, err := h.RenameTag(ctx, &tagsv1.RenameTagRequest{Slug: "transport", Name: "Transports"})
		if err != nil || !slices.Equal(renamed.GetOperation().GetSlugs(), []string{"transport"}) || !slices.Equal(renamed.GetOperation().GetInto(), []string{"transports"}) {
			t.Fatalf("RenameTag = %v, %v", renamed, err)
		}
		h.settle(t)
		if op := renamed.GetOperation(); !slices.Equal(op.GetNames(), []string{"Transport"}) || !slices.Equal(op.GetIntoNames(), []string{"Transports"}) {
			t.Errorf("RenameTag says that %q became %q", op.GetNames(), op.GetIntoNames())
		}
		if g := carried(h.entry(t, road)); g != "transports Transports, (europe Europe)" || !slices.Equal(h.state(t, id).GetFormerSlugs(), []string{"transport"}) {
			t.Errorf("after renaming the post carries %q, the tag is %v", g, h.state(t, id))
		}
		split, err := h.SplitTag(ctx, &tagsv1.SplitTagRequest{Slug: "transport", Parts: []*tagsv1.SplitTagRequest_Part{{Name: "Rail", Posts: []string{train}}}})
		if err != nil {
			t.Fatalf("SplitTag: %v", err)
		}
		h.settle(t)
		if a, b := carried(h.entry(t, train)), carried(h.entry(t, road)); a != "rail Rail, europe Europe" || b != "transports Transports, (europe Europe)" {
			t.Errorf("after the split the posts carry %q and %q", a, b)
		}
		merged, err := h.MergeTag(ctx, &tagsv1.MergeTagRequest{Slug: "rail", Into: "europe"})
		if err != nil {
			t.Fatalf("MergeTag: %v", err)
		}
		h.settle(t)
		if g := carried(h.entry(t, train)); g != "europe Europe" {
			t.Errorf("after merging the post carries %q", g)
		}
		rail := h.state(t, split.GetOperation().GetTags()[0].GetId())
		if rail.GetTag() != nil || rail.GetMovedToSlug() != "europe" || !slices.Equal(rail.GetFormerSlugs(), []string{"rail"}) {
			t.Errorf("the tag that was merged is %v", rail)
		}
		for _, o := range []*tagsv1.TagOperation{merged.GetOperation(), split.GetOperation(), renamed.GetOperation(), op} {
			if _, err := h.UndoTagOperation(ctx, &tagsv1.UndoTagOperationRequest{Id: o.GetId()}); err != nil {
				t.Fatalf("undo %s: %v", o.GetKind(), err)
			}
			h.settle(t)
		}
		if a, b := carried(h.entry(t, train)), carried(h.entry(t, road)); a != "transport Transport, europe Europe" || b != "transport Transport" {
			t.Errorf("after undoing all the posts carry %q and %q", a, b)
		}
		list, err := h.ListTagOperations(ctx, &tagsv1.ListTagOperationsRequest{Slug: "transport", PageSize: 3})
		if err != nil {
			t.Fatalf("ListTagOperations: %v", err)
		}
		more, err := h.ListTagOperations(ctx, &tagsv1.ListTagOperationsRequest{Slug: "transport", PageSize: 3, PageToken: list.GetNextPageToken()})
		if err != nil {
			t.Fatalf("ListTagOperations: %v", err)
		}
		var log []string
		for _, o := range slices.Concat(list.GetOperations(), more.GetOperations()) {
			log = append(log, o.GetKind()+" "+o.GetState())
		}
		if diff := cmp.Diff([]string{"undone done", "undone done", "undone done", "split undone", "renamed undone", "described undone"}, log); diff != "" {
			t.Errorf("what was done to the tag (-want +got):\n%s", diff)
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, sqldbtest.SQLite(t)), editor(t)
	h.publish(t, "a", "Rail", "Route", "Quai")
	patch := func(tag *tagsv1.Tag, fields ...string) func() error {
		return func() error {
			_, err := h.DescribeTag(ctx, &tagsv1.DescribeTagRequest{Slug: "rail", Tag: tag, UpdateMask: &fieldmaskpb.FieldMask{Paths: fields}, ExpectedVersion: 1})
			return err
		}
	}
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("alias %d", i)
	}
	cases := []struct {
		name string
		do   func() error
		want fault.Kind
	}{
		{"a patch without a version", func() error {
			_, err := h.DescribeTag(ctx, &tagsv1.DescribeTagRequest{Slug: "rail", Tag: &tagsv1.Tag{}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"colour"}}})
			return err
		}, fault.KindUnconditional},
		{"a patch of nothing", patch(&tagsv1.Tag{}), fault.KindInvalid},
		{"a tag that there is not", func() error {
			_, err := h.RenameTag(ctx, &tagsv1.RenameTagRequest{Slug: "nothing", Name: "x"})
			return err
		}, fault.KindNotFound},
		{"a slug in a patch", patch(&tagsv1.Tag{Slug: "x"}, "slug"), fault.KindInvalid},
		{"an unknown field", patch(&tagsv1.Tag{}, "weight"), fault.KindInvalid},
		{"another name in a patch", patch(&tagsv1.Tag{Name: "Train"}, "name"), fault.KindInvalid},
		{"no colour", patch(&tagsv1.Tag{Colour: "red"}, "colour"), fault.KindInvalid},
		{"an image that is a script", patch(&tagsv1.Tag{Image: "javascript:alert(1)"}, "image"), fault.KindInvalid},
		{"a long description", patch(&tagsv1.Tag{Description: strings.Repeat("é", 2001)}, "description"), fault.KindInvalid},
		{"no language", patch(&tagsv1.Tag{Names: map[string]string{"!": "x"}}, "names"), fault.KindInvalid},
		{"a long name", patch(&tagsv1.Tag{Names: map[string]string{"en": strings.Repeat("x", 61)}}, "names"), fault.KindInvalid},
		{"a name of another tag", patch(&tagsv1.Tag{Names: map[string]string{"en": "ROUTE"}}, "names"), fault.KindConflict},
		{"an alias of another tag", patch(&tagsv1.Tag{Aliases: []string{"route"}}, "aliases"), fault.KindConflict},
		{"many aliases", patch(&tagsv1.Tag{Aliases: many}, "aliases"), fault.KindInvalid},
		{"an alias of signs", patch(&tagsv1.Tag{Aliases: []string{"!"}}, "aliases"), fault.KindInvalid},
		{"below itself", patch(&tagsv1.Tag{Parent: "rail"}, "parent"), fault.KindInvalid},
		{"below nothing", patch(&tagsv1.Tag{Parent: "nothing"}, "parent"), fault.KindInvalid},
		{"a name that is taken", func() error {
			_, err := h.RenameTag(ctx, &tagsv1.RenameTagRequest{Slug: "rail", Name: "Route"})
			return err
		}, fault.KindConflict},
		{"an address that is taken", func() error {
			_, err := h.RenameTag(ctx, &tagsv1.RenameTagRequest{Slug: "rail", Name: "Train", NewSlug: "route"})
			return err
		}, fault.KindConflict},
		{"an address that is none", func() error {
			_, err := h.RenameTag(ctx, &tagsv1.RenameTagRequest{Slug: "rail", Name: "Train", NewSlug: "Le Train"})
			return err
		}, fault.KindInvalid},
		{"a merge with itself", func() error {
			_, err := h.MergeTag(ctx, &tagsv1.MergeTagRequest{Slug: "rail", Into: "rail"})
			return err
		}, fault.KindInvalid},
		{"a merge into nothing", func() error {
			_, err := h.MergeTag(ctx, &tagsv1.MergeTagRequest{Slug: "rail", Into: "nothing"})
			return err
		}, fault.KindInvalid},
		{"a split without parts", func() error {
			_, err := h.SplitTag(ctx, &tagsv1.SplitTagRequest{Slug: "rail"})
			return err
		}, fault.KindInvalid},
		{"a split into itself", func() error {
			_, err := h.SplitTag(ctx, &tagsv1.SplitTagRequest{Slug: "rail", Parts: []*tagsv1.SplitTagRequest_Part{{Name: "Rail"}}})
			return err
		}, fault.KindInvalid},
		{"a split by an alias that it has not", func() error {
			_, err := h.SplitTag(ctx, &tagsv1.SplitTagRequest{Slug: "rail", Parts: []*tagsv1.SplitTagRequest_Part{{Name: "Train", Aliases: []string{"TGV"}}}})
			return err
		}, fault.KindInvalid},
		{"an unknown operation", func() error {
			_, err := h.UndoTagOperation(ctx, &tagsv1.UndoTagOperationRequest{Id: ids.New()})
			return err
		}, fault.KindNotFound},
		{"another site's operations", func() error {
			elsewhere := identity.With(t.Context(), identity.Principal{Role: identity.Editor, Site: "other"})
			_, err := h.RenameTag(elsewhere, &tagsv1.RenameTagRequest{Slug: "rail", Name: "Train"})
			return err
		}, fault.KindNotFound},
		{"an author", func() error {
			author := identity.With(t.Context(), identity.Principal{Role: identity.Author, Site: "main"})
			_, err := h.RenameTag(author, &tagsv1.RenameTagRequest{Slug: "rail", Name: "Train"})
			return err
		}, fault.KindDenied},
	}
	for _, c := range cases {
		if err := c.do(); fault.KindOf(err) != c.want {
			t.Errorf("%s: %v, want kind %d", c.name, err, c.want)
		}
	}
	list, err := h.ListTagOperations(ctx, &tagsv1.ListTagOperationsRequest{})
	if err != nil || len(list.GetOperations()) != 0 {
		t.Errorf("what was refused left %v, %v", list, err)
	}
}

// Databases take other texts than Go does.
func TestControlCharactersAreNoFailure(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h, ctx := newHouse(t, db), editor(t)
		h.publish(t, "a", "Rail")
		const odd = "a\x00b"
		for name, c := range map[string]struct {
			want fault.Kind
			do   func() error
		}{
			"an operation": {fault.KindNotFound, func() error {
				_, err := h.GetTagOperation(ctx, &tagsv1.GetTagOperationRequest{Id: odd})
				return err
			}},
			"undoing one": {fault.KindNotFound, func() error {
				_, err := h.UndoTagOperation(ctx, &tagsv1.UndoTagOperationRequest{Id: odd})
				return err
			}},
			"a tag to be renamed": {fault.KindNotFound, func() error {
				_, err := h.RenameTag(ctx, &tagsv1.RenameTagRequest{Slug: odd, Name: "x"})
				return err
			}},
			"the posts of a part": {fault.KindInvalid, func() error {
				_, err := h.SplitTag(ctx, &tagsv1.SplitTagRequest{Slug: "rail", Parts: []*tagsv1.SplitTagRequest_Part{{Name: "Train", Posts: []string{odd}}}})
				return err
			}},
			"the tag of a query": {fault.KindNotFound, func() error {
				_, err := h.SplitTag(ctx, &tagsv1.SplitTagRequest{Slug: odd, Parts: []*tagsv1.SplitTagRequest_Part{{Name: "Train", Q: "a"}}})
				return err
			}},
		} {
			if err := c.do(); fault.KindOf(err) != c.want {
				t.Errorf("%s: %v, want kind %d", name, err, c.want)
			}
		}
		if list, err := h.ListTagOperations(ctx, &tagsv1.ListTagOperationsRequest{Slug: odd}); err != nil || len(list.GetOperations()) > 0 {
			t.Errorf("operations on no tag: %v, %v; want none", list, err)
		}
	})
}
