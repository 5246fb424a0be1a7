package theme

import (
	"net/url"
	"strings"

	"github.com/parution/parution/services/render/internal/page"
)

// The kinds of feed.
const (
	rssName  = "feed.xml"
	atomName = "atom.xml"
	jsonName = "feed.json"
)

// feeds are the three of a list: path is that of its RSS feed, escaped, perhaps
// with a query.
func feeds(path, title string) []Feed {
	if path == "" {
		return nil
	}
	front, query, asked := strings.Cut(path, "?")
	if asked {
		query = "?" + query
	}
	front = strings.TrimSuffix(front, rssName)
	return []Feed{
		{Name: "RSS", Title: title, Type: "application/rss+xml", Path: front + rssName + query, Icon: "rss"},
		{Name: "Atom", Title: title, Type: "application/atom+xml", Path: front + atomName + query, Icon: "rss"},
		{Name: "JSON Feed", Title: title, Type: "application/feed+json", Path: front + jsonName + query, Icon: "rss"},
	}
}

func profiles(links []page.Link) []Profile {
	out := make([]Profile, len(links))
	for i, l := range links {
		out[i] = Profile{Name: l.Name, URL: l.URL, Icon: iconOf(l)}
	}
	return out
}

// iconOf chooses the icon of a link by its address and, where many hosts offer the
// same, by its name.
func iconOf(l page.Link) string {
	u, err := url.Parse(l.URL)
	if err != nil {
		return "link"
	}
	if u.Scheme == "mailto" {
		return "mail"
	}
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	for _, known := range []struct{ host, icon string }{
		{"bsky.app", "bluesky"},
		{"bsky.social", "bluesky"},
		{"github.com", "github"},
		{"github.io", "github"},
		{"linkedin.com", "linkedin"},
		{"youtube.com", "youtube"},
		{"youtu.be", "youtube"},
		{"instagram.com", "instagram"},
		{"x.com", "x"},
		{"twitter.com", "x"},
		{"facebook.com", "facebook"},
		{"fb.com", "facebook"},
		{"mastodon.social", "mastodon"},
		{"mastodon.online", "mastodon"},
	} {
		if host == known.host || strings.HasSuffix(host, "."+known.host) {
			return known.icon
		}
	}
	name := strings.ToLower(l.Name + " " + host)
	for _, word := range []string{"mastodon", "fediverse", "mstdn", "piaille", "framapiaf"} {
		if strings.Contains(name, word) {
			return "mastodon"
		}
	}
	return "link"
}
