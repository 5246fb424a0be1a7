package media

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"

	"github.com/parution/parution/chassis/fault"
)

const (
	// maxPixels bounds what a reader's browser has to unpack: 40 megapixels.
	maxPixels = 40_000_000
	// maxDepth bounds how deep the elements of a drawing nest.
	maxDepth = 1000

	svgNamespace = "http://www.w3.org/2000/svg"
)

// inspect refuses a picture that says it is mime and cannot be shown as that.
// Faults: Invalid, naming the body and what is wrong with it.
func inspect(mime string, file io.Reader) error {
	r := &reader{r: file}
	err := check(mime, r)
	if r.err != nil { // decoders tell it as if the picture were broken
		return fmt.Errorf("read the file: %w", r.err)
	}
	return err
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

func check(mime string, r io.Reader) error {
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
		if err := checkDrawing(r); err != nil {
			return fault.Invalid("body", "is a broken image/svg+xml: %v", err)
		}
		return nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.Invalid("body", "is a broken %s: it ends too early", mime)
	}
	if err != nil {
		return fault.Invalid("body", "is a broken %s: %v", mime, err)
	}
	if c.Width <= 0 || c.Height <= 0 {
		return fault.Invalid("body", "is a broken %s: it has no pixels", mime)
	}
	if int64(c.Width)*int64(c.Height) > maxPixels {
		return fault.Invalid("body", "has %d × %d pixels; at most %d megapixels", c.Width, c.Height, maxPixels/1_000_000)
	}
	return nil
}

// checkDrawing refuses what is not exactly one SVG element in well-formed XML. A
// declaration of a document type is refused too: its entities would be a bomb
// for whoever reads the file next.
func checkDrawing(r io.Reader) error {
	d := xml.NewDecoder(r)
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("only UTF-8") }
	depth, roots := 0, 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return notWellFormed(d, err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return fmt.Errorf("its elements nest deeper than %d", maxDepth)
			}
			if depth > 1 {
				continue
			}
			if roots++; roots > 1 || t.Name.Local != "svg" || (t.Name.Space != "" && t.Name.Space != svgNamespace) {
				return errors.New("its root is not one svg element")
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimLeft(t, " \t\r\n\ufeff")) > 0 {
				return errors.New("it has text outside of its root")
			}
		case xml.Directive:
			// Drawing programs write one that names SVG. One with declarations of its
			// own could make a small file a large one.
			if bytes.ContainsAny(t, "[<") {
				return errors.New("its DOCTYPE has declarations, and none are taken")
			}
		}
	}
	if roots == 0 {
		return errors.New("it has no svg element")
	}
	return nil
}

func notWellFormed(d *xml.Decoder, err error) error {
	if _, ok := errors.AsType[*xml.SyntaxError](err); !ok {
		return errors.New("it is not in UTF-8")
	}
	line, _ := d.InputPos()
	return fmt.Errorf("it is not well-formed XML at line %d", line)
}
