// Package demo holds the sample publication that `parution serve --demo` puts
// into an empty site: posts in French and English, and the images they show.
// Text and images are the project's own and travel inside the program.
package demo

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

//go:embed content
var content embed.FS

const (
	postsDir = "content/posts"
	mediaDir = "content/media"
	// MediaPrefix begins every reference to an image, in bodies as in
	// Post.Image; what follows is a name that Media returns.
	MediaPrefix = "media/"
	// fence stands alone on the lines around the front matter.
	fence = "---\n"
)

// Post is one sample post, published and in Markdown. The values are free of
// the rules of a site: nothing here has an id or a version.
type Post struct {
	// Slug is the last part of the post's address, unique in the sample.
	Slug string
	// Title is plain text and may hold any sign, & and < among them.
	Title string
	// Body is Markdown. It names its images as MediaPrefix + name and other
	// posts of the sample as /posts/<slug>.
	Body string
	// Language is "fr" or "en".
	Language string
	// Excerpt is plain text; empty leaves it to be derived from the body.
	Excerpt string
	// Image is the cover, MediaPrefix + name; empty for a post without one.
	Image string
	// ImageAlt says in words what Image shows; empty exactly if Image is.
	ImageAlt string
	// ImageCaption is shown below the cover; empty for most.
	ImageCaption string
	// TranslationKey is the same for a post and its translation; empty: it has none.
	TranslationKey string
	// Tags are names as shown to readers, in the language of the post.
	Tags []string
	// Authors are the names of invented people, at least one.
	Authors []string
	// Featured posts stand out on the home page.
	Featured bool
	// PublishedAt is in UTC.
	PublishedAt time.Time
}

// frontMatter is the YAML that begins a file. A key that is not here is
// refused, so a misspelt one cannot be lost in silence.
type frontMatter struct {
	Title    string   `yaml:"title"`
	Slug     string   `yaml:"slug"`
	Date     string   `yaml:"date"`
	Language string   `yaml:"language"`
	Tags     []string `yaml:"tags"`
	Authors  []string `yaml:"authors"`
	Featured bool     `yaml:"featured"`
	Excerpt  string   `yaml:"excerpt"`
	Image    string   `yaml:"image"`
	ImageAlt string   `yaml:"image_alt"`
	Caption  string   `yaml:"image_caption"`
	Key      string   `yaml:"translation_key"`
}

// Link is a place where readers can follow the sample publication.
type Link struct{ Name, URL string }

// Site is what the sample publication says of itself.
type Site struct {
	Description string
	Links       []Link
}

// About answers what the sample publication says of itself. Its addresses lead
// nowhere, as examples must.
func About() Site {
	return Site{
		Description: "A notebook by four hands about printing, cooking and the road between them, in French and in English.",
		Links: []Link{
			{"Mastodon", "https://mastodon.example/@carnet"},
			{"PeerTube", "https://video.example/c/carnet"},
			{"Codeberg", "https://code.example/carnet"},
			{"E-mail", "mailto:bonjour@example.org"},
		},
	}
}

// Posts returns the sample posts, oldest first. Each call builds its own
// slice. An error means that the program was built from a broken file and
// names it. Safe for concurrent use.
func Posts() ([]Post, error) {
	names, err := fs.Glob(content, postsDir+"/*.md")
	if err != nil {
		return nil, fmt.Errorf("list demo posts: %w", err)
	}
	posts := make([]Post, 0, len(names))
	for _, name := range names {
		text, err := content.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read demo post: %w", err)
		}
		p, err := parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("parse demo post %s: %w", path.Base(name), err)
		}
		posts = append(posts, p)
	}
	slices.SortStableFunc(posts, func(a, b Post) int { return a.PublishedAt.Compare(b.PublishedAt) })
	return posts, nil
}

// Media returns the images of the sample by name, without MediaPrefix. They
// are SVG, PNG and JPEG, told apart by the extension. Each call builds its own map
// and copies. An error means a broken build. Safe for concurrent use.
func Media() (map[string][]byte, error) {
	entries, err := content.ReadDir(mediaDir)
	if err != nil {
		return nil, fmt.Errorf("list demo media: %w", err)
	}
	media := make(map[string][]byte, len(entries))
	for _, e := range entries {
		data, err := content.ReadFile(path.Join(mediaDir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read demo image: %w", err)
		}
		media[e.Name()] = data
	}
	return media, nil
}

// parse reads one file: front matter between two fences, then the body.
func parse(text string) (Post, error) {
	rest, ok := strings.CutPrefix(text, fence)
	if !ok {
		return Post{}, errors.New("no front matter")
	}
	head, body, ok := strings.Cut(rest, "\n"+fence)
	if !ok {
		return Post{}, errors.New("front matter has no end")
	}
	var m frontMatter
	if err := yaml.Load([]byte(head), &m, yaml.WithKnownFields()); err != nil {
		return Post{}, fmt.Errorf("front matter: %w", err)
	}
	at, err := time.Parse(time.RFC3339, m.Date)
	if err != nil {
		return Post{}, fmt.Errorf("front matter: %w", err)
	}
	return Post{
		Slug:     m.Slug,
		Title:    m.Title,
		Body:     strings.Trim(body, "\n") + "\n",
		Language: m.Language,
		Excerpt:  m.Excerpt,
		Image:    m.Image,
		ImageAlt: m.ImageAlt,

		ImageCaption:   m.Caption,
		TranslationKey: m.Key,

		Tags:        m.Tags,
		Authors:     m.Authors,
		Featured:    m.Featured,
		PublishedAt: at.UTC(),
	}, nil
}
