package liquid

import (
	"path"
	"regexp"
	"strings"

	"github.com/parution/parution/cmd/parution/internal/importer/markup"
)

var parameter = regexp.MustCompile(`([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))`)

// single carries a tag that has no content.
func (c *carrier) single(t token, sc *scope) markup.Edit {
	var text string
	ok := false
	switch t.name {
	case "post_url", "link":
		if text, ok = c.env.Address(t.name, strings.Trim(t.args, `"' `)); !ok {
			c.report(t, "leads to nothing that is imported; left out")
			return markup.Edit{Range: t.Range}
		}
	case "include", "include_relative", "include_cached":
		text, ok = c.include(t, sc)
	case "img", "image":
		text, ok = image(c.env.Format, words(t.args))
	default:
		if w := words(t.args); len(w) > 0 {
			text, ok = markup.Embed(c.env.Format, t.name, w[0])
		}
	}
	if !ok {
		c.report(t, "cannot be carried over; left out")
		return c.dropped(t)
	}
	return markup.Edit{Range: t.Range, New: text}
}

// include carries the figures and videos that themes bring along.
func (c *carrier) include(t token, sc *scope) (string, bool) {
	args := words(t.args)
	if len(args) == 0 {
		return "", false
	}
	name := strings.TrimSuffix(path.Base(args[0]), path.Ext(args[0]))
	params := make(map[string]string)
	for _, m := range parameter.FindAllStringSubmatch(t.args, -1) {
		value := m[2] + m[3]
		if m[4] != "" {
			value, _ = c.value(m[4], t, sc)
		}
		params[strings.ToLower(m[1])] = value
	}
	first := func(names ...string) string {
		for _, n := range names {
			if params[n] != "" {
				return params[n]
			}
		}
		return ""
	}
	switch strings.ToLower(name) {
	case "figure", "image", "img", "picture", "responsive-image", "image-caption":
		src := first("src", "url", "image_path", "image", "file", "path", "name")
		if src == "" {
			return "", false
		}
		return markup.Figure(c.env.Format, src, first("alt", "description"), first("caption", "title", "description")), true
	case "youtube", "youtube-player", "youtubeplayer", "youtube_embed", "vimeo", "video", "dailymotion":
		provider := first("provider")
		if provider == "" {
			provider = strings.ToLower(name)
		}
		return markup.Embed(c.env.Format, provider, first("id", "video", "video_id", "videoid", "src", "url"))
	}
	return "", false
}

// words splits arguments at blanks; quoted ones stay whole.
func words(args string) []string {
	var out []string
	for _, w := range split(strings.Join(strings.Fields(args), " "), ' ') {
		if w = strings.Trim(w, `"'`); w != "" {
			out = append(out, w)
		}
	}
	return out
}

var dimension = regexp.MustCompile(`^\d+(px|%)?$`)

// image carries {% img [class…] source [width [height]] [title [alt]] %}.
func image(format markup.Format, args []string) (string, bool) {
	for i, a := range args {
		if !strings.HasPrefix(a, "/") && !strings.Contains(a, "://") && path.Ext(a) == "" {
			continue
		}
		rest := args[i+1:]
		for len(rest) > 0 && dimension.MatchString(rest[0]) {
			rest = rest[1:]
		}
		return markup.Figure(format, a, strings.Join(rest, " "), ""), true
	}
	return "", false
}
