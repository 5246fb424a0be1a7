// Package wire translates between the domain and the protos and does nothing
// else.
package wire

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/slug"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	"github.com/parution/parution/services/render/internal/document"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/theme"
)

// Site is a site as pages show it.
func Site(s *postsv1.Site) *page.Site {
	out := &page.Site{
		ID: s.GetId(), Title: s.GetTitle(), Description: s.GetDescription(), Language: s.GetLanguage(), TimeZone: s.GetTimeZone(),
		BaseURL: strings.TrimRight(s.GetBaseUrl(), "/"), PostsPerPage: int(s.GetPostsPerPage()), Theme: s.GetTheme(), UpdatedAt: s.GetUpdatedAt().AsTime(),
	}
	if hosts := s.GetHosts(); len(hosts) > 0 {
		out.Host = hosts[0]
	}
	for _, l := range s.GetSocialLinks() {
		out.Links = append(out.Links, page.Link{Name: l.GetName(), URL: l.GetUrl()})
	}
	return out
}

// Tombstone is a post that readers cannot see, any more or yet.
func Tombstone(s *postsv1.PostState) *page.Doc {
	d := &page.Doc{
		Card: page.Card{ID: s.GetId(), Site: s.GetSite(), Slug: s.GetSlug()}, Epoch: s.GetEpoch(), Version: s.GetVersion(),
		Former: s.GetFormerSlugs(), Aliases: s.GetAliases(),
	}
	if s.GetWasPublic() {
		d.State = page.Gone
	}
	return d
}

// Doc is a public post with its converted text, for a site whose addresses
// begin with base.
func Doc(s *postsv1.PostState, text *document.Document, base string) *page.Doc {
	p := s.GetPost()
	d := Tombstone(s)
	d.State = page.Public
	d.Card = page.Card{
		ID: s.GetId(), Site: s.GetSite(), Slug: p.GetSlug(), Title: p.GetTitle(), Language: p.GetLanguage(), Excerpt: p.GetExcerpt(),
		Minutes:     text.ReadingMinutes,
		PublishedAt: p.GetPublishedAt().AsTime(), UpdatedAt: p.GetUpdatedAt().AsTime(),
	}
	if p.GetPublishedAt() == nil {
		d.PublishedAt = p.GetCreatedAt().AsTime()
	}
	d.EditedAt = edited(p, d.PublishedAt)
	d.TranslationKey = p.GetTranslationKey()
	d.Featured, d.Authors, d.Standfirst = p.GetFeatured(), labels(p.GetAuthors()), p.GetExcerpt() != ""
	d.Words, d.HTML, d.Contents = text.Words, text.HTML, headings(text.Contents)
	if !d.Standfirst {
		d.Excerpt = text.Excerpt
	}
	// Pages load nothing from other hosts.
	if d.Image, d.Cover = document.OwnImage(p.GetImage(), base); d.Cover {
		d.ImageAlt, d.ImageCaption = p.GetImageAlt(), p.GetImageCaption()
	} else {
		d.Image, d.ImageAlt = text.Image, text.ImageAlt
	}
	d.Image = rooted(d.Image, d.Path())
	d.Hash = hash(d)
	return d
}

// rooted is an address that is relative to a path, for pages at any path.
func rooted(address, path string) string {
	ref, err := url.Parse(address)
	if err != nil || address == "" || strings.HasPrefix(address, "/") || ref.IsAbs() {
		return address
	}
	return (&url.URL{Path: path}).ResolveReference(ref).String()
}

// settling is how long after its arrival a post from elsewhere is still being put
// in order.
const settling = 24 * time.Hour

// edited is when readers last got something else to read; zero: not known. A post
// that was published before it came here, as imported ones were, has not been
// edited by its arrival.
func edited(p *postsv1.Post, published time.Time) time.Time {
	if p.GetEditedAt() == nil {
		return time.Time{}
	}
	at, created := p.GetEditedAt().AsTime(), p.GetCreatedAt().AsTime()
	if published.Before(created) && at.Sub(created) <= settling {
		return published
	}
	return at
}

// hash stands for what only the post's own page shows of its text.
func hash(d *page.Doc) string {
	sum := sha256.New()
	_, _ = sum.Write([]byte(d.HTML))            // a hash never fails
	_ = json.NewEncoder(sum).Encode(d.Contents) // nor do strings and numbers
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:18])
}

// labels are names with the slugs that they have everywhere.
func labels(names []string) []page.Label {
	var out []page.Label
	for _, name := range names {
		out = append(out, page.Label{Slug: slug.Make(name), Name: name})
	}
	return out
}

func headings(list []document.Heading) []page.Heading {
	var out []page.Heading
	for _, h := range list {
		out = append(out, page.Heading{Level: h.Level, ID: h.ID, Text: h.Text, Children: headings(h.Children)})
	}
	return out
}

// Ask is what a request is for.
func Ask(r *renderv1.GetPageRequest) page.Ask {
	s := r.GetSearch()
	ask := page.Ask{Path: r.GetPath(), Number: int(r.GetPage()), Search: page.Search{
		Text: s.GetText(), Tags: s.GetTags(), Without: s.GetWithout(), Any: s.GetAny(), Authors: s.GetAuthors(), Languages: s.GetLanguages(),
		Since: s.GetSince(), Until: s.GetUntil(), Order: s.GetOrder(),
	}}
	for _, v := range r.GetAtLeast() {
		ask.AtLeast = append(ask.AtLeast, page.Version{PostID: v.GetId(), Version: v.GetVersion()})
	}
	return ask
}

// Page is the answer to a request for a page whose ETag the caller may have.
func Page(p *page.Page, ifNoneMatch string) *renderv1.GetPageResponse {
	out := &renderv1.GetPageResponse{
		Status: int32(p.Status), Location: p.Location, ContentType: p.ContentType, Etag: p.ETag, Keys: p.Keys, Fleeting: p.Fleeting, //nolint:gosec // an HTTP status
		// What nobody keeps must not make a page current that somebody kept.
		NotModified: p.ETag != "" && p.ETag == ifNoneMatch && !p.Fleeting,
	}
	if !p.LastModified.IsZero() {
		out.LastModified = timestamppb.New(p.LastModified)
	}
	if !out.GetNotModified() {
		out.Body = p.Body
	}
	return out
}

// Version is the place in its life that a post is shown at.
func Version(d *page.Doc) *renderv1.PostVersion {
	return &renderv1.PostVersion{Id: d.ID, Epoch: d.Epoch, Version: d.Version, Gone: d.State == page.Gone}
}

// Document is a converted text.
func Document(d *document.Document) *renderv1.Document {
	return &renderv1.Document{
		Html: d.HTML, Contents: contents(d.Contents), Excerpt: d.Excerpt, Words: int32(d.Words), ReadingMinutes: int32(d.ReadingMinutes), //nolint:gosec // bounded by the text's size
		Image: d.Image, ImageAlt: d.ImageAlt,
	}
}

func contents(list []document.Heading) []*renderv1.Heading {
	var out []*renderv1.Heading
	for _, h := range list {
		out = append(out, &renderv1.Heading{Level: int32(h.Level), Id: h.ID, Text: h.Text, Children: contents(h.Children)}) //nolint:gosec // 2 to 6
	}
	return out
}

// Themes are the looks that a site can choose from.
func Themes(list []theme.Listed) *renderv1.ListThemesResponse {
	out := &renderv1.ListThemesResponse{}
	for _, t := range list {
		out.Themes = append(out.Themes, &renderv1.Theme{Name: t.Name, Description: t.Description, Custom: t.Custom, Problem: t.Problem})
	}
	return out
}
