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
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/tag"
)

// The types of the aggregates that tags tells of.
const (
	TypeEntry = "entry"
	TypeTag   = "tag"
)

// TagKind is what happened to a tag, in the past tense, as its notices say it.
type TagKind string

// The kinds.
const (
	TagCreated   TagKind = "created"
	TagDescribed TagKind = "described"
	TagRenamed   TagKind = "renamed"
	TagMerged    TagKind = "merged"
	TagSplit     TagKind = "split"
	TagRestored  TagKind = "restored"
)

// KindOf is what happened to a tag by what others saw and see of it; kind is what
// was done to tags as a whole, if anything was.
func KindOf(was, is tag.View, kind tag.Kind) TagKind {
	switch {
	case was.ID == "":
		return TagCreated
	case was.Gone && !is.Gone:
		return TagRestored
	case is.Gone && kind == tag.Split || is.Gone && is.MovedTo == "":
		return TagSplit
	case is.Gone:
		return TagMerged
	case was.Slug != is.Slug || was.Name != is.Name:
		return TagRenamed
	}
	return TagDescribed
}

// Tag is a tag as calls answer it, without count and children.
func Tag(v tag.View) *tagsv1.Tag {
	return &tagsv1.Tag{
		Id: v.ID, Slug: v.Slug, Name: v.Name, Version: v.Version, Description: v.Description, Names: v.Names, Colour: v.Colour,
		Image: v.Image, ImageAlt: v.ImageAlt, Aliases: v.Aliases, Parent: v.ParentSlug, Internal: v.Internal, FormerSlugs: v.Former,
	}
}

// TagState is a tag as read models get it.
func TagState(v tag.View, epoch int32, publicHash []byte) *tagsv1.TagState {
	out := &tagsv1.TagState{
		Id: v.ID, Site: v.Site, Epoch: epoch, Version: v.Version, FormerSlugs: tag.Public(v.Former, v.Aliases), MovedTo: v.MovedTo, MovedToSlug: v.MovedToSlug, PublicHash: publicHash,
	}
	switch {
	case v.Gone && v.Internal: // what nobody saw leads nowhere, or it would tell that it was there
		out.FormerSlugs, out.MovedTo, out.MovedToSlug = nil, "", ""
		return out
	case v.Gone:
		out.FormerSlugs = append([]string{v.Slug}, out.GetFormerSlugs()...)
		return out
	}
	out.Tag = Tag(v)
	return out
}

// TagNotice is the notice of what happened to a tag at a time; wasSeen: readers
// could see it before.
func TagNotice(v tag.View, wasSeen bool, kind TagKind, operation string, at time.Time) outbox.Entry {
	isSeen := !v.Internal && !v.Gone
	facts := &tagsv1.TagFacts{}
	if isSeen || wasSeen {
		facts = &tagsv1.TagFacts{Slug: v.Slug, Name: v.Name, MovedTo: v.MovedToSlug, Operation: operation}
	}
	if v.Internal {
		facts.Slug, facts.Name = "", ""
	}
	return outbox.Entry{
		Site: v.Site, AggregateType: TypeTag, AggregateID: v.ID, Version: v.Version, Kind: string(kind), PublicHash: tagHash(v),
		Public: isSeen || wasSeen, At: at, Facts: facts,
	}
}

// tagHash is over what readers can see.
func tagHash(v tag.View) []byte {
	if v.Internal {
		return nil
	}
	v.Version = 0
	return sum(v)
}

// Carried are tags as entries and lists of posts show them.
func Carried(in []tag.Carried) []*tagsv1.Tag {
	out := make([]*tagsv1.Tag, len(in))
	for i, t := range in {
		out[i] = &tagsv1.Tag{Id: t.ID, Slug: t.Slug, Name: t.Name, Internal: t.Internal, Inherited: t.Inherited}
	}
	return out
}

// TaggedPost is a post as lists show it to readers.
func TaggedPost(e entry.Entry) *tagsv1.TaggedPost {
	return &tagsv1.TaggedPost{
		Id: e.PostID, Slug: e.Slug, Title: e.Title, Language: e.Language, PublishedAt: timestamppb.New(e.PublishedAt),
		Tags: Carried(entry.Seen(e.Tags)), Authors: e.Authors,
	}
}

// Entry is an entry as read models get it.
func Entry(e entry.Entry, epoch int32, publicHash []byte) *tagsv1.Entry {
	return &tagsv1.Entry{
		PostId: e.PostID, Site: e.Site, Epoch: epoch, Version: e.Version, Indexed: e.Indexed, Tags: Carried(e.Tags), PublicHash: publicHash,
		Keywords: e.Keywords, PostVersion: e.PostVersion,
	}
}

// Notice is the notice of what happened to an entry at a time.
func Notice(c entry.Change, at time.Time) outbox.Entry {
	return outbox.Entry{
		Site: c.Entry.Site, AggregateType: TypeEntry, AggregateID: c.Entry.PostID, Version: c.Entry.Version, Kind: string(c.Kind),
		PublicHash: publicHash(c.Entry), Public: true, At: at,
		Facts: &tagsv1.IndexFacts{Tags: entry.Slugs(entry.Seen(c.Entry.Tags)), Removed: entry.Slugs(entry.Seen(c.Dropped))},
	}
}

// publicHash is over what readers can see; nothing of a tombstone.
func publicHash(e entry.Entry) []byte {
	if !e.Indexed {
		return nil
	}
	return sum(struct {
		ID, Site, Slug, Title, Language string
		PublishedAt                     time.Time
		Tags                            []tag.Carried
		Keywords                        []string
	}{e.PostID, e.Site, e.Slug, e.Title, e.Language, e.PublishedAt, slices.DeleteFunc(slices.Clone(e.Tags), func(t tag.Carried) bool { return t.Internal }), e.Keywords})
}

func sum(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil { // strings, booleans, maps of these and a time always marshal
		return nil
	}
	s := sha256.Sum256(text)
	return s[:]
}
