// Package finder asks the tags service, which has the index, what a search finds.
package finder

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/parution/parution/chassis/fault"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/wire"
)

const (
	// facetsTimeout bounds how long a page waits for the tags of its posts.
	facetsTimeout = 500 * time.Millisecond
	// askAgain is how long after a failure pages are made without them.
	askAgain = time.Second
)

// Seen is how far the read model of tags is: the furthest notice of tags that
// pages may show.
type Seen func(ctx context.Context) (epoch int32, pos int64, err error)

// Finder searches. Safe for concurrent use.
type Finder struct {
	tags tagsv1.TagsServiceClient
	seen Seen
	log  *slog.Logger
	now  func() time.Time
	// quietUntil, in Unix nanoseconds, is until when tags is not asked for facets.
	quietUntil atomic.Int64
}

// New makes a finder that asks tags.
func New(tags tagsv1.TagsServiceClient, seen Seen, now func() time.Time, log *slog.Logger) *Finder {
	return &Finder{tags: tags, seen: seen, now: now, log: log}
}

// Find answers a part of the posts of a site that a search finds. Faults: Invalid
// for a search that asks for too much; Unavailable if tags does not answer.
func (f *Finder) Find(ctx context.Context, site string, s page.Search, part page.Part) (page.Found, error) {
	order := ""
	if part.Newest || s.Order == page.OrderNewest {
		order = page.OrderNewest
	}
	ask := &tagsv1.SearchRequest{
		Q: s.Text, Tag: s.Tags, Not: s.Without, Any: s.Any, Author: s.Authors, Language: s.Languages, Since: s.Since, Until: s.Until,
		PageSize: int32(part.Size), Skip: int32(part.Skip), Site: site, Order: order, InterfaceLanguage: part.Language, //nolint:gosec // at most 100 and 10,000
	}
	for _, v := range part.AtLeast {
		ask.AtLeast = append(ask.AtLeast, fmt.Sprintf("%s@%d", v.PostID, v.Version))
	}
	resp, err := f.tags.Search(ctx, ask)
	switch {
	case err == nil:
		return wire.Found(resp), nil
	case fault.KindOf(err) == fault.KindInvalid, fault.KindOf(err) == fault.KindTooLarge:
		return page.Found{}, err
	}
	// Also what tags refuses us is nothing that a reader can mend.
	return page.Found{}, fault.Wrap(fault.KindUnavailable, err, "the search does not answer; the rest of the site does")
}

// Facets answers which other tags the posts of a site have that are found under all
// of some, as new as what the read model of tags has seen, so that a page which is
// made after a change never shows what was before it. False: nobody can say now.
func (f *Finder) Facets(ctx context.Context, site string, tags []string) ([]page.Tagged, bool) {
	if f.now().UnixNano() < f.quietUntil.Load() {
		return nil, false
	}
	list, err := f.facets(ctx, site, tags)
	if err != nil {
		if ctx.Err() == nil {
			f.quietUntil.Store(f.now().Add(askAgain).UnixNano())
			f.log.WarnContext(ctx, "pages of tags are made without the tags to combine them with", "error", err)
		}
		return nil, false
	}
	return list, true
}

func (f *Finder) facets(ctx context.Context, site string, tags []string) ([]page.Tagged, error) {
	ctx, cancel := context.WithTimeout(ctx, facetsTimeout)
	defer cancel()
	epoch, pos, err := f.seen(ctx)
	if err != nil {
		return nil, err
	}
	ask := &tagsv1.SearchRequest{Tag: tags, Site: site, PageSize: 1}
	if pos > 0 {
		ask.Position = &tagsv1.Position{Epoch: epoch, Pos: pos}
	}
	resp, err := f.tags.Search(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("ask which tags posts have beside others: %w", err)
	}
	found := wire.Found(resp)
	var out []page.Tagged
	for _, t := range found.Facets {
		if t.Count < found.Total { // what all have leaves nothing to choose
			out = append(out, t)
		}
	}
	return out, nil
}
