package markup

import (
	"html"
	"net/url"
	"regexp"
	"strings"
)

// Fence is code as a block. The information begins with the language.
func Fence(format Format, info, code string) string {
	language, _, _ := strings.Cut(strings.TrimSpace(info), " ")
	code = strings.Trim(code, "\n")
	if format == HTML {
		return `<pre><code class="language-` + html.EscapeString(language) + `">` + html.EscapeString(code) + "\n</code></pre>"
	}
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	return fence + language + "\n" + code + "\n" + fence
}

// Figure is an image; the caption, if there is one, is its title.
func Figure(format Format, src, alt, caption string) string {
	if alt == "" {
		alt = caption
	}
	if format == HTML {
		out := `<img src="` + html.EscapeString(src) + `" alt="` + html.EscapeString(alt) + `"`
		if caption != "" {
			out += ` title="` + html.EscapeString(caption) + `"`
		}
		return out + ">"
	}
	out := "![" + Label(alt) + "](" + Dest(src)
	if caption != "" {
		out += ` "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(caption) + `"`
	}
	return out + ")"
}

// Label is plain text as the label of a link or an image.
func Label(s string) string {
	return strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, "\n", " ").Replace(s)
}

// Dest is an address as the destination of a Markdown link.
func Dest(address string) string {
	if strings.ContainsAny(address, " ()<>\\\"\n") {
		return "<" + strings.NewReplacer("<", "%3C", ">", "%3E", "\\", "%5C", "\n", "").Replace(address) + ">"
	}
	return address
}

var videoID = regexp.MustCompile(`^[\w.@:/?=&%-]+$`)

// Embed is a link to what a provider would show inside a page: pages show
// nothing from other hosts by themselves. False if the provider is not known.
func Embed(format Format, provider, id string) (string, bool) {
	if !videoID.MatchString(id) {
		return "", false
	}
	prefix := ""
	switch strings.ToLower(provider) {
	case "youtube", "youtube-player", "youtubeplayer", "youtube_embed":
		prefix = "https://www.youtube.com/watch?v="
	case "vimeo":
		prefix = "https://vimeo.com/"
	case "dailymotion":
		prefix = "https://www.dailymotion.com/video/"
	case "gist":
		prefix = "https://gist.github.com/"
	case "x", "video":
		prefix = "https://"
	default:
		return "", false
	}
	address := prefix + id
	if strings.HasPrefix(id, "https://") || strings.HasPrefix(id, "http://") {
		address = id
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" {
		return "", false
	}
	if format == HTML {
		shown := html.EscapeString(address)
		return `<a href="` + shown + `">` + shown + "</a>", true
	}
	return "<" + address + ">", true
}

// EscapeHTML is text as the value of an HTML attribute or as HTML text.
func EscapeHTML(s string) string { return html.EscapeString(s) }
