package importer

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/parution/parution/chassis/slug"
)

// index knows where everything went. It does not change once it is built, and
// is then safe for concurrent use.
type index struct {
	reader *reader
	source source
	// byPath holds posts by each of their old paths, as pathKey makes them.
	byPath map[string]*item
	// byFile holds posts by their file.
	byFile map[string]*item
	// byTail holds posts by the last part of their path; nil where it is not unique.
	byTail map[string]*item
	// slugs are those that posts have now.
	slugs map[string]bool
	tags  map[string]bool
	// own are the hosts of the old site.
	own map[string]bool
	// base is the old site's address; nil if it is not known.
	base *url.URL
}

// pathKey makes all ways to write one path equal: with or without ending,
// slash, escapes, capital letters.
func pathKey(p string) string {
	p = strings.ToLower(norm.NFC.String(path.Clean("/" + p)))
	p = strings.TrimSuffix(strings.TrimSuffix(p, ".html"), ".htm")
	if p = strings.TrimSuffix(p, "/index"); p == "" {
		return "/"
	}
	return p
}

func newIndex(r *reader, src source, items []*item) *index {
	x := &index{
		reader: r, source: src, own: make(map[string]bool), tags: make(map[string]bool), slugs: make(map[string]bool, len(items)),
		byPath: make(map[string]*item, 2*len(items)), byFile: make(map[string]*item, len(items)), byTail: make(map[string]*item, len(items)),
	}
	for _, b := range r.bases {
		x.own[hostKey(b.Host)] = true
		if x.base == nil {
			x.base = b
		}
	}
	for _, it := range items {
		if it.refused {
			continue
		}
		x.byFile[it.file] = it
		for _, t := range it.post.Tags {
			x.tags[slug.Make(t)] = true
		}
		x.slugs[it.post.Slug] = true
		for _, p := range it.old {
			x.add(p, it)
		}
		for _, p := range it.also {
			x.add(p, it)
		}
	}
	if x.base == nil {
		x.infer(items)
	}
	x.follow(items)
	return x
}

// add notes one old path; of two posts the first keeps it.
func (x *index) add(p string, it *item) {
	if k := pathKey(p); x.byPath[k] == nil {
		x.byPath[k] = it
	}
	tail := path.Base(pathKey(p))
	if other, known := x.byTail[tail]; known && other != it {
		x.byTail[tail] = nil
		return
	}
	x.byTail[tail] = it
}

func hostKey(host string) string { return strings.TrimPrefix(strings.ToLower(host), "www.") }

var (
	anyAddress = regexp.MustCompile(`(https?)://([\w.:-]+)(/[^\s"'<>()\[\]#?` + "`" + `]*)`)
	datedPath  = regexp.MustCompile(`/\d{4}/\d{1,2}/\d{1,2}/[^\s"'<>()\[\]#?/` + "`" + `]+`)
	datedParts = regexp.MustCompile(`/\d{4}/\d{1,2}/`)
)

// infer finds the old site's address where nothing names it: it is the host
// to which the posts link most under the dated paths of other posts.
func (x *index) infer(items []*item) {
	counts := make(map[string]int)
	for _, it := range items {
		for _, m := range anyAddress.FindAllStringSubmatch(it.body, -1) {
			p, err := url.PathUnescape(m[3])
			if err == nil && datedParts.MatchString(p) && x.byPath[pathKey(p)] != nil {
				counts[strings.ToLower(m[2])]++
			}
		}
	}
	if len(counts) == 0 {
		return
	}
	best := slices.MaxFunc(slices.Sorted(maps.Keys(counts)), func(a, b string) int { return cmp.Compare(counts[a], counts[b]) })
	x.base = &url.URL{Scheme: "https", Host: best}
	x.own[hostKey(best)] = true
	x.reader.notes = append(x.reader.notes, fmt.Sprintf("The old site's address is taken to be %s: %s in the text lead from there to posts of this folder.", x.base, plural(counts[best], "link")))
}

// follow learns the paths that posts had before they were moved to another
// day or category, from the links that still use them.
func (x *index) follow(items []*item) {
	for _, it := range items {
		for _, m := range datedPath.FindAllStringIndex(it.body, -1) {
			start := strings.LastIndexAny(it.body[:m[0]], " \t\n\"'<>()[]`") + 1
			u, err := url.Parse(it.body[start:m[1]])
			if err != nil || u.Host == "" && !strings.HasPrefix(u.Path, "/") || u.Host != "" && !x.own[hostKey(u.Host)] {
				continue
			}
			k := pathKey(u.Path)
			if to := x.byTail[path.Base(k)]; x.byPath[k] == nil && to != nil {
				x.byPath[k] = to
				to.moved = append(to.moved, u.Path)
			}
		}
	}
}

// aliases gives each post its old paths, each to one post only.
func (x *index) aliases(items []*item) {
	taken := make(map[string]bool)
	for _, it := range items {
		if !it.refused {
			taken["/posts/"+it.post.Slug], taken["/posts/"+it.post.Slug+"/"] = true, true
		}
	}
	for _, it := range items {
		if it.refused {
			continue
		}
		paths := slices.Clone(it.old)
		for _, p := range it.moved {
			paths = append(paths, p, p+"/")
		}
		for _, p := range paths {
			switch {
			case p == "/" || taken[p]:
			case len(p) > maxAddress || !plainPath(p):
				it.warn(0, "redirect", "the old path %q cannot be kept", p)
			case len(it.post.Aliases) == maxAliases:
				it.warn(0, "redirect", "the old path %q is beyond the %d that a post may have", p, maxAliases)
			default:
				taken[p] = true
				it.post.Aliases = append(it.post.Aliases, p)
			}
		}
	}
}

