// Package site answers readers: pages and the theme's files from the cache,
// redirects to the one address of each page, and what goes wrong.
package site

import (
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/web"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/gateway/internal/cache"
	"github.com/parution/parution/services/gateway/internal/headers"
	"github.com/parution/parution/services/gateway/internal/host"
	"github.com/parution/parution/services/gateway/internal/routename"
	"github.com/parution/parution/services/gateway/internal/slots"
)

// assets begins the paths of the theme's files.
const assets = "/assets/"

// Sites tells which site a request is for.
type Sites interface {
	Find(hostHeader string) (host.Site, bool)
	ByID(id string) (host.Site, bool)
	Loaded() bool
}

// Site answers readers. Safe for concurrent use.
type Site struct {
	sites Sites
	pages *cache.Cache
	log   *slog.Logger
	page  []headers.Field
	bare  *template.Template
	// searches are worked on apart: they take longer, and anybody may ask.
	searches *slots.Slots
	tags     tagsv1.TagsServiceClient
}

// New answers from pages; what is typed into a search box goes on as tags says.
func New(sites Sites, pages *cache.Cache, searches *slots.Slots, tags tagsv1.TagsServiceClient, log *slog.Logger) *Site {
	return &Site{sites: sites, pages: pages, log: log, page: headers.Page(), bare: parseBare(), searches: searches, tags: tags}
}

// ServeHit answers r if that takes nothing but memory, and tells whether it did.
// It runs before everything else, tracing included: it is most of what a gateway does.
func (s *Site) ServeHit(w http.ResponseWriter, r *http.Request) bool {
	if _, asks := r.Header[atLeast]; asks || !readOnly(r) || r.URL.RawPath != "" {
		return false
	}
	page, err := pageOf(r.URL.RawQuery)
	if err != nil {
		return false
	}
	if r.URL.RawQuery != "" && isSearch(r.URL.Path) {
		return false
	}
	k := cache.Key{Path: r.URL.Path, Page: page}
	if strings.HasPrefix(k.Path, assets) {
		k.Page = 0
	} else {
		site, ok := s.sites.Find(r.Host)
		if !ok {
			return false
		}
		k.Site = site.ID
	}
	e := s.pages.Fresh(k)
	if e == nil {
		return false
	}
	e.Respond(w, r)
	return true
}

// ServeHTTP answers r.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	headers.Apply(w.Header(), s.page)
	if strings.HasPrefix(r.URL.Path, assets) {
		routename.Set(r.Context(), r.Method, assets+"{name}")
	} else {
		routename.Set(r.Context(), r.Method, "/{page...}")
	}
	site, err := s.Of(r)
	if err != nil {
		s.refuse(w, r, site, err)
		return
	}
	if !readOnly(r) {
		w.Header().Set("Allow", "GET, HEAD")
		s.answer(w, r, site, http.StatusMethodNotAllowed)
		return
	}
	name, move, ok := canonical(r.URL)
	switch {
	case len(r.URL.Path) > maxPathBytes:
		s.answer(w, r, site, http.StatusRequestURITooLong)
	case !ok:
		s.notFound(w, r, site)
	case move != "":
		s.move(w, r, move)
	default:
		s.serve(w, r, site, name)
	}
}

// Of is the site that readers of r see: by its host name, or for operators the
// one that they name. Its errors are faults, or that no site answers to the name.
func (s *Site) Of(r *http.Request) (host.Site, error) {
	if !s.sites.Loaded() {
		return host.Site{}, fault.Unavailable("the sites are not known yet")
	}
	if id := r.Header.Get("Parution-Site"); id != "" && identity.From(r.Context()).Role == identity.Operator {
		if site, ok := s.sites.ByID(id); ok {
			return site, nil
		}
		return host.Site{}, fault.NotFound("there is no site %q", id)
	}
	if site, ok := s.sites.Find(r.Host); ok {
		return site, nil
	}
	return host.Site{}, errMisdirected
}

func (s *Site) move(w http.ResponseWriter, r *http.Request, location string) {
	if r.URL.RawQuery != "" {
		location += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", location)
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusMovedPermanently)
}

