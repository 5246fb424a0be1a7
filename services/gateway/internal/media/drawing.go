package media

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/parution/parution/chassis/picture"
)

const (
	// maxDepth bounds how deep the elements of a drawing nest.
	maxDepth = 1000

	svgNamespace = "http://www.w3.org/2000/svg"

	// The size of a drawing that does not say it, as in CSS.
	usualWidth, usualHeight = 300, 150
)

// checkDrawing refuses what is not exactly one SVG element in well-formed XML, and
// answers that element. A declaration of a document type is refused too: its
// entities would be a bomb for whoever reads the file next.
func checkDrawing(r io.Reader) (root xml.StartElement, err error) {
	d := xml.NewDecoder(r)
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("only UTF-8") }
	depth, roots := 0, 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return root, notWellFormed(d, err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return root, fmt.Errorf("its elements nest deeper than %d", maxDepth)
			}
			if depth > 1 {
				continue
			}
			if roots++; roots > 1 || t.Name.Local != "svg" || (t.Name.Space != "" && t.Name.Space != svgNamespace) {
				return root, errors.New("its root is not one svg element")
			}
			root = t
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimLeft(t, " \t\r\n\ufeff")) > 0 {
				return root, errors.New("it has text outside of its root")
			}
		case xml.Directive:
			// Drawing programs write one that names SVG. One with declarations of its
			// own could make a small file a large one.
			if bytes.ContainsAny(t, "[<") {
				return root, errors.New("its DOCTYPE has declarations, and none are taken")
			}
		}
	}
	if roots == 0 {
		return root, errors.New("it has no svg element")
	}
	return root, nil
}

func notWellFormed(d *xml.Decoder, err error) error {
	if _, ok := errors.AsType[*xml.SyntaxError](err); !ok {
		return errors.New("it is not in UTF-8")
	}
	line, _ := d.InputPos()
	return fmt.Errorf("it is not well-formed XML at line %d", line)
}

// drawingSize is how large browsers show a drawing that nothing else sizes: as it
// says, or as large as what it shows of itself; what is missing follows from the
// proportions.
func drawingSize(root xml.StartElement) image.Point {
	var width, height, boxWidth, boxHeight float64
	for _, a := range root.Attr {
		if a.Name.Space != "" {
			continue
		}
		switch a.Name.Local {
		case "width":
			width = length(a.Value)
		case "height":
			height = length(a.Value)
		case "viewBox":
			boxWidth, boxHeight = viewBox(a.Value)
		}
	}
	switch hasBox := boxWidth > 0 && boxHeight > 0; {
	case width > 0 && height > 0:
	case hasBox && width > 0:
		height = width * boxHeight / boxWidth
	case hasBox && height > 0:
		width = height * boxWidth / boxHeight
	case hasBox:
		width, height = boxWidth, boxHeight
	case width > 0:
		height = usualHeight
	case height > 0:
		width = usualWidth
	default:
		width, height = usualWidth, usualHeight
	}
	if over := max(width, height) / picture.MaxSide; over > 1 {
		width, height = width/over, height/over
	}
	return image.Pt(max(1, int(math.Round(width))), max(1, int(math.Round(height))))
}

// length reads a length of SVG in pixels; 0 if it depends on what is around the
// drawing, or is none.
func length(s string) float64 {
	s = strings.ToLower(strings.TrimSpace(s))
	unit := strings.TrimLeft(s, "+-0123456789.")
	if exponent := strings.TrimPrefix(unit, "e"); exponent != unit && strings.TrimLeft(exponent, "+-0123456789") == "" {
		unit = "" // 1e3
	}
	pixels := map[string]float64{"": 1, "px": 1, "pt": 96.0 / 72, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6, "em": 16, "rem": 16, "ex": 8}[unit]
	v, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(s, unit)), 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return 0
	}
	return v * pixels
}

// viewBox reads the size of the part of a drawing that is shown.
func viewBox(s string) (width, height float64) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
	if len(parts) != 4 {
		return 0, 0
	}
	return length(parts[2]), length(parts[3])
}
