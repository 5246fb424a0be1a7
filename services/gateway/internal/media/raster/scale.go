package raster

import (
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

const (
	// between is how many bytes the scaler keeps for each pixel of the picture that
	// is narrow already and not yet low: for a photograph more than the photograph has.
	between = 32
	// atOnce is how many of these bytes there may be; more are scaled in bands.
	atOnce = 32 << 20
	// band is how many rows or columns are scaled at once then.
	band = 64
)

// scaled is src in another size.
func scaled(src image.Image, width, height int) *image.RGBA {
	b := src.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	if between*width*b.Dy() <= atOnce {
		draw.CatmullRom.Scale(out, out.Rect, src, b, draw.Src, nil)
		return out
	}
	// First each row, then each column, as the scaler itself does it.
	narrow := image.NewRGBA(image.Rect(0, 0, width, b.Dy()))
	rows := draw.CatmullRom.NewScaler(width, band, b.Dx(), band)
	for y := 0; y < b.Dy(); y += band {
		end := min(y+band, b.Dy())
		rows.Scale(narrow, image.Rect(0, y, width, end), src, image.Rect(b.Min.X, b.Min.Y+y, b.Max.X, b.Min.Y+end), draw.Src, nil)
	}
	columns := draw.CatmullRom.NewScaler(band, height, band, b.Dy())
	for x := 0; x < width; x += band {
		end := min(x+band, width)
		columns.Scale(out, image.Rect(x, 0, end, height), narrow, image.Rect(x, 0, end, b.Dy()), draw.Src, nil)
	}
	return out
}

// turned is src as it is shown.
func turned(src *image.RGBA, orientation int) *image.RGBA {
	if orientation == upright {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	width, height := w, h
	if orientation > 4 {
		width, height = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			sx, sy := x, y
			switch orientation {
			case 2: // mirrored
				sx = w - 1 - x
			case 3: // upside down
				sx, sy = w-1-x, h-1-y
			case 4: // mirrored and upside down
				sy = h - 1 - y
			case 5: // mirrored, on its left side
				sx, sy = y, x
			case 6: // on its left side
				sx, sy = y, h-1-x
			case 7: // mirrored, on its right side
				sx, sy = w-1-y, h-1-x
			case 8: // on its right side
				sx, sy = w-1-y, x
			}
			copy(out.Pix[out.PixOffset(x, y):][:4], src.Pix[src.PixOffset(sx, sy):][:4])
		}
	}
	return out
}

// isGray tells whether a picture has no colours by its kind.
func isGray(m image.Image) bool {
	return m.ColorModel() == color.GrayModel || m.ColorModel() == color.Gray16Model
}

// gray is a picture whose colours are all grey.
func gray(src *image.RGBA) *image.Gray {
	out := image.NewGray(src.Rect)
	for i := range out.Pix {
		out.Pix[i] = src.Pix[4*i]
	}
	return out
}
