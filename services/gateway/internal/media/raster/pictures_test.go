package raster_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

// secret stands for what a photograph tells about who made it where.
const secret = "48.8566 N 2.3522 E"

// corners are the colours of a test picture's corners: top left, top right,
// bottom left, bottom right.
func corners() [4]color.RGBA {
	return [4]color.RGBA{{200, 30, 30, 255}, {30, 180, 30, 255}, {30, 30, 200, 255}, {220, 220, 40, 255}}
}

// quartered is a picture with a colour in each corner.
func quartered(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			i := 0
			if x >= width/2 {
				i++
			}
			if y >= height/2 {
				i += 2
			}
			m.SetRGBA(x, y, corners()[i])
		}
	}
	return m
}

// stored is m as a camera would store it that was held in the way that Exif calls o.
func stored(m *image.RGBA, o int) *image.RGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	width, height := w, h
	if o > 4 {
		width, height = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range h {
		for x := range w {
			// Where Exif says that row 0 and column 0 of what is stored are shown.
			row, column := y, x
			switch o {
			case 2: // top, right
				column = w - 1 - x
			case 3: // bottom, right
				row, column = h-1-y, w-1-x
			case 4: // bottom, left
				row = h - 1 - y
			case 5: // left, top
				row, column = x, y
			case 6: // right, top
				row, column = w-1-x, y
			case 7: // right, bottom
				row, column = w-1-x, h-1-y
			case 8: // left, bottom
				row, column = x, h-1-y
			}
			out.SetRGBA(column, row, m.RGBAAt(x, y))
		}
	}
	return out
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatalf("encode a JPEG: %v", err)
	}
	return out.Bytes()
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatalf("encode a PNG: %v", err)
	}
	return out.Bytes()
}

// segment is one of a JPEG.
func segment(marker byte, payload string) []byte {
	n := len(payload) + 2
	return append([]byte{0xff, marker, byte(n >> 8), byte(n)}, payload...)
}

// exif is Exif data of a telephone: little or big endian, an orientation and a place.
func exif(order binary.AppendByteOrder, orientation int) string {
	out := []byte("II*\x00")
	if order.String() == binary.BigEndian.String() {
		out = []byte("MM\x00*")
	}
	out = order.AppendUint32(out, 8)
	out = order.AppendUint16(out, 2)
	for _, e := range []struct {
		tag, kind uint16
		count     uint32
	}{{0x0112, 3, 1}, {0x8825, 4, 1}} {
		out = order.AppendUint16(out, e.tag)
		out = order.AppendUint16(out, e.kind)
		out = order.AppendUint32(out, e.count)
		out = order.AppendUint16(out, uint16(orientation))
		out = order.AppendUint16(out, 0)
	}
	out = order.AppendUint32(out, 0)
	return "Exif\x00\x00" + string(out) + secret
}

// withParts puts parts behind the first bytes of a file.
func withParts(file []byte, at int, parts ...[]byte) []byte {
	out := bytes.Clone(file[:at])
	for _, p := range parts {
		out = append(out, p...)
	}
	return append(out, file[at:]...)
}

// chunk is one of a PNG.
func chunk(name, data string) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(out, name+data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// inkJPEG is a flat JPEG of four inks, or of three colours in several scans, which
// the standard library reads and does not write: each block is the same.
func inkJPEG(width, height, components int, progressive bool) []byte {
	out := []byte{0xff, 0xd8}
	if components == 4 {
		out = append(out, segment(0xee, "Adobe\x00\x64\x00\x00\x00\x00\x00")...)
	}
	out = append(out, segment(0xdb, "\x00"+string(bytes.Repeat([]byte{1}, 64)))...)
	frame := "\x08" + string(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, uint16(height)), uint16(width))) + string(rune(components))
	scan := string(rune(components))
	for i := range components {
		frame += string(rune(i+1)) + "\x11\x00"
		scan += string(rune(i+1)) + "\x00"
	}
	sof := byte(0xc0)
	bits := 2 // no difference, and the end of the block
	end := "\x00\x3f\x00"
	if progressive {
		sof, bits, end = 0xc2, 1, "\x00\x00\x00"
	}
	out = append(out, segment(sof, frame)...)
	one := "\x01" + string(make([]byte, 15)) + "\x00"
	out = append(out, segment(0xc4, "\x00"+one)...)
	out = append(out, segment(0xc4, "\x10"+one)...)
	out = append(out, segment(0xda, scan+end)...)
	blocks := ((width + 7) / 8) * ((height + 7) / 8) * components
	out = append(out, make([]byte, (blocks*bits+7)/8)...)
	return append(out, 0xff, 0xd9)
}
