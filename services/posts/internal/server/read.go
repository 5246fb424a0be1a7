package server

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/paging"
	"github.com/parution/parution/chassis/slug"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/wire"
)

// reader is what reading needs of the store.
type reader interface {
	Get(ctx context.Context, site, id string) (*post.Post, error)
	GetBySlug(ctx context.Context, site, slug string) (*post.Post, error)
	List(ctx context.Context, f post.Filter) ([]*post.Post, error)
	Among(ctx context.Context, f post.Filter, ids []string) ([]*post.Post, error)
	States(ctx context.Context, ids []string) (epoch int32, _ []post.State, err error)
	PublicOf(ctx context.Context, ids []string) (map[string]bool, error)
}

// revisions is what reading a post's history needs of the store.
type revisions interface {
	Revisions(ctx context.Context, id string, before, size int32) ([]post.Revision, error)
	Revision(ctx context.Context, id string, number int32) (post.Revision, error)
}

// GetPost implements postsv1.PostsServiceServer.
func (s *Server) GetPost(ctx context.Context, r *postsv1.GetPostRequest) (*postsv1.GetPostResponse, error) {
	out, err := s.visiblePost(ctx, r.GetId())
	if err != nil {
		return nil, err
	}
	answer, err := s.answer(ctx, out)
	if err != nil {
		return nil, err
	}
	s.label(ctx, answer)
	return &postsv1.GetPostResponse{Post: answer}, nil
}

func (s *Server) visiblePost(ctx context.Context, id string) (*post.Post, error) {
	if err := postID(id); err != nil {
		return nil, err
	}
	p, err := s.Posts.Get(ctx, identity.From(ctx).Site, id)
	if err != nil {
		return nil, err
	}
	return p, visible(ctx, p)
}

// GetPostBySlug implements postsv1.PostsServiceServer.
func (s *Server) GetPostBySlug(ctx context.Context, r *postsv1.GetPostBySlugRequest) (*postsv1.GetPostBySlugResponse, error) {
	if !slug.Valid(r.GetSlug()) { // PostgreSQL takes no NUL, and no such post has one
		return nil, fault.NotFound("there is no such post")
	}
	p, err := s.Posts.GetBySlug(ctx, identity.From(ctx).Site, r.GetSlug())
	if err != nil {
		return nil, err
	}
	if err := visible(ctx, p); err != nil {
		return nil, err
	}
	out, err := s.answer(ctx, p)
	if err != nil {
		return nil, err
	}
	s.label(ctx, out)
	return &postsv1.GetPostBySlugResponse{Post: out}, nil
}

const usualPage = 20

// ListPosts implements postsv1.PostsServiceServer.
func (s *Server) ListPosts(ctx context.Context, r *postsv1.ListPostsRequest) (*postsv1.ListPostsResponse, error) {
	f, filters, err := filter(ctx, r)
	if err != nil {
		return nil, err
	}
	tag, err := s.tag(ctx, r.GetTag())
	if err != nil {
		return nil, err
	}
	if tag.isNothing {
		return &postsv1.ListPostsResponse{}, nil
	}
	home, err := s.Sites.GetSite(ctx, f.Site)
	if err != nil {
		return nil, err
	}
	out, size := &postsv1.ListPostsResponse{}, f.Size
	for range rounds {
		list, next, err := s.page(ctx, f, tag)
		if err != nil {
			return nil, err
		}
		posts := make([]*postsv1.Post, len(list))
		for i, p := range list {
			posts[i] = s.Wire.Post(p.Snapshot(), s.Wire.Home(home.Settings))
		}
		names := wrote(posts)
		out.Posts = append(out.Posts, tag.among(posts, names, s.label(ctx, posts...))...)
		if next == nil {
			out.NextPageToken = ""
			break
		}
		if out.NextPageToken, err = paging.Token(next, filters...); err != nil {
			return nil, err
		}
		f.Before, f.Size = next, size-int32(len(out.GetPosts())) //nolint:gosec // at most 100
		if f.Size == 0 {
			break
		}
	}
	return out, nil
}

