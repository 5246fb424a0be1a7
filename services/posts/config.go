package posts

import (
	"errors"

	"github.com/parution/parution/services/posts/internal/post"
)

// Config are the settings of the posts service. The limits are those of one
// post; what goes over is refused with the field, the limit and the size.
type Config struct {
	// BaseURL begins the addresses in answers while a site has none of its own.
	BaseURL string `help:"Address of the installation, for sites without their own." default:"http://localhost:8080" name:"base-url"`
	// Language is that of the first site, a BCP 47 tag.
	Language string `help:"Language of the first site." default:"en"`
	// Title is that of the first site.
	Title string `help:"Title of the first site." default:"Parution"`
	// MaxBodyBytes bounds a post's source text; at most 3 MiB, which fits into a message.
	MaxBodyBytes int `help:"Most bytes of a post's text." default:"1048576"`
	// MaxTitleChars bounds a title.
	MaxTitleChars int `help:"Most characters of a title." default:"300"`
	// MaxTags bounds the tags of a post.
	MaxTags int `help:"Most tags of a post." default:"30"`
	// MaxTagChars bounds a tag's name.
	MaxTagChars int `help:"Most characters of a tag." default:"60"`
	// MaxWaiting bounds the calls that wait for changes; 0: none may wait.
	MaxWaiting int `help:"Most calls that wait for changes at once." default:"100"`
	// StreamReplicas is how many NATS servers keep each notice.
	StreamReplicas int `kong:"-"`
}

// Defaults are the settings of a program without flags.
func Defaults() Config {
	l := post.DefaultLimits()
	return Config{
		BaseURL: "http://localhost:8080", Language: "en", Title: "Parution",
		MaxBodyBytes: l.BodyBytes, MaxTitleChars: l.TitleChars, MaxTags: l.Tags, MaxTagChars: l.TagChars,
		MaxWaiting: 100, StreamReplicas: 1,
	}
}

// Validate refuses settings that cannot work.
func (c Config) Validate() error {
	if c.MaxBodyBytes < 1 || c.MaxBodyBytes > 3<<20 {
		return errors.New("max-body-bytes must be between 1 and 3145728")
	}
	if c.MaxTitleChars < 1 || c.MaxTags < 1 || c.MaxTagChars < 1 {
		return errors.New("max-title-chars, max-tags and max-tag-chars must be at least 1")
	}
	if c.MaxWaiting < 0 {
		return errors.New("max-waiting must not be negative")
	}
	return nil
}

func (c Config) limits() post.Limits {
	l := post.DefaultLimits()
	l.BodyBytes, l.TitleChars, l.Tags, l.TagChars = c.MaxBodyBytes, c.MaxTitleChars, c.MaxTags, c.MaxTagChars
	return l
}
