package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/parution/parution/cmd/parution/internal/allinone"
	"github.com/parution/parution/cmd/parution/internal/client"
	"github.com/parution/parution/cmd/parution/internal/demo"
	"github.com/parution/parution/cmd/parution/internal/destination"
	"github.com/parution/parution/cmd/parution/internal/importer"
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
		Excerpt: p.Excerpt, Image: urls.Replace(p.Image), ImageAlt: p.ImageAlt, Tags: p.Tags, Authors: p.Authors, Featured: p.Featured,
		Published: true, PublishedAt: p.PublishedAt,
	}
}
