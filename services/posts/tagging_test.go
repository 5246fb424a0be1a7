package posts_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// taxonomy stands for the tags service. Safe for concurrent use.
type taxonomy struct {
	grpc.ClientConnInterface

	mu      sync.Mutex
	entries map[string]*tagsv1.Entry
	tags    map[string]*tagsv1.GetTagResponse
	// answers is what it does before it answers; nil: it is not there.
	answers func(ctx context.Context) error
	// asked counts the questions about entries.
	asked int
	// later become the entries with the second question.
	later map[string]*tagsv1.Entry
	// under are the posts under each tag, by the tag's id, the newest first; of all of them
	// two at most are told at once.
	under map[string][]placed
	// forgets: it does not answer which posts are under a tag.
	forgets bool
}

// placed is a post in a list.
type placed struct {
	id string
	at time.Time
}

// Invoke implements grpc.ClientConnInterface.
func (x *taxonomy) Invoke(ctx context.Context, method string, args, reply any, _ ...grpc.CallOption) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.answers == nil {
		return fault.Unavailable("a service does not answer")
	}
	if err := x.answers(ctx); err != nil {
		return err
	}
	into, isMessage := reply.(proto.Message)
	if !isMessage {
		return errors.New("no place for an answer")
	}
	switch r := args.(type) {
	case *tagsv1.BatchGetEntriesRequest:
		if x.asked++; x.asked > 1 && x.later != nil {
			x.entries = x.later
		}
		out := &tagsv1.BatchGetEntriesResponse{}
		for _, id := range r.GetIds() {
			e := x.entries[id]
			if e == nil {
				e = &tagsv1.Entry{PostId: id}
			}
			out.Entries = append(out.Entries, e)
		}
		proto.Merge(into, out)
		return nil
	case *tagsv1.ListTaggedIDsRequest:
		if x.forgets {
			return fault.Unavailable("the index is not there yet")
		}
		out := &tagsv1.ListTaggedIDsResponse{}
		for _, p := range x.under[r.GetTag()] {
			before := r.GetBefore().AsTime()
			switch {
			case r.GetBefore() != nil && (p.at.After(before) || p.at.Equal(before) && p.id >= r.GetBeforeId()):
			case len(out.GetIds()) < min(2, int(r.GetSize())):
				out.Ids = append(out.Ids, p.id)
			default:
				out.Next = timestamppb.New(x.when(out.GetIds()[len(out.GetIds())-1], r.GetTag()))
			}
		}
		proto.Merge(into, out)
		return nil
	case *tagsv1.GetTagRequest:
		out := x.tags[r.GetSite()+"/"+r.GetSlug()]
		if out == nil {
			return fault.NotFound("there is no such tag")
		}
		proto.Merge(into, out)
		return nil
	}
	return errors.New("posts asks tags for " + method)
}

func (x *taxonomy) when(id, tag string) time.Time {
	i := slices.IndexFunc(x.under[tag], func(p placed) bool { return p.id == id })
	return x.under[tag][i].at
}

func at(version int32, id string, tags ...*tagsv1.Tag) *tagsv1.Entry {
	return &tagsv1.Entry{PostId: id, Indexed: true, PostVersion: version, Tags: tags}
}

func present(context.Context) error { return nil }

