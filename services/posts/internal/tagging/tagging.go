// Package tagging asks the tags service what the names that authors gave their
// posts stand for today. It never stands in the way: an answer that does not come
// in time is none.
package tagging

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/slug"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

const (
	// patience bounds what is waited for tags in one answer.
	patience = 300 * time.Millisecond
	// again is how long after an entry that was too old it is asked for once more.
	again = 20 * time.Millisecond
	// maxBatch is the most ids that tags takes at once.
	maxBatch = 100
)

// MaxUnder is the most posts that Under can be asked for.
const MaxUnder = 1000

// Tagging is a client of tags. Safe for concurrent use.
type Tagging struct{ tags tagsv1.TagsServiceClient }

// New makes a client over conn.
func New(conn grpc.ClientConnInterface) *Tagging {
	return &Tagging{tags: tagsv1.NewTagsServiceClient(conn)}
}

// Entry is what a post carries today.
type Entry struct{ tags []*tagsv1.Tag }

// Names are the names of the tags that the post carries itself, in its language and
// order; the internal ones only if they are asked for.
func (e Entry) Names(internal bool) []string {
	var out []string
	for _, t := range e.tags {
		if !t.GetInherited() && (internal || !t.GetInternal()) {
			out = append(out, t.GetName())
		}
	}
	return out
}

// Entries are what these posts carry, by id; versions are those that an entry must
// know at least. With wait it gives tags the time to follow a change of a moment
// ago. What tags does not know, or not yet, is left out, as is everything if it
// does not answer.
func (t *Tagging) Entries(ctx context.Context, versions map[string]int32, wait bool) map[string]Entry {
	out := make(map[string]Entry, len(versions))
	if len(versions) == 0 {
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		missing := make([]string, 0, len(versions)-len(out))
		for id := range versions {
			if _, ok := out[id]; !ok {
				missing = append(missing, id)
			}
		}
		if !t.read(ctx, missing, versions, out) || len(out) == len(versions) || !wait {
			return out
		}
		timer := time.NewTimer(again)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return out
		}
	}
}

// read puts the entries of ids that are new enough into out, and tells whether
// tags answered.
func (t *Tagging) read(ctx context.Context, ids []string, versions map[string]int32, out map[string]Entry) bool {
	for len(ids) > 0 {
		n := min(maxBatch, len(ids))
		r, err := t.tags.BatchGetEntries(ctx, &tagsv1.BatchGetEntriesRequest{Ids: ids[:n]})
		if err != nil {
			return false
		}
		ids = ids[n:]
		for _, e := range r.GetEntries() {
			if at := e.GetPostVersion(); e.GetIndexed() && (at == 0 || at >= versions[e.GetPostId()]) {
				out[e.GetPostId()] = Entry{e.GetTags()}
			}
		}
	}
	return true
}

// Tag is what a tag is called by.
type Tag struct {
	ID       string
	Internal bool
	// Keys are those of all names that lead to it or to one below it.
	Keys []string
}

// Tag is the tag that readers of site mean by text, a name or a slug, present or
// former; not ok if tags knows none. Its error: tags does not answer.
func (t *Tagging) Tag(ctx context.Context, site, text string) (_ Tag, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := t.tags.GetTag(ctx, &tagsv1.GetTagRequest{Slug: address(text), Site: site})
	if kind := fault.KindOf(err); err != nil && (kind == fault.KindNotFound || kind == fault.KindInvalid) {
		return Tag{}, false, nil
	}
	if err != nil {
		return Tag{}, false, fmt.Errorf("ask tags what %s is: %w", text, err)
	}
	out := Tag{ID: r.GetTag().GetId(), Internal: r.GetTag().GetInternal(), Keys: r.GetKeys()}
	if len(out.Keys) == 0 {
		out.Keys = keysOf(r.GetTag())
	}
	return out, true, nil
}

// Under are the ids of at most size published posts of a site that are found under the
// tag with that id, after a place (the zero time: from the first on), the newest first.
// If others follow, next is when the last of these was published. Its error: tags does
// not answer.
func (t *Tagging) Under(ctx context.Context, site, tag string, before time.Time, beforeID string, size int) (ids []string, next time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ask := &tagsv1.ListTaggedIDsRequest{Site: site, Tag: tag, Size: int32(size)} //nolint:gosec // at most MaxUnder
	if !before.IsZero() {
		ask.Before, ask.BeforeId = timestamppb.New(before), beforeID
	}
	r, err := t.tags.ListTaggedIDs(ctx, ask)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("ask tags which posts are under %s: %w", tag, err)
	}
	if r.GetNext() != nil && len(r.GetIds()) > 0 {
		next = r.GetNext().AsTime()
	}
	return r.GetIds(), next, nil
}

// keysOf are those of the tag alone.
func keysOf(t *tagsv1.Tag) []string {
	out := []string{Key(t.GetName())}
	for _, name := range slices.Concat(t.GetAliases(), slices.Collect(maps.Values(t.GetNames()))) {
		out = append(out, Key(name))
	}
	return slices.Compact(slices.Sorted(slices.Values(out)))
}

// Has tells whether the post is found under the tag with that id.
func (e Entry) Has(id string) bool {
	for _, t := range e.tags {
		if t.GetId() == id {
			return true
		}
	}
	return false
}

// mark begins the names of tags that readers do not see.
const mark = "#"

// IsInternal tells of names of tags that are internal whatever tags says.
func IsInternal(name string) bool { return strings.HasPrefix(strings.TrimSpace(name), mark) }

// Key is the same for all ways of writing one word: "#archive" is another than
// "archive". Empty: no tag.
func Key(name string) string {
	key := slug.Make(name)
	if key != "" && IsInternal(name) {
		return mark + key
	}
	return key
}

// Label is the slug by which posts with a name of that key are found here.
func Label(key string) string { return strings.TrimPrefix(key, mark) }

// address is the slug that tags gives a name by itself.
func address(name string) string {
	if IsInternal(name) {
		return slug.Make("internal " + name)
	}
	return slug.Make(name)
}