func (s *Site) serve(w http.ResponseWriter, r *http.Request, site host.Site, name string) {
	k := cache.Key{Site: site.ID, Path: name}
	if strings.HasPrefix(name, assets) {
		k.Site = ""
	} else {
		page, err := pageOf(r.URL.RawQuery)
		if err != nil {
			s.refuse(w, r, site, err)
			return
		}
		k.Page = page
	}
	wanted, err := versionsOf(r.Header)
	if err != nil {
		web.WriteProblem(w, r, err) // who sends the field is a program
		return
	}
	switch {
	case name == suggestPath:
		routename.Set(r.Context(), r.Method, suggestPath)
		s.suggest(w, r, site)
	case isSearch(name) && r.URL.RawQuery != "":
		if k.Search, err = searched(r.URL.RawQuery); err != nil {
			s.refuse(w, r, site, err)
			return
		}
		routename.Set(r.Context(), r.Method, searchPath)
		s.search(w, r, site, k, wanted)
	case combines(name):
		s.search(w, r, site, k, wanted)
	default:
		s.load(w, r, site, k, wanted)
	}
}

// load answers with the page of k. Who wrote something and must see it wants
// versions of posts.
func (s *Site) load(w http.ResponseWriter, r *http.Request, site host.Site, k cache.Key, wanted []cache.Version) {
	if len(wanted) > 0 {
		e, err := s.pages.LoadAtLeast(r.Context(), k, wanted)
		if err != nil {
			s.refuse(w, r, site, err)
			return
		}
		e.RespondPrivately(w, r)
		return
	}
	e, err := s.pages.Load(r.Context(), k)
	if err != nil {
		s.refuse(w, r, site, err)
		return
	}
	e.Respond(w, r)
}

// Source asks render for pages and files, as the gateway itself.
func Source(render renderv1.RenderServiceClient) cache.Source {
	return func(ctx context.Context, k cache.Key, etag string, atLeast []cache.Version) (cache.Page, error) {
		// Whoever asks, the page is the same.
		ctx = identity.With(ctx, identity.Principal{})
		if k.Site == "" {
			return asset(ctx, render, strings.TrimPrefix(k.Path, assets))
		}
		search, err := searchOf(k)
		if err != nil {
			return cache.Page{}, fmt.Errorf("read what is searched for: %w", err)
		}
		ask := &renderv1.GetPageRequest{Site: k.Site, Path: k.Path, Page: k.Page, IfNoneMatch: etag, Search: search}
		for _, v := range atLeast {
			ask.AtLeast = append(ask.AtLeast, &renderv1.PostVersion{Id: v.Post, Epoch: v.Epoch, Version: v.Version, Gone: v.Gone})
		}
		p, err := render.GetPage(ctx, ask)
		if err != nil {
			return cache.Page{}, fmt.Errorf("get the page: %w", err)
		}
		page := cache.Page{
			Status: int(p.GetStatus()), ContentType: p.GetContentType(), Body: p.GetBody(), ETag: p.GetEtag(),
			Keys: p.GetKeys(), NotModified: p.GetNotModified(), Fleeting: p.GetFleeting(),
		}
		for _, v := range p.GetHad() {
			page.Had = append(page.Had, cache.Version{Post: v.GetId(), Epoch: v.GetEpoch(), Version: v.GetVersion(), Gone: v.GetGone()})
		}
		if at := p.GetLastModified(); at.IsValid() {
			page.LastModified = at.AsTime()
		}
		if page.NotModified {
			return page, nil
		}
		return page, check(&page, p.GetLocation())
	}
}

// check refuses an answer that must not reach a reader.
func check(page *cache.Page, location string) error {
	switch page.Status {
	case http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusGone:
		return nil
	case http.StatusMovedPermanently:
		to, ok := target(location)
		if !ok {
			return fmt.Errorf("render redirects to %q, which is no path", location)
		}
		page.Location = to
		return nil
	}
	return fmt.Errorf("render answered status %d", page.Status)
}

func asset(ctx context.Context, render renderv1.RenderServiceClient, name string) (cache.Page, error) {
	a, err := render.GetAsset(ctx, &renderv1.GetAssetRequest{Name: name})
	if err != nil {
		return cache.Page{}, fmt.Errorf("get the asset: %w", err)
	}
	return cache.Page{Status: http.StatusOK, ContentType: a.GetContentType(), Body: a.GetBody(), ETag: tagOf(name), Immutable: true}, nil
}

// tagOf is the validator of a file whose name changes with its content.
func tagOf(name string) string { return `"` + strings.ReplaceAll(name, `"`, "") + `"` }

// Alive answers that the process does.
func (s *Site) Alive(w http.ResponseWriter, r *http.Request) {
	headers.Apply(w.Header(), s.page)
	web.Alive(w, r)
}
