// Package picture names pictures so that an address tells how large the picture
// is and which smaller copies of it there are. Who stores pictures makes the
// copies, who writes pages names them, and neither has to ask the other.
//
// A picture is at /media/HASH-WIDTHxHEIGHT.EXT, a copy of it that is W pixels wide
// at /media/HASH-WIDTHxHEIGHT-wW.EXT; HASH is 32 hexadecimal digits of the SHA-256
// of the original.
package picture

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Prefix begins the path of every picture.
const Prefix = "/media/"

// MaxSide bounds width and height, in pixels.
const MaxSide = 65_535

var form = regexp.MustCompile(`^/media/([0-9a-f]{32})-([1-9][0-9]{0,4})x([1-9][0-9]{0,4})(?:-w([1-9][0-9]{0,4}))?\.(png|jpg|gif|webp|svg)$`)

// Picture is what the address of a picture tells.
type Picture struct {
	// Hash is 32 hexadecimal digits.
	Hash string
	// Width and Height are as it is shown, in pixels.
	Width, Height int
	// Ext is png, jpg, gif, webp or svg.
	Ext string
}

// Copy is a smaller copy of a picture, or the picture itself.
type Copy struct {
	// Width is in pixels.
	Width int
	Path  string
}

// widths are those of copies, in pixels: a telephone's column, twice that, a
// desk's, and twice a desk's.
func widths() []int { return []int{480, 960, 1600, 2400} }

// Parse reads the path of a picture; false for any other path, also for that of a copy.
func Parse(path string) (Picture, bool) {
	p, w, ok := parse(path)
	return p, ok && w == 0
}

// ParseCopy reads the path of a copy that the picture has: its width is one of Copies.
func ParseCopy(path string) (Picture, int, bool) {
	p, w, ok := parse(path)
	if !ok || w == 0 {
		return Picture{}, 0, false
	}
	for _, c := range p.Copies() {
		if c.Width == w && c.Path == path {
			return p, w, true
		}
	}
	return Picture{}, 0, false
}

func parse(path string) (Picture, int, bool) {
	m := form.FindStringSubmatch(path)
	if m == nil {
		return Picture{}, 0, false
	}
	var n [3]int
	for i, digits := range m[2:5] {
		if digits != "" {
			n[i], _ = strconv.Atoi(digits) // five digits
		}
		if n[i] > MaxSide {
			return Picture{}, 0, false
		}
	}
	return Picture{Hash: m[1], Width: n[0], Height: n[1], Ext: m[5]}, n[2], true
}

// Path is the address of the picture.
func (p Picture) Path() string {
	return fmt.Sprintf("%s%s-%dx%d.%s", Prefix, p.Hash, p.Width, p.Height, p.Ext)
}

// Copies are the smaller copies that the picture has, narrowest first. Drawings
// need none, moving pictures and WebP have none.
func (p Picture) Copies() []Copy {
	if p.Ext != "jpg" && p.Ext != "png" {
		return nil
	}
	var out []Copy
	for _, w := range widths() {
		if w*10 > p.Width*9 { // hardly smaller
			break
		}
		out = append(out, Copy{Width: w, Path: fmt.Sprintf("%s%s-%dx%d-w%d.%s", Prefix, p.Hash, p.Width, p.Height, w, p.Ext)})
	}
	return out
}

// Srcset is the value of an img's srcset: copies and the picture itself. Empty
// if there is nothing to choose from.
func (p Picture) Srcset() string {
	copies := p.Copies()
	if len(copies) == 0 {
		return ""
	}
	var b strings.Builder
	for _, c := range copies {
		fmt.Fprintf(&b, "%s %dw, ", c.Path, c.Width)
	}
	fmt.Fprintf(&b, "%s %dw", p.Path(), p.Width)
	return b.String()
}
