package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/store/db"
)

func restore(r db.Post) (*post.Post, error) {
	s := post.Snapshot{
		ID: r.ID, Site: r.SiteID, Version: r.Version, Status: post.Status(r.Status),
		Content: post.Content{
			Title: r.Title, Body: r.Body, Format: r.Format, Language: r.Language, Slug: r.Slug, Featured: r.Featured,
			Excerpt: r.Excerpt, Image: r.Image, ImageAlt: r.ImageAlt, ImageCaption: r.ImageCaption,
			TranslationKey: r.TranslationKey,
		},
		ExternalID: r.ExternalID, CreatedBy: r.CreatedBy, WasPublic: r.WasPublic,
		CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time, EditedAt: r.EditedAt.Time,
		PublishedAt: r.PublishedAt.Ptr(), ScheduledFor: r.ScheduledFor.Ptr(),
	}
	for _, l := range []struct {
		text string
		into *[]string
	}{{r.Tags, &s.Content.Tags}, {r.Authors, &s.Content.Authors}, {r.Aliases, &s.Content.Aliases}} {
		if err := json.Unmarshal([]byte(l.text), l.into); err != nil {
			return nil, fmt.Errorf("read a list of post %s: %w", r.ID, err)
		}
	}
	return post.Restore(s), nil
}

// list is the stored form of a list; nil stays nil when it is read again.
func list(names []string) string {
	text, err := json.Marshal(names)
	if err != nil { // strings always marshal
		return "null"
	}
	return string(text)
}

func insertParams(s post.Snapshot) db.InsertPostParams {
	c := s.Content
	return db.InsertPostParams{
		ID: s.ID, SiteID: s.Site, Version: s.Version, Status: string(s.Status), Slug: c.Slug, Title: c.Title, Body: c.Body,
		Format: c.Format, Language: c.Language, Tags: list(c.Tags), Authors: list(c.Authors), Aliases: list(c.Aliases),
		Featured: c.Featured, Excerpt: c.Excerpt, Image: c.Image, ImageAlt: c.ImageAlt, ImageCaption: c.ImageCaption,
		TranslationKey: c.TranslationKey, ExternalID: s.ExternalID,
		CreatedBy: s.CreatedBy, WasPublic: s.WasPublic, CreatedAt: sqldb.At(s.CreatedAt), UpdatedAt: sqldb.At(s.UpdatedAt),
		EditedAt: sqldb.At(s.EditedAt), PublishedAt: sqldb.MaybeAt(s.PublishedAt), ScheduledFor: sqldb.MaybeAt(s.ScheduledFor), SortAt: sqldb.At(s.SortAt()),
	}
}

func updateParams(s post.Snapshot, expected int32) db.UpdatePostParams {
	c := s.Content
	return db.UpdatePostParams{
		ID: s.ID, Expected: expected, Version: s.Version, Status: string(s.Status), Slug: c.Slug, Title: c.Title, Body: c.Body,
		Format: c.Format, Language: c.Language, Tags: list(c.Tags), Authors: list(c.Authors), Aliases: list(c.Aliases),
		Featured: c.Featured, Excerpt: c.Excerpt, Image: c.Image, ImageAlt: c.ImageAlt, ImageCaption: c.ImageCaption,
		TranslationKey: c.TranslationKey, WasPublic: s.WasPublic, UpdatedAt: sqldb.At(s.UpdatedAt), EditedAt: sqldb.At(s.EditedAt),
		PublishedAt: sqldb.MaybeAt(s.PublishedAt), ScheduledFor: sqldb.MaybeAt(s.ScheduledFor), SortAt: sqldb.At(s.SortAt()),
	}
}

