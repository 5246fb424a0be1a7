package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/store/db"
)

// Revisions lists at most size revisions of a post with numbers below before,
// newest first.
func (s *Store) Revisions(ctx context.Context, id string, before, size int32) ([]post.Revision, error) {
	rows, err := s.read(ctx).ListRevisions(ctx, db.ListRevisionsParams{PostID: id, Before: before, PageSize: size})
	if err != nil {
		return nil, fmt.Errorf("list the revisions of post %s: %w", id, err)
	}
	out := make([]post.Revision, len(rows))
	for i, r := range rows {
		if out[i], err = revision(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Revision reads one revision. Faults: NotFound.
func (s *Store) Revision(ctx context.Context, id string, number int32) (post.Revision, error) {
	r, err := s.read(ctx).GetRevision(ctx, db.GetRevisionParams{PostID: id, Number: number})
	if errors.Is(err, sql.ErrNoRows) {
		return post.Revision{}, fault.NotFound("the post has no revision %d", number)
	}
	if err != nil {
		return post.Revision{}, fmt.Errorf("read revision %d of post %s: %w", number, id, err)
	}
	return revision(r)
}

func revision(r db.PostRevision) (post.Revision, error) {
	out := post.Revision{Number: r.Number, Author: r.Author, CreatedAt: r.CreatedAt.Time}
	if err := json.Unmarshal([]byte(r.Content), &out.Content); err != nil {
		return out, fmt.Errorf("read revision %d of post %s: %w", r.Number, r.PostID, err)
	}
	return out, nil
}
