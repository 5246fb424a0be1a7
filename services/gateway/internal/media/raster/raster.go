// Package raster reads and writes pictures made of pixels: it takes away what
// they tell about who made them where, and makes smaller copies of them. It
// knows bytes and pixels, not where they are kept.
package raster

import (
	"errors"
	"fmt"
	"io"
)

// Facts are what one has to know of a picture before it is decoded.
type Facts struct {
	// Orientation is how the picture must be turned to be shown, 1 to 8 as in Exif;
	// 1: as it is.
	Orientation int
	// Moving is true for a picture that moves: a copy would stand still.
	Moving bool

	width, height int
	// decoded is how many bytes the picture takes while it is decoded.
	decoded int64
	// profile tells which colours the numbers mean; parts of the file, as they are.
	profile [][]byte
	// plain is true if copies can have no profile.
	plain bool
}

// Turned tells whether the picture is shown with its sides exchanged.
func (f Facts) Turned() bool { return f.Orientation > 4 }

// Clean writes the picture that r holds to w without what is not needed to show
// it: place, time, camera, names, texts, smaller pictures in it, and whatever
// follows its end. No pixel and no colour changes; cleaning twice is cleaning
// once. What is cut off stays cut off. mime is that of a JPEG, PNG or WebP; any
// other picture is written as it is.
func Clean(w io.Writer, r *io.SectionReader, mime string) (Facts, error) {
	switch mime {
	case "image/jpeg":
		return cleanJPEG(w, r)
	case "image/png":
		return cleanPNG(w, r)
	case "image/webp":
		return Facts{Orientation: 1}, cleanWebP(w, r)
	}
	_, err := io.Copy(w, r)
	return Facts{Orientation: 1}, err
}

// Inspect answers the facts that Clean answers, and writes nothing.
func Inspect(r *io.SectionReader, mime string) (Facts, error) {
	return Clean(io.Discard, r, mime)
}

// ErrMalformed is told of a picture that is none.
var ErrMalformed = errors.New("the picture is malformed")

// malformed is an error about the form of a picture.
func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }
