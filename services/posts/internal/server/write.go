package server

import (
	"context"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/wire"
)

// CreatePost implements postsv1.PostsServiceServer.
func (s *Server) CreatePost(ctx context.Context, r *postsv1.CreatePostRequest) (*postsv1.CreatePostResponse, error) {
	who := identity.From(ctx)
	content := wire.NewContent(r)
	if content.Language == "" {
		home, err := s.Sites.GetSite(ctx, who.Site)
		if err != nil {
			return nil, err
		}
		content.Language = home.Settings.Language
	}
	switch r.GetStatus() {
	case "", string(post.Draft), string(post.Published):
	default:
		return nil, fault.Invalid("status", "must be %q or %q", post.Draft, post.Published)
	}
	p, err := post.New(post.NewPost{
		ID: ids.New(), Site: who.Site, ExternalID: r.GetExternalId(), CreatedBy: who.Subject, Content: content,
		PublishedAt: wire.Time(r.GetPublishedAt()), Publish: r.GetStatus() == string(post.Published),
	}, s.Limits, s.now())
	if err != nil {
		return nil, err
	}
	p, existing, err := s.Posts.Create(ctx, p, who.Name)
	if err != nil {
		return nil, err
	}
	out, err := s.answer(ctx, p)
	if err != nil {
		return nil, err
	}
	return &postsv1.CreatePostResponse{Post: out, Existing: existing}, nil
}

// RevisePost implements postsv1.PostsServiceServer.
func (s *Server) RevisePost(ctx context.Context, r *postsv1.RevisePostRequest) (*postsv1.RevisePostResponse, error) {
	if r.GetExpectedVersion() == 0 {
		return nil, fault.Unconditional("say which version the change was made on: If-Match: \"version\"")
	}
	if len(r.GetUpdateMask().GetPaths()) == 0 {
		return nil, fault.Invalid("update_mask", "names no field to change")
	}
	out, err := s.change(ctx, r.GetId(), r.GetExpectedVersion(), func(p *post.Post) error {
		content, published, err := patched(p.Snapshot(), r.GetPost(), r.GetUpdateMask().GetPaths())
		if err != nil {
			return err
		}
		return p.Revise(content, published, s.Limits, s.now())
	})
	if err != nil {
		return nil, err
	}
	return &postsv1.RevisePostResponse{Post: out}, nil
}

// PublishPost implements postsv1.PostsServiceServer.
func (s *Server) PublishPost(ctx context.Context, r *postsv1.PublishPostRequest) (*postsv1.PublishPostResponse, error) {
	out, err := s.change(ctx, r.GetId(), r.GetExpectedVersion(), func(p *post.Post) error { return p.Publish(s.now()) })
	if err != nil {
		return nil, err
	}
	return &postsv1.PublishPostResponse{Post: out}, nil
}

// SchedulePost implements postsv1.PostsServiceServer.
func (s *Server) SchedulePost(ctx context.Context, r *postsv1.SchedulePostRequest) (*postsv1.SchedulePostResponse, error) {
	at := wire.Time(r.GetAt())
	if at == nil {
		return nil, fault.Invalid("at", "is missing")
	}
	out, err := s.change(ctx, r.GetId(), r.GetExpectedVersion(), func(p *post.Post) error { return p.Schedule(*at, s.now()) })
	if err != nil {
		return nil, err
	}
	return &postsv1.SchedulePostResponse{Post: out}, nil
}

// WithdrawPost implements postsv1.PostsServiceServer.
func (s *Server) WithdrawPost(ctx context.Context, r *postsv1.WithdrawPostRequest) (*postsv1.WithdrawPostResponse, error) {
	out, err := s.change(ctx, r.GetId(), r.GetExpectedVersion(), func(p *post.Post) error { return p.Withdraw(s.now()) })
	if err != nil {
		return nil, err
	}
	return &postsv1.WithdrawPostResponse{Post: out}, nil
}