// A published post shows what its author's names stand for today; internal tags only
// to those who write.
func TestPublishedPostsFollowTheTaxonomy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		background(t, w.relay, w.watch)
		p := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "t", Tags: []string{"Vélo", "#à relire", "Brouillon"}, Status: "published"})
		draft := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "d", Tags: []string{"Vélo", "#à relire"}})
		w.follow(w.public, t, "", 100, 2) // the site and the post are told
		wrote := []string{"Vélo", "#à relire", "Brouillon"}
		today := at(1, p.GetId(), &tagsv1.Tag{Id: "1", Name: "Bicyclette"}, &tagsv1.Tag{Id: "2", Name: "#à relire", Internal: true},
			&tagsv1.Tag{Id: "3", Name: "Brouillon", Internal: true}, &tagsv1.Tag{Id: "4", Name: "Transport", Inherited: true})
		for _, tt := range []struct {
			name    string
			entries map[string]*tagsv1.Entry
			later   map[string]*tagsv1.Entry
			answers func(context.Context) error
			// readers and members are what each is shown.
			readers, members []string
		}{
			{"it knows", map[string]*tagsv1.Entry{p.GetId(): today}, nil, present, []string{"Bicyclette"}, []string{"Bicyclette", "#à relire", "Brouillon"}},
			{"it is away", nil, nil, nil, nil, wrote},
			{"it hangs", nil, nil, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, nil, wrote},
			{"it follows a moment later", nil, map[string]*tagsv1.Entry{p.GetId(): today}, present, []string{"Bicyclette"}, []string{"Bicyclette", "#à relire", "Brouillon"}},
			{"it stays behind", map[string]*tagsv1.Entry{p.GetId(): at(-1, p.GetId(), &tagsv1.Tag{Name: "Old"})}, nil, present, nil, wrote},
		} {
			x := w.tags
			x.mu.Lock()
			x.entries, x.later, x.answers, x.asked = tt.entries, tt.later, tt.answers, 0
			x.mu.Unlock()
			for who, want := range map[string][]string{"readers": tt.readers, "members": tt.members} {
				ctx := w.ctx
				if who == "readers" {
					ctx = w.public
				}
				if who == "members" && tt.later != nil && x.asked < 2 {
					want = wrote // nobody waits for what its author knows better
				}
				got, err := w.GetPost(ctx, &postsv1.GetPostRequest{Id: p.GetId()})
				if diff := cmp.Diff(want, got.GetPost().GetTags()); err != nil || diff != "" {
					t.Errorf("%s: GetPost for %s: %v (-want +got):\n%s", tt.name, who, err, diff)
				}
			}
			bySlug, err := w.GetPostBySlug(w.public, &postsv1.GetPostBySlugRequest{Slug: p.GetSlug()})
			if diff := cmp.Diff(tt.readers, bySlug.GetPost().GetTags()); err != nil || diff != "" {
				t.Errorf("%s: GetPostBySlug: %v (-want +got):\n%s", tt.name, err, diff)
			}
			list, err := w.ListPosts(w.public, &postsv1.ListPostsRequest{})
			if err != nil || len(list.GetPosts()) != 1 || !slices.Equal(list.GetPosts()[0].GetTags(), tt.readers) {
				t.Errorf("%s: ListPosts = %v, %v", tt.name, list, err)
			}
			told, err := w.changes.ListChanges(w.public, &postsv1.ListChangesRequest{Wait: 10})
			if err != nil || len(told.GetChanges()) == 0 || !slices.Equal(told.GetChanges()[len(told.GetChanges())-1].GetFacts().GetTags(), tt.readers) {
				t.Errorf("%s: ListChanges = %v, %v", tt.name, told, err)
			}
			kept, err := w.GetPost(w.ctx, &postsv1.GetPostRequest{Id: draft.GetId()})
			if err != nil || !slices.Equal(kept.GetPost().GetTags(), []string{"Vélo", "#à relire"}) {
				t.Errorf("%s: the draft has %v, %v", tt.name, kept.GetPost().GetTags(), err)
			}
			written, err := w.BatchGetPosts(w.peer, &postsv1.BatchGetPostsRequest{Ids: []string{p.GetId()}})
			if err != nil || !slices.Equal(written.GetStates()[0].GetPost().GetTags(), wrote) {
				t.Errorf("%s: read models get %v, %v; want what the author wrote", tt.name, written, err)
			}
		}
	})
}

