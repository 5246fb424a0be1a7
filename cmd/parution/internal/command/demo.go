package command

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/parution/parution/cmd/parution/internal/allinone"
	"github.com/parution/parution/cmd/parution/internal/client"
	"github.com/parution/parution/cmd/parution/internal/demo"
	"github.com/parution/parution/cmd/parution/internal/destination"
	"github.com/parution/parution/cmd/parution/internal/importer"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

// fillWithDemo writes the sample posts if the site has none.
func fillWithDemo(ctx context.Context, data string) error {
	c := client.OverSocket(allinone.SocketPath(data), "")
	empty, err := c.IsEmpty(ctx)
	if err != nil || !empty {
		return err
	}
	posts, err := demo.Posts()
	if err != nil {
		return err
	}
	if err := describeDemo(ctx, c); err != nil {
		return fmt.Errorf("describe the site: %w", err)
	}
	site := destination.New(c)
	urls, err := uploadDemoMedia(ctx, site)
	if err != nil {
		return err
	}
	for _, p := range posts {
		if _, err := site.Post(ctx, demoPost(p, urls)); err != nil {
			return fmt.Errorf("write %s: %w", p.Slug, err)
		}
	}
	return nil
}

// describeDemo says of the site what its owner has not said of it.
func describeDemo(ctx context.Context, c *client.Client) error {
	var is postsv1.Site
	if _, err := c.Call(ctx, http.MethodGet, sitePath, nil, &is); err != nil {
		return err
	}
	about, version := demo.About(), is.GetVersion()
	var mask []string
	if is.GetDescription() == "" {
		is.Description = about.Description
		mask = append(mask, "description")
	}
	if len(is.GetSocialLinks()) == 0 {
		for _, l := range about.Links {
			is.SocialLinks = append(is.SocialLinks, &postsv1.SocialLink{Name: l.Name, Url: l.URL})
		}
		mask = append(mask, "social_links")
	}
	if len(mask) == 0 {
		return nil
	}
	_, err := c.Patch(ctx, sitePath, &is, mask, version, nil)
	return err
}

func uploadDemoMedia(ctx context.Context, site *destination.Destination) (*strings.Replacer, error) {
	files, err := demo.Media()
	if err != nil {
		return nil, err
	}
	var pairs []string
	for name, content := range files {
		url, _, err := site.Media(ctx, name, content)
		if err != nil {
			return nil, fmt.Errorf("upload %s: %w", name, err)
		}
		pairs = append(pairs, demo.MediaPrefix+name, url)
	}
	return strings.NewReplacer(pairs...), nil
}

func demoPost(p demo.Post, urls *strings.Replacer) importer.Post {
	return importer.Post{
		ExternalID: "demo:" + p.Slug, Slug: p.Slug, Title: p.Title, Body: urls.Replace(p.Body), Format: "markdown", Language: p.Language,
		Excerpt: p.Excerpt, Image: urls.Replace(p.Image), ImageAlt: p.ImageAlt,
		ImageCaption: p.ImageCaption, TranslationKey: p.TranslationKey, Tags: p.Tags, Authors: p.Authors, Featured: p.Featured,
		Published: true, PublishedAt: p.PublishedAt,
	}
}