// claimAddresses makes the post's slug and aliases lead to it.
func claimAddresses(ctx context.Context, q *db.Queries, before, after post.Snapshot) error {
	if before.Content.Slug != after.Content.Slug {
		if err := claimSlug(ctx, q, before, after); err != nil {
			return err
		}
	}
	if slices.Equal(before.Content.Aliases, after.Content.Aliases) {
		return nil
	}
	if err := q.DropAliases(ctx, after.ID); err != nil {
		return fmt.Errorf("drop aliases: %w", err)
	}
	for i, path := range after.Content.Aliases {
		err := q.InsertAlias(ctx, db.InsertAliasParams{SiteID: after.Site, Path: path, PostID: after.ID})
		if sqldb.IsUnique(err) {
			return fault.New(fault.KindConflict, "another post has the alias "+path,
				fault.Violation{Field: fmt.Sprintf("aliases[%d]", i), Message: "is another post's"})
		}
		if err != nil {
			return fmt.Errorf("insert alias: %w", err)
		}
	}
	return nil
}

func claimSlug(ctx context.Context, q *db.Queries, before, after post.Snapshot) error {
	name := after.Content.Slug
	claimed, err := tryClaim(ctx, q, after, name)
	if err != nil {
		return err
	}
	if !claimed {
		return slugTaken(name)
	}
	if before.Content.Slug != "" && !before.WasPublic {
		// Nobody saw the old one, so it need not lead anywhere.
		err := q.DropSlug(ctx, db.DropSlugParams{SiteID: after.Site, Slug: before.Content.Slug, PostID: after.ID})
		if err != nil {
			return fmt.Errorf("drop slug: %w", err)
		}
	}
	return nil
}

func slugTaken(name string) error {
	return fault.New(fault.KindConflict, "another post has the slug "+name, fault.Violation{Field: "slug", Message: "is another post's"})
}

// tryClaim makes name lead to p; false if it is another post's. A former slug of
// another post, or that of a deleted one, is taken over. Of two posts that want
// the same name at once the insert lets one through; the other then sees it.
func tryClaim(ctx context.Context, q *db.Queries, p post.Snapshot, name string) (bool, error) {
	n, err := q.ClaimSlug(ctx, db.ClaimSlugParams{SiteID: p.Site, Slug: name, PostID: p.ID})
	if err != nil {
		return false, fmt.Errorf("claim slug: %w", err)
	}
	if n > 0 {
		return true, nil
	}
	owner, err := q.SlugOwner(ctx, db.SlugOwnerParams{SiteID: p.Site, Slug: name})
	if err != nil {
		return false, fmt.Errorf("look up slug: %w", err)
	}
	if owner.PostID == p.ID {
		return true, nil
	}
	if owner.CurrentSlug == name && owner.Status != string(post.Deleted) {
		return false, nil
	}
	n, err = q.TakeOverSlug(ctx, db.TakeOverSlugParams{PostID: p.ID, SiteID: p.Site, Slug: name, FromID: owner.PostID})
	if err != nil {
		return false, fmt.Errorf("take slug over: %w", err)
	}
	return n > 0, nil
}

func (s *Store) writeLabels(ctx context.Context, tx *sql.Tx, before, after post.Snapshot) error {
	was, is := before.Content, after.Content
	if slices.Equal(was.Tags, is.Tags) && slices.Equal(was.Authors, is.Authors) {
		return nil
	}
	if len(was.Tags)+len(was.Authors) > 0 {
		if err := db.New(tx).DropLabels(ctx, after.ID); err != nil {
			return fmt.Errorf("drop labels: %w", err)
		}
	}
	return s.insertLabels(ctx, tx, after.ID, is)
}

// writeRevision keeps the content of a change that changed it; a deletion takes
// all earlier ones away.
func writeRevision(ctx context.Context, q *db.Queries, before post.Snapshot, p *post.Post, author string) error {
	after := p.Snapshot()
	if after.Status == post.Deleted {
		if err := q.DropRevisions(ctx, after.ID); err != nil {
			return fmt.Errorf("drop revisions: %w", err)
		}
		return nil
	}
	if after.Content.Equal(before.Content) {
		return nil
	}
	content, err := json.Marshal(after.Content)
	if err != nil {
		return fmt.Errorf("marshal the content of post %s: %w", after.ID, err)
	}
	err = q.InsertRevision(ctx, db.InsertRevisionParams{
		PostID: after.ID, Number: after.Version, Author: author, CreatedAt: sqldb.At(after.UpdatedAt), Content: string(content),
	})
	if err != nil {
		return fmt.Errorf("insert revision: %w", err)
	}
	return nil
}
