package render_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/render"
)

const (
	site   = rpctest.Site
	postID = "0190a000-0000-7000-8000-000000000001"
)

// world is a running render service with all that it needs.
type world struct {
	db     *sqldb.DB
	owners *owners
	client renderv1.RenderServiceClient
	models eventsv1.ReadModelServiceClient
	// pressed are the service's own notices.
	pressed chan *nats.Msg
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	return newWorldWith(t, db, render.Defaults())
}

func newWorldWith(t *testing.T, db *sqldb.DB, cfg render.Config) *world {
	t.Helper()
	nc := streamtest.Start(t)
	w := &world{db: db, owners: newOwners(t, nc), pressed: make(chan *nats.Msg, 1000)}
	if _, err := nc.ChanSubscribe(stream.LiveSubjects(render.Owner, ""), w.pressed); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	others := rpctest.Serve(t, w.owners.register, nil).ConnOf(t, render.Owner)
	s, err := render.New(cfg, render.Deps{
		DB: db, NATS: nc, Telemetry: telemetry.Discard(), Now: start, Posts: others, Tags: others,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), render.Migrations()...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- process.Run(ctx, telemetry.Discard().Log, time.Minute, s.Parts()...) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	server := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { s.Register(r) }, s.Writes())
	w.client, w.models = renderv1.NewRenderServiceClient(server.Conn(t)), eventsv1.NewReadModelServiceClient(server.ConnOf(t, "gateway"))
	return w
}

// told waits for the next notice and answers its keys and its trace.
func (w *world) told(t *testing.T) (string, []string, trace.TraceID) {
	t.Helper()
	select {
	case msg := <-w.pressed:
		ctx, n, err := stream.Notice(t.Context(), msg.Header, msg.Data)
		if err != nil {
			t.Fatal(err)
		}
		facts := &renderv1.PressFacts{}
		if err := n.GetFacts().UnmarshalTo(facts); err != nil {
			t.Fatal(err)
		}
		if !facts.GetCausedAt().AsTime().Equal(start()) {
			t.Errorf("caused_at = %v, want the time of the owner's notice", facts.GetCausedAt().AsTime())
		}
		return n.GetAggregateId(), facts.GetKeys(), trace.SpanContextFromContext(ctx).TraceID()
	case <-time.After(2 * time.Minute):
		t.Fatal("no notice came")
	}
	return "", nil, trace.TraceID{}
}

func (w *world) wantKeys(t *testing.T, what string, keys ...string) {
	t.Helper()
	if _, got, _ := w.told(t); !cmp.Equal(keys, got) {
		t.Errorf("keys of %s = %q, want %q", what, got, keys)
	}
}

// get answers a page, asked for as the gateway does.
func (w *world) get(t *testing.T, path string) *renderv1.GetPageResponse {
	t.Helper()
	p, err := w.client.GetPage(t.Context(), &renderv1.GetPageRequest{Site: site, Path: path})
	if err != nil {
		t.Fatalf("GetPage(%s): %v", path, err)
	}
	return p
}

func (w *world) shows(t *testing.T, path, text string, want bool) {
	t.Helper()
	if p := w.get(t, path); contains(p, text) != want {
		t.Errorf("%s (%d) shows %q = %t, want %t", path, p.GetStatus(), text, !want, want)
	}
}

func contains(p *renderv1.GetPageResponse, text string) bool {
	return strings.Contains(string(p.GetBody()), text)
}

func (w *world) status(t *testing.T, path string, status int32, location string) {
	t.Helper()
	if p := w.get(t, path); p.GetStatus() != status || p.GetLocation() != location {
		t.Errorf("%s = %d to %q, want %d to %q", path, p.GetStatus(), p.GetLocation(), status, location)
	}
}

func siteState(version int32) *postsv1.SiteState {
	return &postsv1.SiteState{Id: site, Epoch: 1, Version: version, Site: &postsv1.Site{
		Id: site, Title: "Daybook", Language: "en", TimeZone: "UTC", PostsPerPage: 10, UpdatedAt: timestamppb.New(start()),
	}}
}

