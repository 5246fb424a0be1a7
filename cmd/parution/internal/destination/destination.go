// Package destination brings imported posts to a site through its API, so that
// the same post imported again is the same post.
package destination

import (
	"context"
	"mime"
	"net/http"
	"path"
	"reflect"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/cmd/parution/internal/client"
	"github.com/parution/parution/cmd/parution/internal/importer"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

// Destination is a site seen as where an import goes. Safe for concurrent use.
type Destination struct{ client *client.Client }

// New makes the destination behind c.
func New(c *client.Client) *Destination { return &Destination{client: c} }

// Post implements importer.Site.
func (d *Destination) Post(ctx context.Context, p importer.Post) (importer.Outcome, error) {
	in := request(p)
	known, existing, err := d.client.CreatePost(ctx, in)
	if err != nil {
		return importer.Created, err
	}
	if !existing {
		return importer.Created, nil
	}
	if known.GetStatus() == "deleted" {
		return importer.Unchanged, fault.Conflict("the post was deleted on the site and is not brought back")
	}
	revised, mask := changes(known, in, p.DateGuessed)
	outcome := importer.Unchanged
	if len(mask) > 0 {
		// The site may keep what differs in another form (trimmed, each tag once):
		// whether that changes anything is told by the version.
		before := known.GetVersion()
		if known, err = d.client.RevisePost(ctx, revised, mask); err != nil {
			return outcome, err
		}
		if known.GetVersion() != before {
			outcome = importer.Updated
		}
	}
	isPublished := known.GetStatus() == "published"
	switch {
	case p.Published && !isPublished:
		_, err = d.client.PublishPost(ctx, known.GetId())
		outcome = importer.Updated
	case !p.Published && isPublished:
		_, err = d.client.WithdrawPost(ctx, known.GetId())
		outcome = importer.Updated
	}
	return outcome, err
}

func request(p importer.Post) *postsv1.CreatePostRequest {
	in := &postsv1.CreatePostRequest{
		Title: p.Title, Body: p.Body, Format: p.Format, Language: p.Language, Tags: p.Tags, Slug: p.Slug, Excerpt: p.Excerpt,
		Authors: p.Authors, Featured: p.Featured, Image: p.Image, ImageAlt: p.ImageAlt, ImageCaption: p.ImageCaption, TranslationKey: p.TranslationKey, Aliases: p.Aliases, ExternalId: p.ExternalID,
		Status: "draft",
	}
	if p.Published {
		in.Status = "published"
	}
	if !p.PublishedAt.IsZero() {
		in.PublishedAt = timestamppb.New(p.PublishedAt)
	}
	return in
}

// changes is the known post with what the import says, and the fields in which
// they differ. What the import leaves open stays as it is.
func changes(known *postsv1.Post, in *postsv1.CreatePostRequest, dateGuessed bool) (*postsv1.Post, []string) {
	out := &postsv1.Post{Id: known.GetId(), Version: known.GetVersion()}
	var mask []string
	differ := func(field string, is, want any, set func()) {
		if reflect.DeepEqual(is, want) || isEmpty(is) && isEmpty(want) {
			return
		}
		mask = append(mask, field)
		set()
	}
	differ("title", known.GetTitle(), in.GetTitle(), func() { out.Title = in.GetTitle() })
	differ("body", known.GetBody(), in.GetBody(), func() { out.Body = in.GetBody() })
	differ("format", known.GetFormat(), in.GetFormat(), func() { out.Format = in.GetFormat() })
	differ("slug", known.GetSlug(), in.GetSlug(), func() { out.Slug = in.GetSlug() })
	differ("tags", known.GetTags(), in.GetTags(), func() { out.Tags = in.GetTags() })
	differ("authors", known.GetAuthors(), in.GetAuthors(), func() { out.Authors = in.GetAuthors() })
	differ("featured", known.GetFeatured(), in.GetFeatured(), func() { out.Featured = in.GetFeatured() })
	differ("excerpt", known.GetExcerpt(), in.GetExcerpt(), func() { out.Excerpt = in.GetExcerpt() })
	differ("image", known.GetImage(), in.GetImage(), func() { out.Image = in.GetImage() })
	differ("image_alt", known.GetImageAlt(), in.GetImageAlt(), func() { out.ImageAlt = in.GetImageAlt() })
	differ("image_caption", known.GetImageCaption(), in.GetImageCaption(), func() { out.ImageCaption = in.GetImageCaption() })
	differ("aliases", known.GetAliases(), in.GetAliases(), func() { out.Aliases = in.GetAliases() })
	if in.GetLanguage() != "" {
		differ("language", known.GetLanguage(), in.GetLanguage(), func() { out.Language = in.GetLanguage() })
	}
	if in.GetTranslationKey() != "" {
		differ("translation_key", known.GetTranslationKey(), in.GetTranslationKey(), func() { out.TranslationKey = in.GetTranslationKey() })
	}
	if in.GetPublishedAt() != nil && !dateGuessed {
		differ("published_at", known.GetPublishedAt().AsTime(), in.GetPublishedAt().AsTime(), func() { out.PublishedAt = in.GetPublishedAt() })
	}
	return out, mask
}

// isEmpty tells whether v is an empty list, which may be nil or not.
func isEmpty(v any) bool {
	list, ok := v.([]string)
	return ok && len(list) == 0
}

// Media implements importer.Site.
func (d *Destination) Media(ctx context.Context, name string, content []byte) (address string, existed bool, err error) {
	var out struct {
		URL     string `json:"url"`
		Existed bool   `json:"existing"`
	}
	// What a file is shows in its first bytes rather than in its name; only SVG,
	// which is text, is known by the name.
	kind := http.DetectContentType(content)
	if !strings.HasPrefix(kind, "image/") {
		kind = mime.TypeByExtension(strings.ToLower(path.Ext(name)))
	}
	err = d.client.Upload(ctx, "/api/v1/media", kind, content, &out)
	return out.URL, out.Existed, err
}
