package theme

import (
	"net/url"
	"strings"

	"github.com/parution/parution/chassis/picture"
)

// Picture is a picture as an img element needs it.
type Picture struct {
	// Src is its address: a path of the site, or of another host. Of a large picture it
	// is a copy's.
	Src string
	// URL is the whole address of the picture itself.
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

	// shared is the copy that programs show elsewhere, of Width and Height of its own.
	shared struct {
		url           string
		width, height int
	}
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
	p.shared.url = p.URL
	if alt == "" {
		p.Lang = nil
	}
	path := strings.TrimPrefix(src, base)
	if known, ok := picture.Parse(path); ok {
		p.Width, p.Height, p.Srcset = known.Width, known.Height, known.Srcset()
		near, width := nearest(known)
		p.Src = strings.TrimSuffix(src, path) + near
		p.shared.url, p.shared.width, p.shared.height = absolute(base, near), width, max(1, (known.Height*width+known.Width/2)/known.Width)
	}
	return p
}

// enough is the width in pixels that a picture needs where nobody can choose: in a
// preview on another site, and in a browser that does not know srcset.
const enough = 1600

// nearest is the copy of a picture that is nearest to enough, or the picture itself.
func nearest(p picture.Picture) (path string, width int) {
	path, width = p.Path(), p.Width
	for _, c := range p.Copies() {
		if away(c.Width) <= away(width) {
			path, width = c.Path, c.Width
		}
	}
	return path, width
}

func away(width int) int { return max(width-enough, enough-width) }

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
