package command

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"

	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/cmd/parution/internal/client"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

type sites struct {
	Add  siteAdd  `cmd:"" help:"Add a site."`
	List siteList `cmd:"" help:"List sites."`
	Set  siteSet  `cmd:"" help:"Change the settings of a site (--site ID where there are several)."`
}

const (
	sitesPath = "/api/v1/sites"
	sitePath  = "/api/v1/site"
)

type siteAdd struct {
	client.Target `embed:""`

	ID       string   `arg:"" help:"Short name that never changes: lower-case letters, digits and \"-\"."`
	Title    string   `env:"-" help:"Shown name; the id if empty."`
	Language string   `env:"-" help:"Language tag, such as fr." default:"en"`
	TimeZone string   `env:"-" help:"Such as Europe/Paris." default:"UTC"`
	BaseURL  string   `env:"-" help:"Address that readers see, such as https://example.org." name:"base-url"`
	Host     []string `env:"-" help:"Host name that leads to the site; may be given several times." required:""`
}

// Run adds a site.
func (s siteAdd) Run(g *globals) error {
	return client.With(g.ctx, s.Target, client.Needs{Installation: true}, g.log, func(ctx context.Context, c *client.Client) error {
		var out postsv1.Site
		_, err := c.Call(ctx, http.MethodPost, sitesPath, &postsv1.CreateSiteRequest{
			Id: s.ID, Title: s.Title, Language: s.Language, TimeZone: s.TimeZone, BaseUrl: s.BaseURL, Hosts: s.Host,
		}, &out)
		if err != nil {
			return err
		}
		g.say("added %s for %s", out.GetId(), strings.Join(out.GetHosts(), ", "))
		return nil
	})
}

type siteList struct {
	client.Target `embed:""`
}

// Run lists sites.
func (s siteList) Run(g *globals) error {
	return client.With(g.ctx, s.Target, client.Needs{Installation: true}, g.log, func(ctx context.Context, c *client.Client) error {
		var out postsv1.ListSitesResponse
		if _, err := c.Call(ctx, http.MethodGet, sitesPath, nil, &out); err != nil {
			return err
		}
		w := tabwriter.NewWriter(g.Out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "ID\tTITLE\tLANGUAGE\tHOSTS\tBASE URL") // flushed below
		for _, n := range out.GetSites() {
			hosts := strings.Join(n.GetHosts(), " ")
			if hosts == "" {
				hosts = "(every other)"
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", n.GetId(), n.GetTitle(), n.GetLanguage(), hosts, n.GetBaseUrl())
		}
		return w.Flush()
	})
}

type siteSet struct {
	client.Target `embed:""`

	Title        *string  `env:"-" help:"Shown name."`
	Description  *string  `env:"-" help:"What it is about."`
	Language     *string  `env:"-" help:"Language tag, such as fr."`
	TimeZone     *string  `env:"-" help:"Such as Europe/Paris."`
	BaseURL      *string  `env:"-" help:"Address that readers see." name:"base-url"`
	PostsPerPage *int32   `env:"-" help:"Posts on a page of the list."`
	Host         []string `env:"-" help:"Host name that leads to the site; may be given several times, and replaces all."`
}

// Run changes settings.
func (s siteSet) Run(g *globals) error {
	return client.With(g.ctx, s.Target, client.Needs{}, g.log, func(ctx context.Context, c *client.Client) error {
		var now, out postsv1.Site
		if _, err := c.Call(ctx, http.MethodGet, sitePath, nil, &now); err != nil {
			return err
		}
		in := proto.Clone(&now).(*postsv1.Site) //nolint:errcheck,forcetypeassert // a clone has its original's type
		mask := s.apply(in)
		if len(mask) == 0 {
			return fmt.Errorf("nothing to change: name at least one setting")
		}
		if _, err := c.Patch(ctx, sitePath, in, mask, now.GetVersion(), &out); err != nil {
			return err
		}
		g.say("%s is at version %d", out.GetId(), out.GetVersion())
		return nil
	})
}

func (s siteSet) apply(n *postsv1.Site) (mask []string) {
	set := func(name string, given bool, do func()) {
		if given {
			mask = append(mask, name)
			do()
		}
	}
	set("title", s.Title != nil, func() { n.Title = *s.Title })
	set("description", s.Description != nil, func() { n.Description = *s.Description })
	set("language", s.Language != nil, func() { n.Language = *s.Language })
	set("time_zone", s.TimeZone != nil, func() { n.TimeZone = *s.TimeZone })
	set("base_url", s.BaseURL != nil, func() { n.BaseUrl = *s.BaseURL })
	set("posts_per_page", s.PostsPerPage != nil, func() { n.PostsPerPage = *s.PostsPerPage })
	set("hosts", len(s.Host) > 0, func() { n.Hosts = s.Host })
	return mask
}