// What a list is asked for by a former name, an alias or a tag above is found, and
// what a split led elsewhere is not.
func TestListsByTagFollowTheTaxonomy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		post := func(title, status string, tags ...string) string {
			return w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: title, Tags: tags, Status: status}).GetId()
		}
		old, alias, led := post("old", "published", "Vélo"), post("alias", "published", "Bicyclette"), post("led elsewhere", "published", "Vélo")
		below := post("below", "published", "Tandem")
		post("draft", "draft", "vélo")
		hidden := post("hidden", "published", "#à relire")
		post("other", "published", "Train")
		bike, tandem := &tagsv1.Tag{Id: "1", Name: "Bicyclette", Slug: "bicyclette"}, &tagsv1.Tag{Id: "2", Name: "Tandem"}
		internal := &tagsv1.Tag{Id: "4", Name: "#à relire", Slug: "internal-a-relire", Internal: true}
		above := &tagsv1.Tag{Id: "1", Name: "Bicyclette", Inherited: true}
		x := w.tags
		x.answers = present
		x.entries = map[string]*tagsv1.Entry{
			old: at(1, old, bike), alias: at(1, alias, bike), led: at(1, led, &tagsv1.Tag{Id: "3", Name: "Course"}),
			below: at(1, below, tandem, above), hidden: at(1, hidden, internal),
		}
		byBike := &tagsv1.GetTagResponse{Tag: bike, Keys: []string{"bicyclette", "velo", "tandem"}}
		x.tags = map[string]*tagsv1.GetTagResponse{
			"main/velo": byBike, "main/bicyclette": byBike,
			"main/internal-a-relire": {Tag: internal, Keys: []string{"#a-relire"}},
		}
		list := func(ctx context.Context, tag string) []string {
			t.Helper()
			r, err := w.ListPosts(ctx, &postsv1.ListPostsRequest{Tag: tag})
			if err != nil {
				t.Fatalf("ListPosts(%s): %v", tag, err)
			}
			var out []string
			for _, p := range r.GetPosts() {
				out = append(out, p.GetTitle())
			}
			slices.Sort(out)
			return out
		}
		for _, tt := range []struct {
			name string
			ctx  context.Context //nolint:containedctx // who asks
			tag  string
			want []string
		}{
			{"readers, by the former name", w.public, "Vélo", []string{"alias", "below", "old"}},
			{"readers, by the present slug", w.public, "bicyclette", []string{"alias", "below", "old"}},
			{"members see drafts", w.ctx, "velo", []string{"alias", "below", "draft", "old"}},
			{"readers, an internal tag", w.public, "internal-a-relire", nil},
			{"readers, the same word without its sign", w.public, "a-relire", nil},
			{"members, the same word without its sign", w.ctx, "a-relire", nil},
			{"members, an internal name", w.ctx, "#à relire", []string{"hidden"}},
			{"readers, an internal name", w.public, "#à relire", nil},
			{"members, an internal tag", w.ctx, "internal-a-relire", []string{"hidden"}},
			{"a tag that tags does not know", w.public, "train", []string{"other"}},
			{"a tag that nobody knows", w.public, "nothing", nil},
			{"signs that are no tag", w.public, "..", nil},
		} {
			if diff := cmp.Diff(tt.want, list(tt.ctx, tt.tag)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		}
		x.mu.Lock()
		x.answers = nil
		x.mu.Unlock()
		if diff := cmp.Diff([]string{"draft", "led elsewhere", "old"}, list(w.ctx, "velo")); diff != "" {
			t.Errorf("without tags members find by what authors wrote (-want +got):\n%s", diff)
		}
		// Whether a name is that of an internal tag nobody can say.
		if r, err := w.ListPosts(w.public, &postsv1.ListPostsRequest{Tag: "velo"}); fault.KindOf(err) != fault.KindUnavailable {
			t.Errorf("without tags readers get %v, %v; want Unavailable", r, err)
		}
	})
}

