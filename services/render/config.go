package render

import (
	"errors"
	"net/url"
	"strings"
)

// Config are the settings of the render service.
type Config struct {
	// BaseURL begins absolute addresses on pages and in feeds while a site has
	// none of its own: scheme and host, without a path. Changing it makes every page old.
	BaseURL string `help:"Address of the installation, for sites without their own." default:"http://localhost:8080" name:"base-url"`
	// Themes is a folder of the operator's own themes, each a folder in it; empty:
	// there are only those that Parution brings. Sites choose one by its name. What
	// changes in it shows within seconds.
	Themes string `help:"Folder of your own themes, each in a folder of its own." placeholder:"DIR"`
	// StreamReplicas is how many NATS servers keep each notice.
	StreamReplicas int `kong:"-"`
}

// Defaults are the settings of a program without flags.
func Defaults() Config { return Config{BaseURL: "http://localhost:8080", StreamReplicas: 1} }

// Validate refuses settings that cannot work.
func (c Config) Validate() error {
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return errors.New("base-url must be like https://example.org, without a path")
	}
	return nil
}
