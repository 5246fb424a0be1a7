// Package wire translates between the domain and the protos, for calls and
// for notices, and does nothing else.
package wire

import (
	"crypto/sha256"
	"encoding/json"
	"net"
	"net/url"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/outbox"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/site"
)

// The types of the aggregates that posts tells of.
const (
	TypePost = "post"
	TypeSite = "site"
)

// Wire translates.
type Wire struct {
	// BaseURL begins addresses while the site has none of its own.
	BaseURL string
}

// Home is where a site's addresses begin: its own base URL; otherwise its first
// host, reached as the installation is; otherwise the installation's.
func (w Wire) Home(s site.Settings) string {
	if s.BaseURL != "" {
		return s.BaseURL
	}
	base, err := url.Parse(w.BaseURL)
	if err != nil || len(s.Hosts) == 0 {
		return w.BaseURL
	}
	host := s.Hosts[0]
	if port := base.Port(); port != "" {
		host = net.JoinHostPort(host, port)
	}
	return base.Scheme + "://" + host
}

// Post is a post as its author sees it, on the site whose Home is given.
func (w Wire) Post(s post.Snapshot, home string) *postsv1.Post {
	c := s.Content
	return &postsv1.Post{
		Id: s.ID, Version: s.Version, Slug: c.Slug, Title: c.Title, Body: c.Body, Format: c.Format, Language: c.Language,
		Status: string(s.Status), Tags: c.Tags, Authors: c.Authors, Featured: c.Featured, Excerpt: c.Excerpt, Image: c.Image,
		ImageAlt: c.ImageAlt, ImageCaption: c.ImageCaption, TranslationKey: c.TranslationKey, Aliases: c.Aliases, ExternalId: s.ExternalID, Url: home + "/posts/" + c.Slug,
		CreatedAt: timestamppb.New(s.CreatedAt), UpdatedAt: timestamppb.New(s.UpdatedAt), EditedAt: timestamppb.New(s.EditedAt),
		PublishedAt: stamp(s.PublishedAt), ScheduledFor: stamp(s.ScheduledFor),
	}
}

func stamp(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}

// Time is the moment that a message tells; nil if it tells none.
func Time(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	v := t.AsTime().Truncate(time.Microsecond) // what both databases keep
	return &v
}

// NewContent is the content of a create request.
func NewContent(r *postsv1.CreatePostRequest) post.Content {
	return post.Content{
		Title: r.GetTitle(), Body: r.GetBody(), Format: r.GetFormat(), Language: r.GetLanguage(), Slug: r.GetSlug(), Tags: r.GetTags(),
		Authors: r.GetAuthors(), Featured: r.GetFeatured(), Excerpt: r.GetExcerpt(), Image: r.GetImage(), ImageAlt: r.GetImageAlt(),
		ImageCaption: r.GetImageCaption(), TranslationKey: r.GetTranslationKey(), Aliases: r.GetAliases(),
	}
}

// Revision is a revision, with or without its text.
func Revision(r post.Revision, withBody bool) *postsv1.Revision {
	c := r.Content
	out := &postsv1.Revision{
		Number: r.Number, Author: r.Author, CreatedAt: timestamppb.New(r.CreatedAt), Title: c.Title, Format: c.Format, Language: c.Language,
		Slug: c.Slug, Tags: c.Tags, Authors: c.Authors, Featured: c.Featured, Excerpt: c.Excerpt, Image: c.Image, ImageAlt: c.ImageAlt,
		ImageCaption: c.ImageCaption,
	}
	if withBody {
		out.Body = c.Body
	}
	return out
}

// State is a post as read models get it: a tombstone unless it is public.
func (w Wire) State(st post.State, epoch int32) *postsv1.PostState {
	s := st.Post
	out := &postsv1.PostState{
		Id: s.ID, Site: s.Site, Epoch: epoch, Version: s.Version, FormerSlugs: st.Former, Slug: s.Content.Slug,
		Aliases: s.Content.Aliases, WasPublic: s.WasPublic, PublicHash: st.PublicHash,
	}
	if s.Public() {
		out.Post = w.Post(s, w.BaseURL)
	}
	return out
}

// Entry is the notice of what happened to a post. Facts are public: a post that
// is not has none. Anybody may know of what readers see, and that it was taken
// away, but not of the work on it after that.
func (w Wire) Entry(s post.Snapshot, kind post.Kind) outbox.Entry {
	e := outbox.Entry{
		Site: s.Site, AggregateType: TypePost, AggregateID: s.ID, Version: s.Version, Kind: string(kind), At: s.UpdatedAt, Facts: &postsv1.PostFacts{},
		Public: s.Public() || s.WasPublic && (kind == post.KindWithdrawn || kind == post.KindDeleted),
	}
	if s.Public() {
		e.Facts = &postsv1.PostFacts{
			Slug: s.Content.Slug, Title: s.Content.Title, Language: s.Content.Language, Tags: s.Content.Tags, PublishedAt: stamp(s.PublishedAt),
		}
		e.PublicHash = publicHash(s)
	}
	return e
}

// publicHash is over what readers can see.
func publicHash(s post.Snapshot) []byte {
	return hash(struct {
		Content     post.Content
		PublishedAt *time.Time
	}{s.Content, s.PublishedAt})
}

func hash(state any) []byte {
	text, err := json.Marshal(state)
	if err != nil { // strings, booleans and a time always marshal
		return nil
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// Site is a site as its owner sees it.
func Site(s site.Site) *postsv1.Site {
	c := s.Settings
	out := &postsv1.Site{
		Id: s.ID, Version: s.Version, Title: c.Title, Description: c.Description, Language: c.Language, TimeZone: c.TimeZone,
		BaseUrl: c.BaseURL, Hosts: c.Hosts, PostsPerPage: c.PostsPerPage, Theme: c.Theme,
		CreatedAt: timestamppb.New(s.CreatedAt), UpdatedAt: timestamppb.New(s.UpdatedAt),
	}
	for _, l := range c.Links {
		out.SocialLinks = append(out.SocialLinks, &postsv1.SocialLink{Name: l.Name, Url: l.URL})
	}
	return out
}

// Links are the links of a message.
func Links(in []*postsv1.SocialLink) []site.Link {
	var out []site.Link
	for _, l := range in {
		out = append(out, site.Link{Name: l.GetName(), URL: l.GetUrl()})
	}
	return out
}

// SiteEntry is the notice of changed settings.
func (w Wire) SiteEntry(s site.Site) outbox.Entry {
	return outbox.Entry{
		Site: s.ID, AggregateType: TypeSite, AggregateID: s.ID, Version: s.Version, Kind: "configured", At: s.UpdatedAt, Facts: &postsv1.PostFacts{},
		Public: true, PublicHash: hash(s.Settings),
	}
}