// filter is what the caller may see of what was asked.
func filter(ctx context.Context, r *postsv1.ListPostsRequest) (f post.Filter, filters []string, err error) {
	who := identity.From(ctx)
	f = post.Filter{Site: who.Site, Status: r.GetStatus(), Author: r.GetAuthor(), Featured: r.Featured}
	if f.Status != "" && !post.KnownStatus(f.Status) {
		return f, nil, fault.Invalid("status", "must be one of %s", strings.Join(post.Statuses(), ", "))
	}
	if !who.Member() {
		if f.Status != "" && f.Status != string(post.Published) {
			return f, nil, fault.Unauthenticated("only a token that may see them lists posts that are not published")
		}
		f.Status = string(post.Published)
	}
	if r.GetLanguage() != "" {
		tag, err := language.Parse(r.GetLanguage())
		if err != nil {
			return f, nil, fault.Invalid("language", "must be a language tag such as \"fr\"")
		}
		f.Language = tag.String()
	}
	if f.Size, err = paging.Size(r.GetPageSize(), usualPage); err != nil {
		return f, nil, err
	}
	featured := ""
	if r.Featured != nil {
		featured = strconv.FormatBool(r.GetFeatured())
	}
	filters = []string{"posts", f.Site, f.Status, r.GetTag(), f.Author, f.Language, featured}
	var before post.Place
	ok, err := paging.Read(r.GetPageToken(), &before, filters...)
	if err != nil {
		return f, nil, err
	}
	if ok {
		f.Before = &before
	}
	return f, filters, nil
}

// ListRevisions implements postsv1.PostsServiceServer.
func (s *Server) ListRevisions(ctx context.Context, r *postsv1.ListRevisionsRequest) (*postsv1.ListRevisionsResponse, error) {
	p, err := s.visiblePost(ctx, r.GetId())
	if err != nil {
		return nil, err
	}
	size, err := paging.Size(r.GetPageSize(), usualPage)
	if err != nil {
		return nil, err
	}
	before, filters := int32(math.MaxInt32), []string{"revisions", p.Snapshot().ID}
	if _, err := paging.Read(r.GetPageToken(), &before, filters...); err != nil {
		return nil, err
	}
	list, err := s.Posts.Revisions(ctx, p.Snapshot().ID, before, size+1)
	if err != nil {
		return nil, err
	}
	out := &postsv1.ListRevisionsResponse{}
	if int32(len(list)) > size { //nolint:gosec // at most 101
		list = list[:size]
		if out.NextPageToken, err = paging.Token(list[size-1].Number, filters...); err != nil {
			return nil, err
		}
	}
	for _, rev := range list {
		out.Revisions = append(out.Revisions, wire.Revision(rev, false))
	}
	return out, nil
}

// GetRevision implements postsv1.PostsServiceServer.
func (s *Server) GetRevision(ctx context.Context, r *postsv1.GetRevisionRequest) (*postsv1.GetRevisionResponse, error) {
	if _, err := s.visiblePost(ctx, r.GetId()); err != nil {
		return nil, err
	}
	rev, err := s.Posts.Revision(ctx, r.GetId(), r.GetNumber())
	if err != nil {
		return nil, err
	}
	return &postsv1.GetRevisionResponse{Revision: wire.Revision(rev, true)}, nil
}

// BatchGetPosts implements postsv1.PostsServiceServer.
func (s *Server) BatchGetPosts(ctx context.Context, r *postsv1.BatchGetPostsRequest) (*postsv1.BatchGetPostsResponse, error) {
	if n := len(r.GetIds()); n > maxBatch {
		return nil, fault.Invalid("ids", "has %d entries; at most %d", n, maxBatch)
	}
	asked := slices.Compact(slices.Sorted(slices.Values(r.GetIds())))
	epoch, states, err := s.Posts.States(ctx, slices.DeleteFunc(slices.Clone(asked), func(id string) bool { return !ids.Valid(id) }))
	if err != nil {
		return nil, err
	}
	out, known := &postsv1.BatchGetPostsResponse{}, make(map[string]bool, len(states))
	for _, st := range states {
		known[st.Post.ID] = true
		out.States = append(out.States, s.Wire.State(st, epoch))
	}
	for _, id := range asked {
		if !known[id] { // a silence could be a mistake: it is said that there is none
			out.States = append(out.States, &postsv1.PostState{Id: id, Epoch: epoch})
		}
	}
	return out, nil
}
