package raster

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"slices"
)

// quality is that of copies. They are looked at one to one, where 80 cannot be
// told from more.
const quality = 80

// Memory is about how many bytes Copies needs for copies of at most that width.
func (f Facts) Memory(widest int) int64 {
	stored, rows := int64(widest), int64(f.height)
	if f.Turned() && f.height > 0 {
		stored = int64(widest) * int64(f.width) / int64(f.height)
	}
	// The picture, its rows made narrow, the copy, the copy turned, and its file.
	return atOnce + f.decoded + 4*stored*rows + 3*4*stored*rows*stored/int64(max(1, f.width))
}

// Copies makes copies of the picture in r, a JPEG or PNG with those facts, that
// are so many pixels wide as they are shown, and gives them to keep, the widest
// first. widths rise. They stand upright and have the colours of the picture.
func Copies(r io.Reader, mime string, f Facts, widths []int, keep func(width int, file []byte) error) error {
	decode := png.Decode
	if mime == "image/jpeg" {
		decode = jpeg.Decode
	}
	src, err := decode(bufio.NewReaderSize(r, bufferBytes))
	if err != nil {
		return fmt.Errorf("decode the picture: %w", err)
	}
	colourless := isGray(src)
	size := src.Bounds().Size()
	for _, width := range slices.Backward(widths) {
		w, h := width, 0
		if f.Turned() {
			h = proportional(w, size.Y, size.X)
			w, h = h, w
		} else {
			h = proportional(w, size.X, size.Y)
		}
		// Each from the one before, which has all that it needs: a photograph is read once.
		small := scaled(src, w, h)
		src = small
		shown := turned(small, f.Orientation)
		var m image.Image = shown
		if colourless {
			m = gray(shown)
		}
		file, err := encoded(m, mime, f.profile)
		if err != nil {
			return err
		}
		if err := keep(width, file); err != nil {
			return err
		}
	}
	return nil
}

// proportional is the other side of a copy whose one side is side.
func proportional(side, whole, other int) int {
	return max(1, int(math.Round(float64(side)*float64(other)/float64(whole))))
}

func encoded(m image.Image, mime string, profile [][]byte) ([]byte, error) {
	var out bytes.Buffer
	if mime == "image/jpeg" {
		if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("encode a copy: %w", err)
		}
		return withSegments(out.Bytes(), profile)
	}
	if err := png.Encode(&out, m); err != nil {
		return nil, fmt.Errorf("encode a copy: %w", err)
	}
	return withChunks(out.Bytes(), profile)
}
