package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/store/db"
)

// dueBatch is how many due posts are looked for at once.
const dueBatch = 100

// Due lists posts whose moment had come at now, the longest overdue first.
func (s *Store) Due(ctx context.Context, now time.Time) ([]post.Due, error) {
	rows, err := s.read(ctx).DuePosts(ctx, db.DuePostsParams{Now: sqldb.NullTime{Time: now, Valid: true}, PageSize: dueBatch})
	if err != nil {
		return nil, fmt.Errorf("list due posts: %w", err)
	}
	out := make([]post.Due, len(rows))
	for i, r := range rows {
		out[i] = post.Due{ID: r.ID, Site: r.SiteID, At: r.ScheduledFor.Time}
	}
	return out, nil
}

// NextDue is when the next scheduled post is due; false if there is none.
func (s *Store) NextDue(ctx context.Context) (time.Time, bool, error) {
	at, err := s.read(ctx).NextDue(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("find the next due post: %w", err)
	}
	return at.Time, at.Valid, nil
}

// Clock is the database's time: the one clock that all replicas share.
func (s *Store) Clock(ctx context.Context) (time.Time, error) { return s.db.Clock(ctx) }
