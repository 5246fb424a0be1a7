package render

import (
	"context"
	"time"

	"github.com/parution/parution/chassis/projection"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/refresh"
)

const (
	// tagsPatience bounds what a page waits for the tags of a post.
	tagsPatience = 500 * time.Millisecond
	// askAgain is how long after an entry that was too old it is asked for once more.
	askAgain = 20 * time.Millisecond
)

// shows waits until pages show a version of a post, with the tags that it has: its
// author finds it on their pages at once. Tags that do not come in time may follow.
func (s *Service) shows(ctx context.Context, post *renderv1.PostVersion) error {
	if err := s.atLeast(ctx, post); err != nil {
		return err // nobody wrote that version, or posts does not answer: nothing to wait for
	}
	docs, err := s.store.Outlines(ctx, []string{post.GetId()})
	if d := docs[post.GetId()]; err != nil || d == nil || d.State != page.Public {
		return err // tags has nothing to say of it
	}
	ctx, cancel := context.WithTimeout(ctx, tagsPatience)
	defer cancel()
	e, err := s.entry(ctx, post)
	if err == nil && e.GetVersion() > 0 {
		err = s.tags.AtLeast(ctx, projection.Ref{Type: refresh.TypeEntry, ID: post.GetId()}, e.GetEpoch(), e.GetVersion())
	}
	if err != nil {
		s.log.DebugContext(ctx, "the tags of a post follow later", "post_id", post.GetId(), "version", post.GetVersion(), "error", err)
	}
	return nil
}

// entry is what tags has made of that version of a post, or of a later one.
func (s *Service) entry(ctx context.Context, post *renderv1.PostVersion) (*tagsv1.Entry, error) {
	for {
		r, err := s.tagger.BatchGetEntries(ctx, &tagsv1.BatchGetEntriesRequest{Ids: []string{post.GetId()}})
		if err != nil {
			return nil, err
		}
		for _, e := range r.GetEntries() {
			if at := e.GetPostVersion(); at >= post.GetVersion() || at == 0 && e.GetVersion() > 0 {
				return e, nil
			}
		}
		timer := time.NewTimer(askAgain)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		}
	}
}
