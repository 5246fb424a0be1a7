package media

import (
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/picture"
)

// maxPixels bounds what a reader's browser has to unpack: 40 megapixels.
const maxPixels = 40_000_000

// inspect refuses a picture that says it is mime and cannot be shown as that, and
// answers how large it is, before it is turned.
// Faults: Invalid, naming the body and what is wrong with it.
func inspect(mime string, file io.Reader) (image.Point, error) {
	r := &reader{r: file}
	size, err := check(mime, r)
	if r.err != nil { // decoders tell it as if the picture were broken
		return image.Point{}, fmt.Errorf("read the file: %w", r.err)
	}
	return size, err
}

// reader remembers why reading failed.
type reader struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

func check(mime string, r io.Reader) (image.Point, error) {
	var (
		c   image.Config
		err error
	)
	switch mime {
	case "image/png":
		c, err = png.DecodeConfig(r)
	case "image/jpeg":
		c, err = jpeg.DecodeConfig(r)
	case "image/gif":
		c, err = gif.DecodeConfig(r)
	case "image/webp":
		c, err = webp.DecodeConfig(r)
	default:
		root, err := checkDrawing(r)
		if err != nil {
			return image.Point{}, fault.Invalid("body", "is a broken image/svg+xml: %v", err)
		}
		return drawingSize(root), nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return image.Point{}, fault.Invalid("body", "is a broken %s: it ends too early", mime)
	}
	if err != nil {
		return image.Point{}, fault.Invalid("body", "is a broken %s: %v", mime, err)
	}
	if c.Width <= 0 || c.Height <= 0 {
		return image.Point{}, fault.Invalid("body", "is a broken %s: it has no pixels", mime)
	}
	if int64(c.Width)*int64(c.Height) > maxPixels {
		return image.Point{}, fault.Invalid("body", "has %d × %d pixels; at most %d megapixels", c.Width, c.Height, maxPixels/1_000_000)
	}
	if c.Width > picture.MaxSide || c.Height > picture.MaxSide {
		return image.Point{}, fault.Invalid("body", "has %d × %d pixels; at most %d on a side", c.Width, c.Height, picture.MaxSide)
	}
	return image.Pt(c.Width, c.Height), nil
}
