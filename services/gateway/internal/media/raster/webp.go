package raster

import (
	"encoding/binary"
	"errors"
	"io"
)

const (
	webpHead = 12 // "RIFF", size, "WEBP"
	// hasExif and hasXMP are flags of a WebP's header.
	hasExif = 0x08
	hasXMP  = 0x04
)

// piece is one chunk of a WebP.
type piece struct {
	name      string
	at, bytes int64 // with its head and its padding
}

func cleanWebP(w io.Writer, r *io.SectionReader) error {
	pieces, err := webpPieces(r)
	if err != nil {
		return err
	}
	total := int64(4)
	for _, p := range pieces {
		total += p.bytes
	}
	head := []byte("RIFF\x00\x00\x00\x00WEBP")
	binary.LittleEndian.PutUint32(head[4:], uint32(total))
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, p := range pieces {
		if err := p.write(w, r); err != nil {
			return err
		}
	}
	return nil
}

// webpPieces lists the chunks that are needed to show the picture.
func webpPieces(r *io.SectionReader) ([]piece, error) {
	var out []piece
	for at := int64(webpHead); at < r.Size(); {
		var head [8]byte
		if _, err := r.ReadAt(head[:], at); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		p := piece{name: string(head[:4]), at: at, bytes: min(8+n+n%2, r.Size()-at)}
		switch p.name {
		case "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP":
			out = append(out, p)
		}
		at += 8 + n + n%2
	}
	if len(out) == 0 {
		return nil, malformed("a WebP without a picture")
	}
	return out, nil
}

func (p piece) write(w io.Writer, r *io.SectionReader) error {
	data := io.NewSectionReader(r, p.at, p.bytes)
	if p.name == "VP8X" && p.bytes > 8 {
		var head [9]byte
		if _, err := io.ReadFull(data, head[:]); err != nil {
			return err
		}
		head[8] &^= hasExif | hasXMP
		if _, err := w.Write(head[:]); err != nil {
			return err
		}
	}
	_, err := io.Copy(w, data)
	return err
}
