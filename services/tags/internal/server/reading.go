package server

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/tag"
	"github.com/parution/parution/services/tags/internal/text"
)

const (
	usualTags    = 100
	usualPosts   = 20
	usualRelated = 3
	// waiting is how long a question waits for what it must know.
	waiting = time.Second
	// maxAtLeast bounds for how many posts one question waits.
	maxAtLeast = 16
	// maxAsked bounds the questions that are worked on: each looks at many posts, and
	// what takes one must not wait for them.
	maxAsked = 8
)

// follower keeps the index in step.
type follower interface {
	// CaughtUp is a fault until the index has what there was at the start.
	CaughtUp() error
	Await(ctx context.Context, at text.Position) error
	AwaitPost(ctx context.Context, postID string) error
}

// pages reads what answers show of posts and tags.
type pages interface {
	Shown(ctx context.Context, numbers []uint32) (map[uint32]entry.Found, error)
	Sources(ctx context.Context, numbers []uint32) (map[uint32]entry.Found, error)
	RecordsOf(ctx context.Context, postIDs []string) ([]index.Record, error)
	Views(ctx context.Context, ids []string) ([]tag.View, error)
}

// Reading is what questions are answered from. All fields are required.
type Reading struct {
	Memory  *index.Memory
	Texts   index.Texts
	Replica follower
	Pages   pages
	// AtLeast returns once the entry of a post is from that version or a later one.
	AtLeast func(ctx context.Context, postID string, version int32) error
	// asked holds one element for each question that is worked on.
	asked chan struct{}
}

// ask waits for a place among those who ask; done leaves it.
func (r *Reading) ask(ctx context.Context) (done func(), err error) {
	if err := r.Replica.CaughtUp(); err != nil {
		return nil, err
	}
	select {
	case r.asked <- struct{}{}:
		return func() { <-r.asked }, nil
	case <-ctx.Done():
		return nil, fault.Unavailable("too many search at once; try again in a moment")
	}
}

// sees tells whether the caller sees tags that readers do not.
func sees(ctx context.Context) bool { return identity.From(ctx).Member() }

// siteOf is the site that a question is about: the caller's own. A service belongs
// to none and says which.
func siteOf(ctx context.Context, asked string) (string, error) {
	p := identity.From(ctx)
	switch service := p.Role == identity.Service; {
	case service && asked == "":
		return "", fault.Invalid("site", "must not be empty")
	case service:
		return asked, nil
	case asked != "":
		return "", fault.Invalid("site", "is for services; everybody else searches their own")
	}
	return p.Site, nil
}

type postVersion struct {
	id      string
	version int32
}

// atLeast reads what an answer must know.
func atLeast(list []string) ([]postVersion, error) {
	if len(list) > maxAtLeast {
		return nil, fault.Invalid("at_least", "has %d posts; at most %d", len(list), maxAtLeast)
	}
	out := make([]postVersion, len(list))
	for i, text := range list {
		id, version, _ := strings.Cut(text, "@")
		n, err := strconv.ParseInt(version, 10, 32)
		if err != nil || n < 1 || !ids.Valid(id) {
			return nil, fault.Invalid("at_least", `must be "id@version" of a post`)
		}
		out[i] = postVersion{id, int32(n)}
	}
	return out, nil
}

// await waits a moment for what an answer must know. Of posts an answer that is a
// little old is better than none, and it says of which; to a position a service is held.
func (r *Reading) await(ctx context.Context, posts []postVersion, at *tagsv1.Position) (behind []string, err error) {
	if len(posts) == 0 && at == nil {
		return nil, nil
	}
	limited, cancel := context.WithTimeout(ctx, waiting)
	defer cancel()
	var all sync.WaitGroup
	late := make([]bool, len(posts))
	for i, p := range posts {
		all.Go(func() {
			late[i] = r.AtLeast(limited, p.id, p.version) != nil || r.Replica.AwaitPost(limited, p.id) != nil
		})
	}
	all.Wait()
	for i, p := range posts {
		if late[i] {
			behind = append(behind, p.id+"@"+strconv.Itoa(int(p.version)))
		}
	}
	if at == nil {
		return behind, ctx.Err()
	}
	if err := r.Replica.Await(limited, text.Position{Epoch: at.GetEpoch(), Pos: at.GetPos()}); err != nil {
		return nil, fault.Wrap(fault.KindUnavailable, err, "the index is not there yet")
	}
	return behind, nil
}

func position(at text.Position) *tagsv1.Position {
	return &tagsv1.Position{Epoch: at.Epoch, Pos: at.Pos}
}

// facets are tags with how many of the posts found are found under each.
func (r *Reading) facets(site string, counts []index.Count, internal bool) []*tagsv1.Tag {
	list := make([]string, len(counts))
	for i, c := range counts {
		list[i] = c.Value
	}
	known := r.Memory.Listed(site, list, internal)
	out := make([]*tagsv1.Tag, 0, len(counts))
	for _, c := range counts {
		if t, ok := known[c.Value]; ok {
			out = append(out, &tagsv1.Tag{Id: t.ID, Slug: t.Slug, Name: t.Name, Count: int32(c.Posts), Internal: t.Internal}) //nolint:gosec // below 2^31
		}
	}
	return out
}
