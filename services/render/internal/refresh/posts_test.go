package refresh_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/telemetry"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/render/internal/document"
	"github.com/parution/parution/services/render/internal/refresh"
	"github.com/parution/parution/services/render/internal/store"
)

// owner answers with one site and one post.
type owner struct {
	postsv1.PostsServiceClient
	postsv1.SitesServiceClient
}

// BatchGetSites implements postsv1.SitesServiceClient.
func (owner) BatchGetSites(context.Context, *postsv1.BatchGetSitesRequest, ...grpc.CallOption) (*postsv1.BatchGetSitesResponse, error) {
	s := &postsv1.Site{Id: "main", BaseUrl: "https://own.example"}
	return &postsv1.BatchGetSitesResponse{States: []*postsv1.SiteState{{Id: "main", Epoch: 1, Version: 1, Site: s}}}, nil
}

// BatchGetPosts implements postsv1.PostsServiceClient.
func (owner) BatchGetPosts(context.Context, *postsv1.BatchGetPostsRequest, ...grpc.CallOption) (*postsv1.BatchGetPostsResponse, error) {
	p := &postsv1.Post{Id: "p", Body: "![One](https://own.example/media/a.png)\n"}
	return &postsv1.BatchGetPostsResponse{States: []*postsv1.PostState{{Id: "p", Site: "main", Epoch: 1, Version: 1, Post: p}}}, nil
}

func TestPostThatComesWithItsSiteKnowsItsAddress(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	if err := db.Migrate(t.Context(), outbox.Migrations(), store.Migrations()); err != nil {
		t.Fatal(err)
	}
	st := store.New(db, outbox.New(db, "render"), nil)
	posts := refresh.NewPosts(owner{}, owner{}, st, document.New(), "http://localhost:8080", telemetry.Discard().Log)
	states, err := posts.Fetch(t.Context(), []projection.Ref{{Type: "post", ID: "p"}, {Type: "site", ID: "main"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		if d := s.State.Doc; d != nil && !strings.Contains(d.HTML, `<img src="/media/a.png"`) {
			t.Errorf("the post became %s", d.HTML)
		}
	}
	if len(states) != 2 {
		t.Errorf("there are %d states, want 2", len(states))
	}
}