func public(version int32) *postsv1.PostState {
	at := timestamppb.New(start().Add(time.Duration(version) * time.Minute))
	return &postsv1.PostState{
		Id: postID, Site: site, Epoch: 1, Version: version, Slug: "first", WasPublic: true,
		Post: &postsv1.Post{
			Id: postID, Slug: "first", Title: "First light", Body: "Once **upon** a time.\n", Format: "markdown", Language: "en",
			Tags: []string{"Early Days"}, Authors: []string{"Ada"}, UpdatedAt: at, PublishedAt: timestamppb.New(start()),
		},
	}
}

func revised(version int32, change func(*postsv1.PostState)) *postsv1.PostState {
	s := public(version)
	change(s)
	return s
}

func TestPostFromItsFirstDayToItsLast(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.owners.setSite(t, siteState(1))
		w.wantKeys(t, "the site", "site")
		w.status(t, "/posts/first", 404, "")

		traceID := trace.TraceID{1, 2, 3}
		ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: trace.SpanID{4}}))
		// Of the two notices either may be the one that brings the published post.
		w.owners.setPost(ctx, t, "created", &postsv1.PostState{Id: postID, Site: site, Epoch: 1, Version: 1, Slug: "first"})
		w.owners.setPost(ctx, t, "published", public(2))
		aggregate, keys, got := w.told(t)
		if aggregate != postID || got != traceID {
			t.Errorf("notice of %s in trace %s, want of %s in %s", aggregate, got, postID, traceID)
		}
		if diff := cmp.Diff([]string{
			"archive", "author:ada", "beside:" + postID, "card:" + postID, "feed", "month:2026-05", "path:/posts/first", "post:" + postID, "posts", "sitemap",
		}, keys); diff != "" {
			t.Errorf("keys of a publication (-want +got):\n%s", diff)
		}
		w.shows(t, "/", "First light", true)
		w.shows(t, "/posts/first", "<strong>upon</strong>", true)
		w.shows(t, "/feed.xml", "First light", true)

		w.owners.setEntry(t, &tagsv1.Entry{PostId: postID, Site: site, Epoch: 1, Version: 1, Indexed: true, Tags: []*tagsv1.Tag{{Slug: "early-days", Name: "Early Days"}}})
		w.wantKeys(t, "the tag", "card:"+postID, "post:"+postID, "related:"+postID, "tag:early-days", "tags", "with:early-days")
		w.shows(t, "/tags/early-days", "First light", true)

		w.owners.setPost(t.Context(), t, "revised", revised(3, func(s *postsv1.PostState) { s.Post.Body, s.Post.Excerpt = "Other words.\n", "Once upon a time." }))
		_, keys, _ = w.told(t)
		if !cmp.Equal(keys, []string{"post:" + postID}) {
			t.Errorf("keys of a new text = %q, want the post's alone", keys)
		}
		w.shows(t, "/posts/first", "Other words.", true)

		w.owners.setPost(t.Context(), t, "revised", revised(4, func(s *postsv1.PostState) {
			s.Slug, s.Post.Slug, s.FormerSlugs = "dawn", "dawn", []string{"first"}
			s.Post.Body, s.Post.Excerpt = "Other words.\n", "Once upon a time."
		}))
		w.wantKeys(t, "a new slug", "card:"+postID, "path:/posts/dawn", "path:/posts/first", "post:"+postID, "sitemap")
		w.status(t, "/posts/first", 301, "/posts/dawn")
		w.status(t, "/posts/dawn", 200, "")

		// A late notice of an older version changes nothing.
		w.owners.tell(t.Context(), t, w.owners.notice("posts", "published", site, "post", postID, 2, start()))
		w.owners.setPost(t.Context(), t, "withdrawn", &postsv1.PostState{
			Id: postID, Site: site, Epoch: 1, Version: 5, Slug: "dawn", FormerSlugs: []string{"first"}, WasPublic: true,
		})
		w.wantKeys(t, "a withdrawal", "archive", "author:ada", "card:"+postID, "feed", "month:2026-05", "path:/posts/dawn", "path:/posts/first", "post:"+postID, "posts", "sitemap", "tag:early-days")
		w.status(t, "/posts/dawn", 410, "")
		w.status(t, "/posts/first", 410, "")
		w.shows(t, "/", "First light", false)
		w.shows(t, "/feed.xml", "First light", false)
		w.shows(t, "/tags/early-days", "First light", false)
		w.owners.setEntry(t, &tagsv1.Entry{PostId: postID, Site: site, Epoch: 1, Version: 2})
		w.wantKeys(t, "the tag's end", "card:"+postID, "post:"+postID, "tag:early-days", "tags", "with:early-days")
		w.status(t, "/tags/early-days", 404, "")
	})
}

