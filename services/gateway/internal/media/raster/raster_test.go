package raster_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/services/gateway/internal/media/raster"
)

func clean(t testing.TB, file []byte, mime string) ([]byte, raster.Facts) {
	t.Helper()
	var out bytes.Buffer
	facts, err := raster.Clean(&out, io.NewSectionReader(bytes.NewReader(file), 0, int64(len(file))), mime)
	if err != nil {
		t.Fatalf("Clean: %v", err)
	}
	return out.Bytes(), facts
}

// copies are the copies of a picture, by width.
func copies(t testing.TB, file []byte, mime string, widths ...int) map[int]image.Image {
	t.Helper()
	file, facts := clean(t, file, mime)
	out := make(map[int]image.Image)
	err := raster.Copies(bytes.NewReader(file), mime, facts, widths, func(width int, copied []byte) error {
		m, format, err := image.Decode(bytes.NewReader(copied))
		if err != nil || "image/"+format != mime {
			t.Errorf("the copy of %d pixels is %s: %v", width, format, err)
		}
		out[width] = m
		return nil
	})
	if err != nil {
		t.Fatalf("Copies: %v", err)
	}
	return out
}

// near tells whether two colours look the same.
func near(a, b color.Color) bool {
	r, g, bl, al := a.RGBA()
	r2, g2, b2, al2 := b.RGBA()
	far := func(x, y uint32) bool { return math.Abs(float64(x)-float64(y)) > 0x0a00 }
	return !far(r, r2) && !far(g, g2) && !far(bl, b2) && !far(al, al2)
}

func wantCorners(t *testing.T, m image.Image) {
	t.Helper()
	b := m.Bounds()
	for i, at := range []image.Point{{b.Dx() / 4, b.Dy() / 4}, {b.Dx() * 3 / 4, b.Dy() / 4}, {b.Dx() / 4, b.Dy() * 3 / 4}, {b.Dx() * 3 / 4, b.Dy() * 3 / 4}} {
		if got := m.At(b.Min.X+at.X, b.Min.Y+at.Y); !near(got, corners()[i]) {
			t.Errorf("corner %d is %v, want %v", i, got, corners()[i])
		}
	}
}

// A photograph is upright however the camera was held, and tells nothing but that.
func TestPhotographs(t *testing.T) {
	t.Parallel()
	shown := quartered(96, 64)
	for o := 1; o <= 8; o++ {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			plain := jpegOf(t, stored(shown, o))
			file := withParts(plain, 2,
				segment(0xe1, exif(order, o)), segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+secret), segment(0xed, "Photoshop 3.0\x00"+secret),
				segment(0xfe, secret), segment(0xe2, "MPF\x00"+secret))
			file = append(file, jpegOf(t, shown)...) // another picture behind the end
			file = append(file, secret...)
			cleaned, facts := clean(t, file, "image/jpeg")
			if facts.Orientation != o || facts.Turned() != (o > 4) {
				t.Errorf("%v: orientation = %d, want %d", order, facts.Orientation, o)
			}
			if bytes.Contains(cleaned, []byte(secret)) || len(cleaned) > len(plain)+36 {
				t.Errorf("orientation %d: what is kept still tells more, in %d bytes for %d", o, len(cleaned), len(plain))
			}
			again, facts := clean(t, cleaned, "image/jpeg")
			if !bytes.Equal(again, cleaned) || facts.Orientation != o {
				t.Errorf("orientation %d: cleaned again it differs, orientation %d", o, facts.Orientation)
			}
			before, err := jpeg.Decode(bytes.NewReader(plain))
			if err != nil {
				t.Fatal(err)
			}
			after, err := jpeg.Decode(bytes.NewReader(cleaned))
			if err != nil || !cmp.Equal(before, after) {
				t.Errorf("orientation %d: the pixels changed, %v", o, err)
			}
			copied := copies(t, file, "image/jpeg", 48)[48]
			if got := copied.Bounds().Size(); got != image.Pt(48, 32) {
				t.Errorf("orientation %d: the copy has %v, want 48 × 32", o, got)
			}
			wantCorners(t, copied)
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	see := image.NewNRGBA(image.Rect(0, 0, 80, 40))
	deep := image.NewNRGBA64(see.Rect)
	few := image.NewPaletted(see.Rect, color.Palette{color.Transparent, color.RGBA{200, 30, 30, 255}})
	for y := range 40 {
		for x := range 80 {
			c := color.NRGBA{uint8(100 + x), 30, 30, uint8(6 * y)}
			see.SetNRGBA(x, y, c)
			deep.Set(x, y, c)
			few.SetColorIndex(x, y, uint8(y/20))
		}
	}
	grey := image.NewGray(see.Rect)
	for i := range grey.Pix {
		grey.Pix[i] = 77
	}
	for _, tt := range []struct {
		name, mime string
		file       []byte
		want       color.Model
		at         image.Point // of the copy, which is half as large
		colour     color.Color
	}{
		{"alpha", "image/png", pngOf(t, see), color.NRGBAModel, image.Pt(20, 10), see.At(40, 20)},
		{"16 bits", "image/png", pngOf(t, deep), color.NRGBAModel, image.Pt(20, 10), see.At(40, 20)},
		{"palette, top", "image/png", pngOf(t, few), color.NRGBAModel, image.Pt(20, 4), color.Transparent},
		{"palette, bottom", "image/png", pngOf(t, few), color.NRGBAModel, image.Pt(20, 15), color.RGBA{200, 30, 30, 255}},
		{"grey PNG", "image/png", pngOf(t, grey), color.GrayModel, image.Pt(20, 10), color.Gray{77}},
		{"grey JPEG", "image/jpeg", jpegOf(t, grey), color.GrayModel, image.Pt(20, 10), color.Gray{77}},
		{"four inks", "image/jpeg", inkJPEG(80, 40, 4, false), color.YCbCrModel, image.Pt(20, 10), color.CMYK{128, 128, 128, 128}},
		{"several scans", "image/jpeg", inkJPEG(80, 40, 3, true), color.YCbCrModel, image.Pt(20, 10), color.Gray{128}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := copies(t, tt.file, tt.mime, 40)[40]
			if m == nil || m.Bounds().Size() != image.Pt(40, 20) || m.ColorModel() != tt.want {
				t.Fatalf("the copy is %T with %v, want 40 × 20 in the form of the picture", m, m.Bounds())
			}
			if got := m.At(tt.at.X, tt.at.Y); !near(got, tt.colour) {
				t.Errorf("the copy is %v at %v, want %v", got, tt.at, tt.colour)
			}
		})
	}
}

