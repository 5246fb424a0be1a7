package raster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	// headerEnd is where the first chunk of a PNG ends, its header.
	headerEnd = 33
	// maxProfile bounds what of a PNG is remembered for its copies.
	maxProfile = 1 << 20
)

// What a PNG's colour type says.
const (
	pngGray      = 0
	pngRGB       = 2
	pngPalette   = 3
	pngGrayAlpha = 4
	pngRGBA      = 6
)

func cleanPNG(w io.Writer, r io.Reader) (Facts, error) {
	f := Facts{Orientation: upright}
	signature := make([]byte, len(pngSignature))
	if _, err := io.ReadFull(r, signature); err != nil || string(signature) != pngSignature {
		return Facts{}, malformed("no PNG")
	}
	if _, err := w.Write(signature); err != nil {
		return Facts{}, err
	}
	for {
		last, err := f.chunk(w, r)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return f, nil // cut off: browsers show as much as there is
		case err != nil:
			return Facts{}, err
		case last:
			return f, nil
		}
	}
}

// chunk copies one chunk, if it is needed to show the picture.
func (f *Facts) chunk(w io.Writer, r io.Reader) (last bool, err error) {
	head := make([]byte, 8)
	if _, err := io.ReadFull(r, head); err != nil {
		return false, err
	}
	name, size := string(head[4:]), int64(binary.BigEndian.Uint32(head))+4 // and its checksum
	switch name {
	case "IHDR", "cHRM", "gAMA", "iCCP", "sRGB", "cICP":
		if size > maxProfile {
			return false, skip(r, size)
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(r, body); err != nil {
			return false, err
		}
		whole := append(head, body...)
		if name == "IHDR" {
			err = f.pngHeader(body)
		} else {
			f.profile = append(f.profile, whole)
		}
		if f.plain {
			f.profile = nil
		}
		if err == nil {
			_, err = w.Write(whole)
		}
		return false, err
	case "acTL":
		f.Moving = true
	case "PLTE", "IDAT", "IEND", "tRNS", "bKGD", "hIST", "pHYs", "sBIT", "sPLT", "fcTL", "fdAT", "mDCV", "cLLI":
	default:
		return false, skip(r, size)
	}
	if _, err := w.Write(head); err != nil {
		return false, err
	}
	_, err = io.CopyN(w, r, size)
	return name == "IEND", err
}

func skip(r io.Reader, n int64) error {
	_, err := io.CopyN(io.Discard, r, n)
	return err
}

// pngHeader estimates what decoding takes.
func (f *Facts) pngHeader(b []byte) error {
	if len(b) < 13 {
		return malformed("a header that is too short")
	}
	if f.decoded > 0 {
		return malformed("a second header")
	}
	f.width, f.height = int(binary.BigEndian.Uint32(b)), int(binary.BigEndian.Uint32(b[4:]))
	each := int64(4)
	switch b[9] {
	case pngGray, pngPalette:
		each = 1
	case pngRGB, pngRGBA:
	case pngGrayAlpha:
		f.plain = true // its profile is of grey, while copies have colours
	}
	if b[8] == 16 {
		each *= 2
	}
	f.decoded = int64(f.width) * int64(f.height) * each
	if b[12] != 0 { // the passes of an interlaced picture are pictures too
		f.decoded *= 2
	}
	return nil
}

// withChunks puts chunks behind the header of a PNG.
func withChunks(file []byte, chunks [][]byte) ([]byte, error) {
	if len(file) < headerEnd || !bytes.HasPrefix(file, []byte(pngSignature)) {
		return nil, malformed("the encoder wrote no PNG")
	}
	return splice(file, headerEnd, chunks), nil
}
