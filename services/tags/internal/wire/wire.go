// Package wire translates between the index and the protos, for calls and for
// notices, and does nothing else.
package wire

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/outbox"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/search"
)

// Post is a post's state as its owner tells it.
func Post(s *postsv1.PostState) entry.Post {
	out := entry.Post{ID: s.GetId(), Site: s.GetSite()}
	if p := s.GetPost(); p != nil {
		out.Public, out.Slug, out.Title, out.Language, out.TagNames = true, p.GetSlug(), p.GetTitle(), p.GetLanguage(), p.GetTags()
		out.PublishedAt = p.GetPublishedAt().AsTime().Truncate(time.Microsecond) // what both databases keep
		out.Words = search.NewWordlist(search.Source{
			Title: p.GetTitle(), Labels: slices.Concat(p.GetTags(), p.GetAuthors()), Body: p.GetBody(), Format: p.GetFormat(),
			Others: []string{p.GetExcerpt(), p.GetImageAlt(), p.GetImageCaption()},
		})
	}
	return out
}

// Tag is a tag with its count.
func Tag(c entry.Count) *tagsv1.Tag {
	return &tagsv1.Tag{Slug: c.Slug, Name: c.Name, Count: c.Posts}
}

func tags(in []entry.Tag) []*tagsv1.Tag {
	out := make([]*tagsv1.Tag, len(in))
	for i, t := range in {
		out[i] = &tagsv1.Tag{Slug: t.Slug, Name: t.Name}
	}
	return out
}

// TaggedPost is a post as lists show it.
func TaggedPost(e entry.Entry) *tagsv1.TaggedPost {
	return &tagsv1.TaggedPost{
		Id: e.PostID, Slug: e.Slug, Title: e.Title, Language: e.Language, PublishedAt: timestamppb.New(e.PublishedAt), Tags: tags(e.Tags),
	}
}

// TypeEntry is the type of the aggregates that tags tells of.
const TypeEntry = "entry"

// Entry is an entry as read models get it.
func Entry(e entry.Entry, epoch int32, publicHash []byte) *tagsv1.Entry {
	return &tagsv1.Entry{
		PostId: e.PostID, Site: e.Site, Epoch: epoch, Version: e.Version, Indexed: e.Indexed, Tags: tags(e.Tags), PublicHash: publicHash,
	}
}

// Notice is the notice of what happened to an entry at a time.
func Notice(c entry.Change, at time.Time) outbox.Entry {
	return outbox.Entry{
		Site: c.Entry.Site, AggregateType: TypeEntry, AggregateID: c.Entry.PostID, Version: c.Entry.Version, Kind: string(c.Kind),
		PublicHash: publicHash(c.Entry), Public: true, At: at,
		Facts: &tagsv1.IndexFacts{Tags: entry.Slugs(c.Entry.Tags), Removed: entry.Slugs(c.Dropped)},
	}
}

// publicHash is over what readers can see; nothing of a tombstone.
func publicHash(e entry.Entry) []byte {
	if !e.Indexed {
		return nil
	}
	e.Version = 0
	text, err := json.Marshal(e)
	if err != nil { // strings, booleans and a time always marshal
		return nil
	}
	sum := sha256.Sum256(text)
	return sum[:]
}
