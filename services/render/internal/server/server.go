// Package server answers render's calls.
package server

import (
	"context"
	"strings"
	"sync"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	"github.com/parution/parution/services/render/internal/document"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/theme"
	"github.com/parution/parution/services/render/internal/wire"
)

// pages is who makes pages.
type pages interface {
	Get(ctx context.Context, site string, ask page.Ask) (*page.Page, error)
}

// sites is who knows sites.
type sites interface {
	// Site faults with NotFound.
	Site(ctx context.Context, id string) (*page.Site, error)
}

// posts are kept as documents.
type posts interface {
	// Outlines are posts without their texts, those that are known.
	Outlines(ctx context.Context, ids []string) (map[string]*page.Doc, error)
}

// themes are the looks of sites.
type themes interface {
	Asset(name string) (theme.Asset, bool)
	// List is by name, the default first.
	List() []theme.Listed
}

// Deps are what the server stands on. All fields are required.
type Deps struct {
	Pages  pages
	Sites  sites
	Posts  posts
	Texts  *document.Converter
	Themes themes
	// BaseURL is the installation's.
	BaseURL string
	// AtLeast waits a moment until pages show a version of a post.
	AtLeast func(ctx context.Context, post *renderv1.PostVersion) error
}

// Server implements RenderService. Safe for concurrent use.
type Server struct {
	renderv1.UnimplementedRenderServiceServer

	deps Deps
}

// New makes a server.
func New(deps Deps) *Server { return &Server{deps: deps} }

// GetPage answers the page at a path. Faults: NotFound if there is no such
// site; Invalid for a path that does not begin with "/" and for a search that asks
// for too much; Unavailable if nobody answers a search.
func (s *Server) GetPage(ctx context.Context, r *renderv1.GetPageRequest) (*renderv1.GetPageResponse, error) {
	if !strings.HasPrefix(r.GetPath(), "/") {
		return nil, fault.Invalid("path", "must begin with /")
	}
	had := s.await(ctx, r.GetAtLeast())
	p, err := s.deps.Pages.Get(ctx, r.GetSite(), wire.Ask(r))
	if err != nil {
		return nil, err
	}
	out := wire.Page(p, r.GetIfNoneMatch())
	out.Had = had
	return out, nil
}

// maxAtLeast bounds for how many posts one page waits: an author's last ones.
const maxAtLeast = 16

// await waits for versions of posts, all at once, and answers what there is of
// them then. If posts does not answer the page is as it is.
func (s *Server) await(ctx context.Context, posts []*renderv1.PostVersion) []*renderv1.PostVersion {
	posts = posts[:min(len(posts), maxAtLeast)]
	if len(posts) == 0 {
		return nil
	}
	var all sync.WaitGroup
	ids := make([]string, len(posts))
	for i, p := range posts {
		ids[i] = p.GetId()
		all.Go(func() { _ = s.deps.AtLeast(ctx, p) }) // a page that is a little old is better than none
	}
	all.Wait()
	docs, err := s.deps.Posts.Outlines(ctx, ids)
	if err != nil {
		return nil // whoever asks goes by what was heard of them
	}
	var had []*renderv1.PostVersion
	for _, doc := range docs {
		had = append(had, wire.Version(doc))
	}
	return had
}

// ListThemes lists the themes that a site can choose from.
func (s *Server) ListThemes(context.Context, *renderv1.ListThemesRequest) (*renderv1.ListThemesResponse, error) {
	return wire.Themes(s.deps.Themes.List()), nil
}

// GetAsset answers a file of a theme. Faults: NotFound.
func (s *Server) GetAsset(_ context.Context, r *renderv1.GetAssetRequest) (*renderv1.GetAssetResponse, error) {
	a, ok := s.deps.Themes.Asset(r.GetName())
	if !ok {
		return nil, fault.NotFound("there is no asset %q", r.GetName())
	}
	return &renderv1.GetAssetResponse{ContentType: a.ContentType, Body: a.Body}, nil
}

// RenderDocument shows what a text would become in the caller's site. Faults:
// Invalid and TooLarge with the field.
func (s *Server) RenderDocument(ctx context.Context, r *renderv1.RenderDocumentRequest) (*renderv1.RenderDocumentResponse, error) {
	src := document.Source{Text: r.GetBody(), Format: r.GetFormat(), Language: r.GetLanguage(), BaseURL: s.deps.BaseURL}
	site, err := s.deps.Sites.Site(ctx, identity.From(ctx).Site)
	switch {
	case err == nil:
		if src.Language == "" {
			src.Language = site.Language
		}
		src.BaseURL = site.Base(s.deps.BaseURL)
	case fault.KindOf(err) != fault.KindNotFound:
		return nil, err
	}
	d, err := s.deps.Texts.Convert(src)
	if err != nil {
		return nil, err
	}
	return &renderv1.RenderDocumentResponse{Document: wire.Document(d)}, nil
}