// A large picture is scaled in bands, and one must not see where they meet.
func TestBands(t *testing.T) {
	t.Parallel()
	src := image.NewRGBA(image.Rect(0, 0, 2100, 1100))
	for y := range 1100 {
		for x := range 2100 {
			src.SetRGBA(x, y, color.RGBA{uint8(x / 9), uint8(y / 5), 90, 255})
		}
	}
	got := copies(t, pngOf(t, src), "image/png", 400, 1050)
	for width, m := range got {
		for y := 2; y < m.Bounds().Dy()-2; y++ {
			for x := 2; x < width-2; x++ {
				want := src.RGBAAt((2*x+1)*1050/width, (2*y+1)*1050/width)
				if c := m.At(x, y); !near(c, want) {
					t.Fatalf("%d pixels wide: %v at %d, %d, want %v", width, c, x, y, want)
				}
			}
		}
	}
	if len(got) != 2 {
		t.Errorf("%d copies, want 2", len(got))
	}
}

// What the numbers mean goes along with the copies; otherwise the reds of a
// telephone fade.
func TestColoursMeanTheSame(t *testing.T) {
	t.Parallel()
	const profile = "ICC_PROFILE\x00\x01\x01what red is"
	file := withParts(jpegOf(t, quartered(64, 64)), 2, segment(0xe2, profile))
	kept, facts := clean(t, file, "image/jpeg")
	if !bytes.Contains(kept, []byte(profile)) {
		t.Error("the picture lost its colour profile")
	}
	err := raster.Copies(bytes.NewReader(kept), "image/jpeg", facts, []int{32}, func(_ int, copied []byte) error {
		if !bytes.Contains(copied, segment(0xe2, profile)) {
			t.Error("the copy has no colour profile")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	gamma := chunk("gAMA", "\x00\x00\xb1\x8f")
	kept, facts = clean(t, withParts(pngOf(t, quartered(64, 64)), 33, gamma, chunk("tEXt", "Comment\x00"+secret), chunk("eXIf", secret)), "image/png")
	if !bytes.Contains(kept, gamma) || bytes.Contains(kept, []byte(secret)) {
		t.Errorf("of a PNG is kept: %q", kept)
	}
	err = raster.Copies(bytes.NewReader(kept), "image/png", facts, []int{32}, func(_ int, copied []byte) error {
		if _, err := png.Decode(bytes.NewReader(copied)); err != nil || !bytes.Contains(copied, gamma) {
			t.Errorf("the copy has no gamma, or is broken: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWebP(t *testing.T) {
	t.Parallel()
	still, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := clean(t, still, "image/webp"); !bytes.Equal(got, still) {
		t.Errorf("a plain WebP becomes %q", got)
	}
	piece := func(name, data string) string {
		out := name + string(binary.LittleEndian.AppendUint32(nil, uint32(len(data)))) + data
		return out + strings.Repeat("\x00", len(data)%2)
	}
	body := "WEBP" + piece("VP8X", "\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00") + string(still[12:]) + piece("EXIF", secret) + piece("XMP ", secret+"!")
	got, _ := clean(t, []byte("RIFF"+string(binary.LittleEndian.AppendUint32(nil, uint32(len(body))))+body+secret), "image/webp")
	want := "WEBP" + piece("VP8X", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00") + string(still[12:])
	want = "RIFF" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(want)))) + want
	if string(got) != want {
		t.Errorf("kept %q, want %q", got, want)
	}
}

func TestMovingPNG(t *testing.T) {
	t.Parallel()
	file := withParts(pngOf(t, quartered(8, 8)), 33, chunk("acTL", "\x00\x00\x00\x02\x00\x00\x00\x00"))
	kept, facts := clean(t, file, "image/png")
	if !facts.Moving || !bytes.Equal(kept, file) {
		t.Errorf("moving = %v, %d bytes of %d kept", facts.Moving, len(kept), len(file))
	}
}

// What decoding will take is known before, so that no picture takes all memory.
func TestMemory(t *testing.T) {
	t.Parallel()
	const width, height = 6000, 5000
	for _, tt := range []struct {
		name        string
		file        []byte
		mime        string
		least, most int64 // MB
	}{
		{"one scan", inkJPEG(width, height, 1, false), "image/jpeg", 30, 250},
		{"several scans", inkJPEG(width, height, 3, true), "image/jpeg", 450, 900},
		{"16 bits", pngOf(t, image.NewNRGBA64(image.Rect(0, 0, 3000, 2500))), "image/png", 60, 300},
	} {
		_, facts := clean(t, tt.file, tt.mime)
		if got := facts.Memory(2400) / 1_000_000; got < tt.least || got > tt.most {
			t.Errorf("%s: %d MB, want %d to %d", tt.name, got, tt.least, tt.most)
		}
	}
}

// A picture has one size. A second one, which decoders come to only after they made
// room for the first, would hide how much that is.
func TestSecondSizeIsRefused(t *testing.T) {
	t.Parallel()
	large, small := inkJPEG(6000, 5000, 3, true), inkJPEG(8, 8, 1, false)
	file := append(bytes.Clone(large[:len(large)-2]), small[2:]...)
	wide, narrow := pngOf(t, quartered(64, 64)), pngOf(t, quartered(8, 8))
	for mime, file := range map[string][]byte{"image/jpeg": file, "image/png": withParts(wide, 33, narrow[8:33])} {
		_, err := raster.Inspect(io.NewSectionReader(bytes.NewReader(file), 0, int64(len(file))), mime)
		if !errors.Is(err, raster.ErrMalformed) {
			t.Errorf("%s: Inspect = %v, want a refusal", mime, err)
		}
	}
}

// FuzzClean: nothing panics, and cleaning twice is cleaning once.
func FuzzClean(f *testing.F) {
	f.Add(jpegOf(f, quartered(16, 8)), uint8(0))
	f.Add(withParts(jpegOf(f, quartered(16, 8)), 2, segment(0xe1, exif(binary.LittleEndian, 6))), uint8(0))
	f.Add(inkJPEG(16, 8, 4, true), uint8(0))
	f.Add(pngOf(f, quartered(16, 8)), uint8(1))
	f.Add([]byte("RIFF\x04\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x0c"), uint8(2))
	f.Fuzz(func(t *testing.T, file []byte, kind uint8) {
		mime := []string{"image/jpeg", "image/png", "image/webp"}[kind%3]
		var once, twice bytes.Buffer
		if _, err := raster.Clean(&once, io.NewSectionReader(bytes.NewReader(file), 0, int64(len(file))), mime); err != nil {
			if !errors.Is(err, raster.ErrMalformed) {
				t.Fatalf("Clean: %v", err)
			}
			return
		}
		if _, err := raster.Clean(&twice, io.NewSectionReader(bytes.NewReader(once.Bytes()), 0, int64(once.Len())), mime); err != nil {
			t.Fatalf("Clean again: %v", err)
		}
		if !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Fatalf("cleaned once %q, twice %q", once.Bytes(), twice.Bytes())
		}
	})
}