func plainPath(p string) bool {
	u, err := url.Parse(p)
	return err == nil && u.Path == p && strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "//") &&
		!strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f || r == 0xfffd })
}

// verdict is what a reference turns out to be.
type verdict uint8

const (
	keep      verdict = iota // it stays as it is
	leadsTo                  // address is where it leads now
	isMedia                  // file is what it shows
	isMissing                // reason says why it leads nowhere
	isOutside                // it leads to another host
)

// target is where a reference leads.
type target struct {
	verdict verdict
	address string
	file    string
	reason  string
	note    string // an oddity that was coped with
}

var (
	mailAddress = regexp.MustCompile(`^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$`)
	hostName    = regexp.MustCompile(`^(?:[a-z0-9-]+\.)+[a-z]{2,}$`)
	buried      = regexp.MustCompile(`^[^A-Za-z/#]{1,5}(https?://\S+)$`)
	tagPage     = regexp.MustCompile(`^/(?:tags?|categor(?:y|ies)|topics?)/([^/]+)$`)
)

// isFileName tells a file's name from a host's: both have dots.
func isFileName(name string) bool {
	switch extension(name) {
	case ".md", ".markdown", ".mkd", ".html", ".htm", ".xml", ".json", ".txt", ".php", ".asp", ".aspx", ".jsp", ".js", ".css", ".py", ".sh", ".rs", ".pl":
		return true
	}
	return isMediaPath(name)
}

// find tells where a reference of a post leads. Image says that it shows what it leads to.
func (x *index) find(it *item, dest string, image bool) target {
	dest = strings.TrimSpace(dest)
	if dest == "" || dest[0] == '#' || dest[0] == '?' {
		return target{}
	}
	note := ""
	if m := buried.FindStringSubmatch(dest); m != nil {
		note = fmt.Sprintf("%q is taken as %s", dest, m[1])
		dest = m[1]
	}
	u, err := url.Parse(dest)
	switch {
	case err != nil:
		return target{verdict: isMissing, reason: "is no address"}
	case mailAddress.MatchString(dest):
		return target{verdict: leadsTo, address: "mailto:" + dest, note: fmt.Sprintf("%q is taken as a mail address", dest)}
	case !image && hostName.MatchString(dest) && !isFileName(dest):
		return target{verdict: leadsTo, address: "https://" + dest, note: fmt.Sprintf("%q is taken as https://%s", dest, dest)}
	case u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https":
		return target{}
	case u.Host != "" && !x.own[hostKey(u.Host)]:
		if note != "" {
			return target{verdict: leadsTo, address: dest, note: note}
		}
		return target{verdict: isOutside}
	}
	t := x.inside(it, u, image)
	if t.note == "" {
		t.note = note
	}
	return t
}

// inside resolves a reference within the old site.
func (x *index) inside(it *item, u *url.URL, image bool) target {
	p := u.Path
	if image || isMediaPath(p) {
		if t := x.media(it, p, image); t.verdict == isMedia || image {
			return t
		}
	}
	suffix := ""
	if u.Fragment != "" {
		suffix = "#" + u.EscapedFragment()
	}
	for _, q := range x.readings(it, u) {
		k := pathKey(q)
		to := x.byPath[k]
		if to == nil {
			to = x.byFile[strings.TrimPrefix(path.Clean("/"+q), "/")]
		}
		switch {
		case to != nil:
			return target{verdict: leadsTo, address: "/posts/" + to.post.Slug + suffix}
		case x.slugs[strings.TrimPrefix(k, "/posts/")] && strings.HasPrefix(k, "/posts/"):
			return target{verdict: leadsTo, address: k + suffix}
		case k == "/" && (u.Host != "" || strings.HasPrefix(u.Path, "/")):
			return target{verdict: leadsTo, address: "/" + suffix}
		case k == "/feed.xml" || k == "/atom.xml" || k == "/rss.xml" || k == "/index.xml" || k == "/feed":
			return target{verdict: leadsTo, address: "/feed.xml"}
		}
		if m := tagPage.FindStringSubmatch(k); m != nil && x.tags[slug.Make(m[1])] {
			return target{verdict: leadsTo, address: "/tags/" + slug.Make(m[1])}
		}
	}
	return target{verdict: isMissing, reason: "leads to nothing that is imported", address: x.oldAddress(it, u)}
}

// readings are the paths from the old site's root that a reference may mean.
func (x *index) readings(it *item, u *url.URL) []string {
	p := u.Path
	if u.Host == "" && p != "" && p[0] != '/' {
		out := []string{"/" + path.Join(it.dir(), p)}
		if len(it.old) > 0 {
			out = append(out, path.Join(it.old[0], p), path.Join(path.Dir(strings.TrimSuffix(it.old[0], "/")), p))
		}
		return append(out, "/"+p)
	}
	out := []string{p}
	if x.base != nil {
		if rest, ok := strings.CutPrefix(p, strings.TrimSuffix(x.base.Path, "/")); ok && rest != p {
			out = append(out, "/"+strings.TrimPrefix(rest, "/"))
		}
	}
	return out
}

// oldAddress is where a reference led on the old site; empty if that is not known.
func (x *index) oldAddress(it *item, u *url.URL) string {
	if x.base == nil || u.Host != "" {
		return ""
	}
	from := *x.base
	if len(it.old) > 0 {
		from.Path = it.old[0]
	}
	return from.ResolveReference(u).String()
}
