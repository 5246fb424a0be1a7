package command

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"

	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/cmd/parution/internal/client"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
)

type sites struct {
	Add  siteAdd  `cmd:"" help:"Add a site."`
	List siteList `cmd:"" help:"List sites."`
	Set  siteSet  `cmd:"" help:"Change the settings of a site."`
}

const (
	sitesPath = "/api/v1/sites"
	sitePath  = "/api/v1/site"
	themePath = "/api/v1/themes"
)

type siteAdd struct {
	client.Target `embed:""`

	ID       string   `arg:"" help:"Short name that never changes: lower-case letters, digits and \"-\"."`
	Title    string   `env:"-" help:"Shown name; the id if empty."`
	Language string   `env:"-" help:"Language tag, such as fr." default:"en"`
	TimeZone string   `env:"-" help:"Such as Europe/Paris." default:"UTC"`
	BaseURL  string   `env:"-" help:"Address that readers see, such as https://example.org." name:"base-url"`
	Host     []string `env:"-" help:"Host name that leads to the site; may be given several times." required:""`
	Theme    string   `env:"-" help:"Name of its theme; the default theme if empty."`
}

// Run adds a site.
func (s siteAdd) Run(g *globals) error {
	return client.With(g.ctx, s.Target, client.Needs{Installation: true}, g.log, func(ctx context.Context, c *client.Client) error {
		if err := g.checkTheme(ctx, c, s.Theme); err != nil {
			return err
		}
		var out postsv1.Site
		_, err := c.Call(ctx, http.MethodPost, sitesPath, &postsv1.CreateSiteRequest{
			Id: s.ID, Title: s.Title, Language: s.Language, TimeZone: s.TimeZone, BaseUrl: s.BaseURL, Hosts: s.Host, Theme: s.Theme,
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
		_, _ = fmt.Fprintln(w, "ID\tTITLE\tLANGUAGE\tTHEME\tHOSTS\tBASE URL") // flushed below
		for _, n := range out.GetSites() {
			hosts := strings.Join(n.GetHosts(), " ")
			if hosts == "" {
				hosts = "(every other)"
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", n.GetId(), n.GetTitle(), n.GetLanguage(), cmp.Or(n.GetTheme(), "(default)"), hosts, n.GetBaseUrl())
		}
		return w.Flush()
	})
}

type siteSet struct {
	client.Target `embed:""`

	ID           string   `arg:"" optional:"" help:"The site, where there are several; the same as --site."`
	Title        *string  `env:"-" help:"Shown name."`
	Description  *string  `env:"-" help:"What it is about."`
	Language     *string  `env:"-" help:"Language tag, such as fr."`
	TimeZone     *string  `env:"-" help:"Such as Europe/Paris."`
	BaseURL      *string  `env:"-" help:"Address that readers see." name:"base-url"`
	PostsPerPage *int32   `env:"-" help:"Posts on a page of the list."`
	Host         []string `env:"-" help:"Host name that leads to the site; may be given several times, and replaces all."`
	Theme        *string  `env:"-" help:"Name of the theme that pages have; empty: the default theme."`
	Link         []string `env:"-" help:"Where readers can follow the publication, such as \"Mastodon=https://example.org/@notes\"; may be given several times, and replaces all." placeholder:"NAME=ADDRESS" sep:"none"`
	NoLinks      bool     `env:"-" help:"Take all such links away."`
}

// Run changes settings.
func (s siteSet) Run(g *globals) error {
	switch {
	case s.ID != "" && s.Site != "" && s.ID != s.Site:
		return usage(fmt.Sprintf("%s and --site %s are two sites: name one", s.ID, s.Site))
	case s.ID != "":
		s.Site = s.ID
	}
	if s.NoLinks && len(s.Link) > 0 {
		return usage("--no-links and --link cannot both be meant")
	}
	links, err := socialLinks(s.Link)
	if err != nil {
		return err
	}
	return client.With(g.ctx, s.Target, client.Needs{}, g.log, func(ctx context.Context, c *client.Client) error {
		var now, out postsv1.Site
		if _, err := c.Call(ctx, http.MethodGet, sitePath, nil, &now); err != nil {
			return err
		}
		in := proto.Clone(&now).(*postsv1.Site) //nolint:errcheck,forcetypeassert // a clone has its original's type
		mask := s.apply(in, links)
		if len(mask) == 0 {
			return usage("nothing to change: name at least one setting")
		}
		if s.Theme != nil {
			if err := g.checkTheme(ctx, c, *s.Theme); err != nil {
				return err
			}
		}
		if _, err := c.Patch(ctx, sitePath, in, mask, now.GetVersion(), &out); err != nil {
			return err
		}
		g.say("%s is at version %d", out.GetId(), out.GetVersion())
		return nil
	})
}

func (s siteSet) apply(n *postsv1.Site, links []*postsv1.SocialLink) (mask []string) {
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
	set("theme", s.Theme != nil, func() { n.Theme = *s.Theme })
	set("social_links", len(links) > 0 || s.NoLinks, func() { n.SocialLinks = links })
	return mask
}

// socialLinks reads NAME=ADDRESS.
func socialLinks(given []string) ([]*postsv1.SocialLink, error) {
	var out []*postsv1.SocialLink
	for _, l := range given {
		name, address, ok := strings.Cut(l, "=")
		if name, address = strings.TrimSpace(name), strings.TrimSpace(address); !ok || name == "" || address == "" {
			return nil, usage(fmt.Sprintf("--link %q must be NAME=ADDRESS, such as \"Mastodon=https://example.org/@notes\"", l))
		}
		out = append(out, &postsv1.SocialLink{Name: name, Url: address})
	}
	return out, nil
}

// checkTheme refuses a theme that the installation does not have: a site with one
// would silently look like the default. Where nobody tells the themes, any will do.
func (g *globals) checkTheme(ctx context.Context, c *client.Client, name string) error {
	if name == "" {
		return nil
	}
	var out renderv1.ListThemesResponse
	status, err := c.Call(ctx, http.MethodGet, themePath, nil, &out)
	if status == http.StatusNotFound || status == http.StatusNotImplemented || status == http.StatusServiceUnavailable {
		_, _ = fmt.Fprintf(g.Err, "the server does not tell its themes; %s is not checked\n", name) // a hint
		return nil
	}
	if err != nil {
		return err
	}
	var names []string
	for _, t := range out.GetThemes() {
		if t.GetName() == name {
			if t.GetProblem() != "" {
				_, _ = fmt.Fprintf(g.Err, "the theme %s has a problem: %s\n", name, t.GetProblem()) // a hint
			}
			return nil
		}
		names = append(names, t.GetName())
	}
	return usage(fmt.Sprintf("there is no theme %s; there are %s", name, strings.Join(names, ", ")))
}