func TestTextThatCannotBeConvertedIsShownAsItWasWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.owners.setSite(t, siteState(1))
	w.told(t)
	w.owners.setPost(t.Context(), t, "published", revised(1, func(s *postsv1.PostState) {
		s.Post.Format, s.Post.Body = "scroll", "<script>alert(1)</script> & so on"
	}))
	w.told(t)
	w.shows(t, "/posts/first", "<pre>&lt;script&gt;alert(1)&lt;/script&gt; &amp; so on</pre>", true)
}

func TestManyPostsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.owners.setSite(t, siteState(1))
	w.told(t)
	const posts = 60
	for n := range posts {
		s := public(1)
		s.Id = postID[:len(postID)-4] + string(rune('a'+n/26)) + string(rune('a'+n%26)) + "00"
		s.Slug = "p-" + s.GetId()[len(s.GetId())-4:]
		s.Post.Id, s.Post.Slug = s.GetId(), s.GetSlug()
		w.owners.setPost(t.Context(), t, "published", s)
	}
	seen := make(map[string]bool)
	for range posts {
		aggregate, _, _ := w.told(t)
		seen[aggregate] = true
	}
	if len(seen) != posts {
		t.Errorf("notices of %d posts, want %d", len(seen), posts)
	}
	w.shows(t, "/", "1/6", true)
}

func TestPageThatTheCallerHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.owners.setSite(t, siteState(1))
	w.told(t)
	first := w.get(t, "/")
	again, err := w.client.GetPage(t.Context(), &renderv1.GetPageRequest{Site: site, Path: "/", IfNoneMatch: first.GetEtag()})
	if err != nil {
		t.Fatal(err)
	}
	if !again.GetNotModified() || len(again.GetBody()) > 0 || !cmp.Equal(again.GetKeys(), first.GetKeys()) {
		t.Errorf("not_modified = %t with %d bytes and keys %q", again.GetNotModified(), len(again.GetBody()), again.GetKeys())
	}
	// Settings that no page shows leave it alone; those that one shows do not.
	unseen := siteState(2)
	unseen.Site.Version = 2
	w.owners.setSite(t, unseen)
	seen := siteState(3)
	seen.Site.Title = "Nightbook"
	w.owners.setSite(t, seen)
	w.wantKeys(t, "the new title", "site")
	w.shows(t, "/", "Nightbook", true)
}

func TestSiteWithAHostOfItsOwnIsThere(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		s := siteState(1)
		s.Site.Hosts = []string{"daybook.example", "www.daybook.example"}
		w.owners.setSite(t, s)
		w.told(t)
		w.shows(t, "/", `<link rel="canonical" href="http://daybook.example:8080/">`, true)
		w.shows(t, "/", `<meta property="og:url" content="http://daybook.example:8080/">`, true)
		w.shows(t, "/feed.xml", `<link>http://daybook.example:8080/</link>`, true)
		moved := siteState(2)
		moved.Site.Hosts = []string{"notes.example"}
		w.owners.setSite(t, moved)
		w.wantKeys(t, "another host", "site")
		w.shows(t, "/", `href="http://notes.example:8080/"`, true)
	})
}

func TestPicturesOfOtherHostsAreNotShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.owners.setSite(t, siteState(1))
	w.told(t)
	for n, c := range []struct{ cover, body, want string }{
		{"https://pictures.example/a.png", "Text.\n", ""},
		{"https://pictures.example/a.png", "![One](https://pictures.example/b.png) ![Two](/media/c.png)\n", "/media/c.png"},
		{"http://localhost:8080/media/d.png", "Text.\n", "/media/d.png"},
		{"/media/e.png", "Text.\n", "/media/e.png"},
	} {
		w.owners.setPost(t.Context(), t, "revised", revised(int32(n+1), func(s *postsv1.PostState) {
			s.Post.Image, s.Post.Body = c.cover, c.body
		}))
		w.told(t)
		w.shows(t, "/posts/first", `src="http`, false)
		w.shows(t, "/posts/first", `<meta property="og:image" content="http://localhost:8080`+c.want+`">`, c.want != "")
		w.shows(t, "/", `<img src="`+c.want+`"`, c.want != "")
		w.shows(t, "/posts/first", `href="https://pictures.example/b.png"`, n == 1)
	}
}

func TestWhoMayAskForWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	author, public := rpctest.As(t.Context(), identity.Author), rpctest.As(t.Context(), identity.Public)
	if _, err := w.client.GetPage(author, &renderv1.GetPageRequest{Site: site, Path: "/"}); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("GetPage by an author = %v, want Denied", err)
	}
	if _, err := w.client.RenderDocument(public, &renderv1.RenderDocumentRequest{Body: "x"}); fault.KindOf(err) != fault.KindUnauthenticated {
		t.Errorf("RenderDocument by anybody = %v, want Unauthenticated", err)
	}
	resp, err := w.client.RenderDocument(author, &renderv1.RenderDocumentRequest{Body: "# One\n\nTwo *three*.\n"})
	if err != nil {
		t.Fatal(err)
	}
	if d := resp.GetDocument(); !strings.Contains(d.GetHtml(), "<em>three</em>") || len(d.GetContents()) != 1 || d.GetReadingMinutes() != 1 {
		t.Errorf("document = %v", d)
	}
	_, err = w.client.RenderDocument(author, &renderv1.RenderDocumentRequest{Body: "x", Format: "scroll"})
	if v := fault.ViolationsOf(err); len(v) != 1 || v[0].Field != "format" {
		t.Errorf("RenderDocument of an unknown format = %v, want a refused format", err)
	}
}

func TestAssetsArePartOfEveryPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.owners.setSite(t, siteState(1))
	w.told(t)
	body := string(w.get(t, "/").GetBody())
	_, rest, _ := strings.Cut(body, `<link rel="stylesheet" href="/assets/`)
	name, _, _ := strings.Cut(rest, `"`)
	a, err := w.client.GetAsset(t.Context(), &renderv1.GetAssetRequest{Name: name})
	if err != nil || a.GetContentType() != "text/css; charset=utf-8" || len(a.GetBody()) == 0 {
		t.Errorf("GetAsset(%s) = %s, %v", name, a.GetContentType(), err)
	}
	for _, bad := range []string{"site.css", "../theme.go", ""} {
		if _, err := w.client.GetAsset(t.Context(), &renderv1.GetAssetRequest{Name: bad}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("GetAsset(%q) = %v, want NotFound", bad, err)
		}
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for base, ok := range map[string]bool{
		"http://localhost:8080": true, "https://example.org/": true, "example.org": false, "ftp://example.org": false,
		"https://example.org/blog": false, "https://u:p@example.org": false, "": false,
	} {
		if err := (render.Config{BaseURL: base}).Validate(); (err == nil) != ok {
			t.Errorf("Validate(%q) = %v, want accepted %t", base, err, ok)
		}
	}
}