// DeletePost implements postsv1.PostsServiceServer.
func (s *Server) DeletePost(ctx context.Context, r *postsv1.DeletePostRequest) (*postsv1.DeletePostResponse, error) {
	out, err := s.change(ctx, r.GetId(), r.GetExpectedVersion(), func(p *post.Post) error { return p.Delete(s.now()) })
	if err != nil {
		return nil, err
	}
	return &postsv1.DeletePostResponse{Id: out.GetId(), Version: out.GetVersion()}, nil
}

// RevertPost implements postsv1.PostsServiceServer.
func (s *Server) RevertPost(ctx context.Context, r *postsv1.RevertPostRequest) (*postsv1.RevertPostResponse, error) {
	if err := postID(r.GetId()); err != nil {
		return nil, err
	}
	// The post first: its revisions are nobody's business on another site.
	if _, err := s.Posts.Get(ctx, identity.From(ctx).Site, r.GetId()); err != nil {
		return nil, err
	}
	rev, err := s.Posts.Revision(ctx, r.GetId(), r.GetNumber())
	if err != nil {
		return nil, err
	}
	out, err := s.change(ctx, r.GetId(), r.GetExpectedVersion(), func(p *post.Post) error {
		content := rev.Content
		// Addresses are not taken back: a reader's link must not break.
		content.Slug, content.Aliases = p.Snapshot().Content.Slug, p.Snapshot().Content.Aliases
		// Nor is the post parted from its translations: a revision does not show them.
		content.TranslationKey = p.Snapshot().Content.TranslationKey
		return p.Revise(content, p.Snapshot().PublishedAt, s.Limits, s.now())
	})
	if err != nil {
		return nil, err
	}
	return &postsv1.RevertPostResponse{Post: out}, nil
}

// change lets decide change a post that the caller may edit.
func (s *Server) change(ctx context.Context, id string, expected int32, decide func(*post.Post) error) (*postsv1.Post, error) {
	if err := postID(id); err != nil {
		return nil, err
	}
	if expected < 0 {
		return nil, fault.Invalid("expected_version", "is %d; versions begin at 1", expected)
	}
	who := identity.From(ctx)
	p, err := s.Posts.Update(ctx, who.Site, id, who.Name, func(p *post.Post) error {
		if !p.EditableBy(who.Subject, who.Edits()) {
			return fault.Denied("this is another author's post")
		}
		if err := p.Expect(expected); err != nil {
			return err
		}
		return decide(p)
	})
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, p)
}

// now is the time in the precision that is kept.
func (s *Server) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// patched is the content of a post with the fields that the mask names taken
// from in.
func patched(s post.Snapshot, in *postsv1.Post, mask []string) (post.Content, *time.Time, error) {
	c, published := s.Content, s.PublishedAt
	for _, field := range mask {
		switch field {
		case "title":
			c.Title = in.GetTitle()
		case "body":
			c.Body = in.GetBody()
		case "format":
			c.Format = in.GetFormat()
		case "language":
			c.Language = in.GetLanguage()
		case "slug":
			if c.Slug = in.GetSlug(); c.Slug == "" {
				return c, nil, fault.Invalid("slug", "is missing")
			}
		case "tags":
			c.Tags = in.GetTags()
		case "authors":
			c.Authors = in.GetAuthors()
		case "featured":
			c.Featured = in.GetFeatured()
		case "excerpt":
			c.Excerpt = in.GetExcerpt()
		case "image":
			c.Image = in.GetImage()
		case "image_alt":
			c.ImageAlt = in.GetImageAlt()
		case "image_caption":
			c.ImageCaption = in.GetImageCaption()
		case "translation_key":
			c.TranslationKey = in.GetTranslationKey()
		case "aliases":
			c.Aliases = in.GetAliases()
		case "published_at":
			published = wire.Time(in.GetPublishedAt())
		case "id", "version", "status", "external_id", "url", "created_at", "updated_at", "edited_at", "scheduled_for":
			return c, nil, fault.Invalid(field, "cannot be changed this way")
		default:
			return c, nil, fault.Invalid(field, "is not a field of a post")
		}
	}
	return c, published, nil
}