// What a split put under a tag by no word of its own is listed where its date says,
// among what carries the tag's words, once, whatever else is asked for and however
// small the pages are.
func TestListsByTagHaveWhatASplitPutThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		x := w.tags
		x.answers = present
		rail := &tagsv1.Tag{Id: "rail", Name: "Rail", Slug: "rail"}
		x.entries, x.under = make(map[string]*tagsv1.Entry), make(map[string][]placed)
		x.tags = map[string]*tagsv1.GetTagResponse{"main/rail": {Tag: rail, Keys: []string{"rail"}}}
		post := func(day int, title, language, status string, tags ...string) {
			when := time.Date(2025, 3, day, 0, 0, 0, 0, time.UTC)
			r := &postsv1.CreatePostRequest{Title: title, Tags: tags, Status: status, Language: language, PublishedAt: timestamppb.New(when)}
			if status == "draft" {
				r.PublishedAt = nil
			}
			p := w.create(w.ctx, t, r)
			switch {
			case status == "draft":
			case strings.HasPrefix(title, "elsewhere"):
				x.entries[p.GetId()] = at(1, p.GetId(), &tagsv1.Tag{Id: "road", Name: "Road"})
			case !strings.HasPrefix(title, "new"):
				x.entries[p.GetId()] = at(1, p.GetId(), rail)
				x.under["rail"] = append(x.under["rail"], placed{p.GetId(), when})
			}
		}
		for i, title := range []string{"put 1", "word 2", "put 3", "put 4", "elsewhere 5", "elsewhere 6", "elsewhere 7", "put 8", "put 9", "new 10"} {
			word := "Transport"
			if !strings.HasPrefix(title, "put") {
				word = "Rail"
			}
			language := []string{"fr", "en"}[i/8]
			post(20-2*i, title, language, "published", word)
		}
		post(1, "draft", "fr", "draft", "Rail")
		for _, l := range x.under {
			slices.SortFunc(l, func(a, b placed) int { return b.at.Compare(a.at) })
		}
		pages := func(ctx context.Context, r *postsv1.ListPostsRequest) (out []string) {
			t.Helper()
			for {
				list, err := w.ListPosts(ctx, r)
				if err != nil {
					t.Fatalf("ListPosts(%v): %v", r, err)
				}
				if len(list.GetPosts()) == 0 && list.GetNextPageToken() != "" {
					t.Errorf("ListPosts(%v): a page with nothing before others", r)
				}
				for _, p := range list.GetPosts() {
					out = append(out, p.GetTitle())
				}
				if r.PageToken = list.GetNextPageToken(); r.GetPageToken() == "" {
					return out
				}
			}
		}
		all := []string{"put 1", "word 2", "put 3", "put 4", "put 8", "put 9", "new 10"}
		for _, size := range []int32{1, 2, 3, 5, 100} {
			if diff := cmp.Diff(all, pages(w.public, &postsv1.ListPostsRequest{Tag: "rail", PageSize: size})); diff != "" {
				t.Errorf("readers by %d (-want +got):\n%s", size, diff)
			}
			if diff := cmp.Diff([]string{"put 9", "new 10"}, pages(w.public, &postsv1.ListPostsRequest{Tag: "rail", Language: "en", PageSize: size})); diff != "" {
				t.Errorf("readers of English by %d (-want +got):\n%s", size, diff)
			}
		}
		if diff := cmp.Diff(append([]string{"draft"}, all...), pages(w.ctx, &postsv1.ListPostsRequest{Tag: "rail", PageSize: 2})); diff != "" {
			t.Errorf("members (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"draft"}, pages(w.ctx, &postsv1.ListPostsRequest{Tag: "rail", Status: "draft"})); diff != "" {
			t.Errorf("drafts (-want +got):\n%s", diff)
		}
		x.mu.Lock()
		x.forgets = true
		x.mu.Unlock()
		if r, err := w.ListPosts(w.public, &postsv1.ListPostsRequest{Tag: "rail"}); fault.KindOf(err) != fault.KindUnavailable {
			t.Errorf("readers get %v, %v without the index; want Unavailable", r, err)
		}
		if diff := cmp.Diff([]string{"draft", "word 2", "new 10"}, pages(w.ctx, &postsv1.ListPostsRequest{Tag: "rail"})); diff != "" {
			t.Errorf("members without the index (-want +got):\n%s", diff)
		}
	})
}
