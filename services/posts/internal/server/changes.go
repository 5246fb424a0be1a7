package server

import (
	"context"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/paging"
	"github.com/parution/parution/chassis/process"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/posts/internal/wire"
)

// changes is what the server needs of the outbox.
type changes interface {
	End(ctx context.Context) (outbox.Place, error)
	List(ctx context.Context, of outbox.Audience, after outbox.Place, size int32) (outbox.Page, error)
	Wait(ctx context.Context, of outbox.Audience, after outbox.Place) error
}

const (
	usualChanges = 100
	maxChanges   = 1000
	// maxWait is in seconds: less than what browsers and proxies wait for an answer.
	maxWait = 25
	// answering is kept of a call's time for the answer itself.
	answering = time.Second
	// fromNow asks for what is still to come.
	fromNow = "now"
)

// ListChanges implements postsv1.ChangesServiceServer.
func (s *Server) ListChanges(ctx context.Context, r *postsv1.ListChangesRequest) (*postsv1.ListChangesResponse, error) {
	who := identity.From(ctx)
	of := outbox.Audience{Site: who.Site, Public: !who.Member()}
	size := r.GetPageSize()
	if size < 0 || size > maxChanges {
		return nil, fault.Invalid("page_size", "is %d; must be 1 to %d", size, maxChanges)
	}
	if size == 0 {
		size = usualChanges
	}
	if n := r.GetWait(); n < 0 || n > maxWait {
		return nil, fault.Invalid("wait", "is %d; must be 0 to %d seconds", n, maxWait)
	}
	after, err := s.place(ctx, r.GetAfter(), of.Site)
	if err != nil {
		return nil, err
	}
	page, err := s.await(ctx, of, after, size, time.Duration(r.GetWait())*time.Second)
	if err != nil {
		return nil, err
	}
	return s.told(ctx, of, page)
}

// place is where a token leads.
func (s *Server) place(ctx context.Context, token, site string) (outbox.Place, error) {
	if token == fromNow {
		return s.Changes.End(ctx)
	}
	var place outbox.Place
	if _, err := paging.Read(token, &place, tokenOf(site)...); err != nil {
		return place, fault.Invalid("after", "is neither %q nor the next of an earlier answer of this site", fromNow)
	}
	return place, nil
}

// tokenOf names what a token is good for.
func tokenOf(site string) []string { return []string{"changes", site} }

// await reads a page, and while that is empty waits for one: at most so long,
// and not longer than the caller or the server have time.
func (s *Server) await(ctx context.Context, of outbox.Audience, after outbox.Place, size int32, wait time.Duration) (outbox.Page, error) {
	page, err := s.Changes.List(ctx, of, after, size)
	if err != nil || len(page.Notices) > 0 || wait == 0 {
		return page, err
	}
	if until, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(until)-answering)
	}
	serving, end := process.UntilStopping(ctx)
	defer end()
	waiting, cancel := context.WithTimeout(serving, wait)
	defer cancel()
	for len(page.Notices) == 0 {
		if err := s.Changes.Wait(waiting, of, page.Next); err != nil {
			if waiting.Err() != nil && ctx.Err() == nil {
				return page, nil // nothing came
			}
			return page, err
		}
		if page, err = s.Changes.List(ctx, of, page.Next, size); err != nil {
			return page, err
		}
	}
	return page, nil
}

// told is a page as its audience may see it.
func (s *Server) told(ctx context.Context, of outbox.Audience, page outbox.Page) (*postsv1.ListChangesResponse, error) {
	next, err := paging.Token(page.Next, tokenOf(of.Site)...)
	if err != nil {
		return nil, err
	}
	out := &postsv1.ListChangesResponse{Next: next, More: page.More, Epoch: page.Epoch}
	for _, n := range page.Notices {
		c, err := wire.Change(n)
		if err != nil {
			return nil, err
		}
		out.Changes = append(out.Changes, c)
	}
	if of.Public {
		return out, s.conceal(ctx, out.GetChanges())
	}
	return out, nil
}

// conceal takes the facts of posts that readers can no longer see.
func (s *Server) conceal(ctx context.Context, list []*postsv1.Change) error {
	var ids []string
	for _, c := range list {
		if c.GetFacts() != nil {
			ids = append(ids, c.GetAggregateId())
		}
	}
	public, err := s.Posts.PublicOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, c := range list {
		if !public[c.GetAggregateId()] {
			c.Facts = nil
		}
	}
	s.relabel(ctx, list)
	return nil
}
