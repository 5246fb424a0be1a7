// Package server answers the calls to posts and sites: it translates, asks who
// calls, and lets the domain decide inside the store's transaction.
package server

import (
	"context"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/site"
	"github.com/parution/parution/services/posts/internal/wire"
)

// posts is what the server needs of the store for posts.
type posts interface {
	Create(ctx context.Context, p *post.Post, author string) (_ *post.Post, existing bool, err error)
	Update(ctx context.Context, site, id, author string, fn func(*post.Post) error) (*post.Post, error)
	reader
	revisions
}

// sites is what the server needs of the store for sites.
type sites interface {
	CreateSite(ctx context.Context, n site.Site) error
	UpdateSite(ctx context.Context, id string, fn func(*site.Site) (changed bool, err error)) (site.Site, error)
	GetSite(ctx context.Context, id string) (site.Site, error)
	ListSites(ctx context.Context) ([]site.Site, error)
	SiteHashes(ctx context.Context, versions map[string]int32) (map[string][]byte, error)
	Epoch(ctx context.Context) (int32, error)
}

// Deps is what the server stands on.
type Deps struct {
	Posts   posts
	Sites   sites
	Changes changes
	Tags    tagger
	Wire    wire.Wire
	Limits  post.Limits
	Now     func() time.Time
}

// Server implements PostsService, SitesService and ChangesService.
type Server struct {
	postsv1.UnimplementedPostsServiceServer
	postsv1.UnimplementedSitesServiceServer
	postsv1.UnimplementedChangesServiceServer

	Deps
}

// New makes a server.
func New(d Deps) *Server { return &Server{Deps: d} }

// maxBatch bounds the ids of a batch call.
const maxBatch = 100

// postID refuses what cannot be an id before the database is asked.
func postID(id string) error {
	if !ids.Valid(id) {
		return fault.NotFound("there is no such post")
	}
	return nil
}

// answer is a post with its address on its site.
func (s *Server) answer(ctx context.Context, p *post.Post) (*postsv1.Post, error) {
	snap := p.Snapshot()
	home, err := s.Sites.GetSite(ctx, snap.Site)
	if err != nil {
		return nil, err
	}
	return s.Wire.Post(snap, s.Wire.Home(home.Settings)), nil
}

// visible refuses a post that the caller may not see as if it were not there.
func visible(ctx context.Context, p *post.Post) error {
	snap := p.Snapshot()
	if snap.Public() || snap.Status != post.Deleted && identity.From(ctx).Member() {
		return nil
	}
	return fault.NotFound("there is no such post")
}
