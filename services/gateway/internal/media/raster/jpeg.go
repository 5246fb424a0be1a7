package raster

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The markers of JPEG that matter here (ITU-T T.81, table B.1).
const (
	markTEM   = 0x01
	markSOF0  = 0xc0
	markSOF2  = 0xc2
	markDHT   = 0xc4
	markJPG   = 0xc8
	markDAC   = 0xcc
	markSOF15 = 0xcf
	markRST0  = 0xd0
	markRST7  = 0xd7
	markSOI   = 0xd8
	markEOI   = 0xd9
	markSOS   = 0xda
	markAPP0  = 0xe0
	markAPP1  = 0xe1
	markAPP2  = 0xe2
	markAPP14 = 0xee
	markAPP15 = 0xef
	markJPG0  = 0xf0
	markCOM   = 0xfe
)

const bufferBytes = 64 << 10

// jpegCleaner walks through the segments of a JPEG.
type jpegCleaner struct {
	r     *bufio.Reader
	w     *bufio.Writer
	facts Facts
	// exif is true once Exif data was seen: only the first counts.
	exif bool
	// begun is true when the first byte of the next marker was read.
	begun bool
	// ink is true for colours that are printed: copies are made of light.
	ink bool
}

func cleanJPEG(w io.Writer, r io.Reader) (Facts, error) {
	c := &jpegCleaner{r: bufio.NewReaderSize(r, bufferBytes), w: bufio.NewWriterSize(w, bufferBytes), facts: Facts{Orientation: upright}}
	err := c.run()
	// A file that was cut off is kept as far as it goes: browsers show that much.
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return Facts{}, err
	}
	if c.ink {
		c.facts.profile = nil
	}
	return c.facts, c.w.Flush()
}

func (c *jpegCleaner) run() error {
	var start [2]byte
	if _, err := io.ReadFull(c.r, start[:]); err != nil {
		return err
	}
	if start != [2]byte{0xff, markSOI} {
		return malformed("no JPEG")
	}
	c.put(start[:])
	for {
		marker, err := c.next()
		if err != nil {
			return err
		}
		switch {
		case marker == markEOI:
			c.put([]byte{0xff, markEOI})
			return nil
		case marker >= markRST0 && marker <= markSOI, marker == markTEM, marker == 0:
			continue // out of place, and without a length
		}
		payload, err := c.payload()
		if err != nil {
			return err
		}
		if err := c.segment(marker, payload); err != nil {
			return err
		}
		if marker == markSOS {
			if err := c.scan(); err != nil {
				return err
			}
		}
	}
}

// next reads up to the marker of the next segment.
func (c *jpegCleaner) next() (byte, error) {
	for {
		if !c.begun {
			if _, err := c.r.ReadSlice(0xff); errors.Is(err, bufio.ErrBufferFull) {
				continue
			} else if err != nil {
				return 0, err
			}
		}
		c.begun = false
		b, err := c.r.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != 0xff {
			return b, nil
		}
		c.begun = true
	}
}

// payload reads a segment after its marker.
func (c *jpegCleaner) payload() ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(c.r, size[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(size[:]))
	if n < 2 {
		return nil, malformed("a segment without a length")
	}
	payload := make([]byte, n-2)
	_, err := io.ReadFull(c.r, payload)
	return payload, err
}

func (c *jpegCleaner) segment(marker byte, payload []byte) error {
	switch {
	case marker == markAPP0 && bytes.HasPrefix(payload, []byte("JFIF\x00")),
		marker == markAPP14 && bytes.HasPrefix(payload, []byte("Adobe")):
	case marker == markAPP1 && bytes.HasPrefix(payload, []byte("Exif\x00\x00")) && !c.exif:
		c.exif = true
		if c.facts.Orientation = orientation(payload[6:]); c.facts.Orientation != upright {
			c.put(segmentOf(markAPP1, onlyOrientation(c.facts.Orientation)))
		}
		return nil
	case marker == markAPP2 && bytes.HasPrefix(payload, []byte("ICC_PROFILE\x00")):
		c.facts.profile = append(c.facts.profile, segmentOf(marker, payload))
	case marker >= markAPP0 && marker <= markAPP15, marker >= markJPG0 && marker <= markCOM:
		return nil
	case marker >= markSOF0 && marker <= markSOF15 && marker != markDHT && marker != markJPG && marker != markDAC:
		if err := c.frame(marker, payload); err != nil {
			return err
		}
	}
	c.put(segmentOf(marker, payload))
	return nil
}

func segmentOf(marker byte, payload []byte) []byte {
	out := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(payload)+2)) //nolint:gosec // as it was read
	return append(out, payload...)
}

// frame estimates what decoding takes.
func (c *jpegCleaner) frame(marker byte, p []byte) error {
	if len(p) < 6 || len(p) < 6+3*int(p[5]) || p[5] == 0 {
		return malformed("a frame that is too short")
	}
	if c.facts.decoded > 0 {
		return malformed("a second frame")
	}
	components := int(p[5])
	var samples, across, down int64
	for i := range components {
		h, v := int64(p[6+3*i+1]>>4), int64(p[6+3*i+1]&15)
		samples, across, down = samples+h*v, max(across, h), max(down, v)
	}
	most := across * down
	if most == 0 {
		return malformed("a frame without samples")
	}
	c.facts.height, c.facts.width = int(binary.BigEndian.Uint16(p[1:])), int(binary.BigEndian.Uint16(p[3:]))
	pixels := int64(c.facts.height) * int64(c.facts.width)
	planes := pixels * samples / most
	c.facts.decoded = planes
	if marker >= markSOF2 {
		c.facts.decoded += 4 * planes // coefficients are kept until the last scan
	}
	if components > 3 || samples == 3*most {
		c.facts.decoded += 4 * pixels // may be put together anew as CMYK or RGB
	}
	c.ink = components > 3
	return nil
}

// scan copies the pixels that follow the header of a scan, up to the next marker.
func (c *jpegCleaner) scan() error {
	for {
		data, err := c.r.ReadSlice(0xff)
		if err == nil {
			data = data[:len(data)-1]
		}
		c.put(data)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return err
		}
		b, err := c.r.ReadByte()
		if err != nil {
			return err
		}
		switch {
		case b == 0 || b >= markRST0 && b <= markRST7:
			c.put([]byte{0xff, b})
		default: // a marker, or one byte more before it
			c.begun = true
			return c.r.UnreadByte()
		}
	}
}

// put writes; an error shows when the writer is flushed.
func (c *jpegCleaner) put(b []byte) { _, _ = c.w.Write(b) }

// withSegments puts segments behind the start of a JPEG.
func withSegments(file []byte, segments [][]byte) ([]byte, error) {
	if !bytes.HasPrefix(file, []byte{0xff, markSOI}) {
		return nil, fmt.Errorf("the encoder wrote %w", malformed("no JPEG"))
	}
	return splice(file, 2, segments), nil
}

// splice puts parts into file.
func splice(file []byte, at int, parts [][]byte) []byte {
	var out bytes.Buffer
	out.Write(file[:at])
	for _, p := range parts {
		out.Write(p)
	}
	out.Write(file[at:])
	return out.Bytes()
}
