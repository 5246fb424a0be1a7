// Package follower keeps the index in step with the posts service.
package follower

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/projection"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/wire"
)

// Type is the aggregate type that the index follows.
const Type = "post"

// entries is where the index is kept.
type entries interface {
	Put(ctx context.Context, tx *sql.Tx, items []projection.Item[entry.Post], now time.Time) error
	Tidy(ctx context.Context, after string) (next string, err error)
}

// Follower fetches posts from their owner and puts them into the index.
type Follower struct {
	posts   postsv1.PostsServiceClient
	entries entries
	now     func() time.Time
}

// New makes a follower that asks the posts service behind conn.
func New(conn grpc.ClientConnInterface, index entries, now func() time.Time) *Follower {
	return &Follower{posts: postsv1.NewPostsServiceClient(conn), entries: index, now: now}
}

// Fetch asks for the present states of posts.
func (f *Follower) Fetch(ctx context.Context, refs []projection.Ref) ([]projection.State[entry.Post], error) {
	r := &postsv1.BatchGetPostsRequest{Ids: make([]string, len(refs))}
	for i, ref := range refs {
		r.Ids[i] = ref.ID
	}
	got, err := f.posts.BatchGetPosts(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("ask for posts: %w", err)
	}
	out := make([]projection.State[entry.Post], len(got.GetStates()))
	for i, s := range got.GetStates() {
		out[i] = projection.State[entry.Post]{
			Ref: projection.Ref{Type: Type, ID: s.GetId()}, Epoch: s.GetEpoch(), Version: s.GetVersion(), State: wire.Post(s),
			PublicHash: s.GetPublicHash(),
		}
	}
	return out, nil
}

// Refresh puts states that are newer than the index's into it.
func (f *Follower) Refresh(ctx context.Context, tx *sql.Tx, items []projection.Item[entry.Post]) error {
	return f.entries.Put(ctx, tx, items, f.now())
}

// Tidy takes away what belongs to no post, some after a place.
func (f *Follower) Tidy(ctx context.Context, after string) (next string, err error) {
	return f.entries.Tidy(ctx, after)
}
