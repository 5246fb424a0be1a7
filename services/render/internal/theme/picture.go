package theme

import (
	"net/url"
	"strings"

	"github.com/parution/parution/chassis/picture"
)

// Picture is a picture as an img element needs it.
type Picture struct {
	// Src is its address: a path of the site, or of another host.
	Src string
	// URL is its whole address.
	URL string
	// Alt says what it shows; empty if nobody said it.
	Alt string
	// Lang is that of Alt; nil if it is the page's.
	Lang *Tongue
	// Width and Height are in pixels; 0 if nobody knows.
	Width, Height int
	// Srcset names smaller copies; empty if there are none.
	Srcset string
	// Sizes says how wide it is shown, as the attribute does.
	Sizes string
	// Eager is for pictures that readers see first: others wait until they are near.
	Eager bool

	// early is a picture that readers see first wherever a template puts the list that
	// it is in.
	early bool
}

// First is the picture where readers see it at once.
func (p Picture) First(sizes string) Picture {
	p.Sizes, p.Eager = sizes, true
	return p
}

// Below is the picture where readers have to scroll to see it. The first one of a
// page's list is fetched at once all the same.
func (p Picture) Below(sizes string) Picture {
	p.Sizes, p.Eager = sizes, p.early
	return p
}

// Decor is the picture where a text beside it says the same.
func (p Picture) Decor() Picture {
	p.Alt, p.Lang = "", nil
	return p
}

// newPicture is nil without an address, or with one that no picture has.
func newPicture(base, src, alt string, lang *Tongue) *Picture {
	if !isPicture(src) {
		return nil
	}
	p := &Picture{Src: src, URL: absolute(base, src), Alt: alt, Lang: lang}
	if alt == "" {
		p.Lang = nil
	}
	path := strings.TrimPrefix(src, base)
	if known, ok := picture.Parse(path); ok {
		p.Width, p.Height, p.Srcset = known.Width, known.Height, known.Srcset()
	}
	return p
}

// isPicture tells whether src can be the address of a picture: a path or of the web.
func isPicture(src string) bool {
	u, err := url.Parse(src)
	return src != "" && err == nil && (u.Scheme == "" || u.Scheme == "http" || u.Scheme == "https")
}

// absolute is a whole address; base is the site's.
func absolute(base, address string) string {
	if address == "" || strings.Contains(address, "://") {
		return address
	}
	return base + "/" + strings.TrimLeft(address, "/")
}
