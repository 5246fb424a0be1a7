package media_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/picture"
	"github.com/parution/parution/services/gateway/internal/media"
)

const (
	maxBytes = 25 << 20
	memory   = 192 << 20
)

// world is a store and its folder.
type world struct {
	*media.Store

	dir string
}

func start(t *testing.T, memory int64) world {
	t.Helper()
	dir := t.TempDir()
	s := media.New(dir, maxBytes, memory, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { _ = s.Close() })
	return world{s, dir}
}

func (w world) upload(t *testing.T, mime string, content []byte) media.Uploaded {
	t.Helper()
	r := httptest.NewRequestWithContext(identity.With(t.Context(), identity.Principal{Site: "main", Role: identity.Author}), http.MethodPost, "/api/v1/media", bytes.NewReader(content))
	r.Header.Set("Content-Type", mime)
	out := httptest.NewRecorder()
	w.Upload(out, r)
	var got media.Uploaded
	if err := json.Unmarshal(out.Body.Bytes(), &got); err != nil || out.Code/100 != 2 {
		t.Fatalf("upload = %d %s", out.Code, out.Body)
	}
	return got
}

// get reads a file; nil if the site has none of that name.
func (w world) get(ctx context.Context, path string) *httptest.ResponseRecorder {
	out := httptest.NewRecorder()
	if !w.ServeFile(out, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil), "main") {
		return nil
	}
	return out
}

// want reads a file that lasts.
func (w world) want(t *testing.T, path string) []byte {
	t.Helper()
	out := w.get(t.Context(), path)
	if out == nil || out.Code != http.StatusOK {
		t.Fatalf("GET %s = %v, want 200", path, out)
	}
	if c := out.Header().Get("Cache-Control"); !strings.Contains(c, "immutable") {
		t.Errorf("GET %s may be kept as %q, want for ever", path, c)
	}
	return out.Body.Bytes()
}

func parse(t *testing.T, path string) picture.Picture {
	t.Helper()
	p, ok := picture.Parse(path)
	if !ok {
		t.Fatalf("%s does not tell what it is", path)
	}
	return p
}

// landscape is a picture that no packing makes small: red on its left, with a grain.
func landscape(width, height int) *image.RGBA {
	m, r := image.NewRGBA(image.Rect(0, 0, width, height)), rand.New(rand.NewPCG(1, 2))
	for y := range height {
		for x := range width {
			c := color.RGBA{30, uint8(r.IntN(60)), 200, 255}
			if x < width/2 {
				c = color.RGBA{200, uint8(r.IntN(60)), 30, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func jpegOf(t *testing.T, m image.Image, quality int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatalf("encode: %v", err)
	}
	return out.Bytes()
}

func pngOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatalf("encode: %v", err)
	}
	return out.Bytes()
}

// held is a photograph that a telephone took on its side, at a place.
func held(photo []byte, place string) []byte {
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00" + place
	out := append(bytes.Clone(photo[:2]), 0xff, 0xe1, 0, byte(len(exif)+2))
	return append(append(out, exif...), photo[2:]...)
}

func TestAPhotographAndItsCopies(t *testing.T) {
	t.Parallel()
	w := start(t, memory)
	photo := jpegOf(t, landscape(1800, 1200), 95)
	got := w.upload(t, "image/jpeg", held(photo, "48.8566 N"))
	if got.Existing || got.Width != 1200 || got.Height != 1800 {
		t.Fatalf("uploaded %+v, want something new of 1200 × 1800", got)
	}
	p := parse(t, got.URL)
	if p.Width != 1200 || p.Height != 1800 || len(p.Copies()) != 2 {
		t.Fatalf("the address tells %+v with %d copies", p, len(p.Copies()))
	}
	original := w.want(t, got.URL)
	if bytes.Contains(original, []byte("48.8566 N")) {
		t.Error("readers learn where the photograph was taken")
	}
	for _, c := range p.Copies() {
		file := w.want(t, c.Path)
		m, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil || m.Bounds().Dx() != c.Width || m.Bounds().Dy() != c.Width*3/2 || len(file) >= len(original) {
			t.Fatalf("%s is %v in %d bytes of %d, %v", c.Path, m.Bounds(), len(file), len(original), err)
		}
		// On its side the left was the top.
		above, _, _, _ := m.At(c.Width/2, c.Width/4).RGBA()
		below, _, _, _ := m.At(c.Width/2, c.Width*5/4).RGBA()
		if above < 0x8000 || below > 0x8000 {
			t.Errorf("%s is not upright", c.Path)
		}
	}
	for _, elsewhere := range []string{"48.8566 N", "43.2965 N"} {
		if again := w.upload(t, "image/jpeg", held(photo, elsewhere)); !again.Existing || again.URL != got.URL {
			t.Errorf("the same photograph from %s is %+v, want %s again", elsewhere, again, got.URL)
		}
	}
	if again := w.upload(t, "image/jpeg", original); !again.Existing || again.URL != got.URL {
		t.Errorf("what readers get, uploaded again, is %+v, want %s again", again, got.URL)
	}
	files, err := os.ReadDir(filepath.Join(w.dir, "main"))
	if err != nil || len(files) != 3 {
		t.Errorf("the folder holds %v, %v; want a picture and two copies", files, err)
	}
}

// A copy that is not there is made for the first who asks, also if all ask at once.
func TestAMissingCopyIsMade(t *testing.T) {
	t.Parallel()
	w := start(t, memory)
	got := w.upload(t, "image/jpeg", jpegOf(t, landscape(1200, 300), 95))
	p := parse(t, got.URL)
	path := p.Copies()[0].Path
	before := w.want(t, path)
	for _, c := range p.Copies() {
		if err := os.Remove(filepath.Join(w.dir, "main", filepath.Base(c.Path))); err != nil {
			t.Fatal(err)
		}
	}
	late, cancel := context.WithCancel(t.Context())
	cancel()
	standIn := w.get(late, path)
	if standIn == nil || !bytes.Equal(standIn.Body.Bytes(), w.want(t, got.URL)) || standIn.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("who cannot wait gets %v, want the picture itself, not to be kept", standIn)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if out := w.get(t.Context(), path); out == nil || !bytes.Equal(out.Body.Bytes(), before) {
				t.Errorf("GET of a missing copy = %v, want it as it was", out)
			}
		})
	}
	wg.Wait()
	if !bytes.Equal(w.want(t, p.Copies()[1].Path)[:2], []byte{0xff, 0xd8}) {
		t.Error("the other copy was not made")
	}
	for _, path := range []string{
		strings.Replace(path, "-w480", "-w481", 1), strings.Replace(path, "-w480", "-w1600", 1), strings.Replace(path, "1200x300", "1200x301", 1),
		strings.Replace(path, ".jpg", ".png", 1), strings.Replace(got.URL, "-1200x300", "", 1), "/media/../main/" + filepath.Base(path),
	} {
		if out := w.get(t.Context(), path); out != nil {
			t.Errorf("GET %s = %d, want no such file", path, out.Code)
		}
	}
}

// Addresses of earlier versions stay.
func TestOldNames(t *testing.T) {
	t.Parallel()
	w := start(t, memory)
	const old = "0123456789abcdef0123456789abcdef.png"
	if err := os.MkdirAll(filepath.Join(w.dir, "main"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "main", old), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := w.want(t, "/media/"+old); string(got) != "x" {
		t.Errorf("GET of an old name = %q", got)
	}
}

// chunk is one of a PNG.
func chunk(name, data string) string {
	out := string(binary.BigEndian.AppendUint32(nil, uint32(len(data)))) + name + data
	return out + string(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(name+data))))
}

// Where a copy would be worse than the picture, or cannot be made, the picture
// answers in its place: no address on a page is empty.
func TestThePictureStandsIn(t *testing.T) {
	t.Parallel()
	sound := pngOf(t, landscape(600, 60))
	for name, tt := range map[string]struct {
		mime    string
		content []byte
		memory  int64
	}{
		"cut off":               {"image/png", sound[:len(sound)/2], memory},
		"moving":                {"image/png", []byte(string(sound[:33]) + chunk("acTL", "\x00\x00\x00\x02\x00\x00\x00\x00") + string(sound[33:])), memory},
		"too large for memory":  {"image/png", sound, 1 << 20},
		"packed better already": {"image/jpeg", jpegOf(t, landscape(600, 60), 1), memory},
		"one colour":            {"image/png", pngOf(t, image.NewPaletted(image.Rect(0, 0, 600, 60), color.Palette{color.Black})), memory},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, tt.memory)
			got := w.upload(t, tt.mime, tt.content)
			if !bytes.Equal(w.want(t, got.URL), tt.content) {
				t.Error("the picture changed")
			}
			copies := parse(t, got.URL).Copies()
			if len(copies) != 1 || !bytes.Equal(w.want(t, copies[0].Path), tt.content) {
				t.Errorf("%d copies, want one that is the picture itself", len(copies))
			}
		})
	}
}

func TestWhatNeedsNoCopies(t *testing.T) {
	t.Parallel()
	w := start(t, memory)
	frames := &gif.GIF{LoopCount: 3}
	for i := range 3 {
		m := image.NewPaletted(image.Rect(0, 0, 900, 20), color.Palette{color.Black, color.White})
		m.SetColorIndex(i, i, 1)
		frames.Image, frames.Delay = append(frames.Image, m), append(frames.Delay, 10)
	}
	var moving bytes.Buffer
	if err := gif.EncodeAll(&moving, frames); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		mime    string
		content []byte
		size    string
	}{
		{"image/gif", moving.Bytes(), "-900x20.gif"},
		{"image/png", pngOf(t, landscape(1, 1)), "-1x1.png"},
		{"image/jpeg", jpegOf(t, landscape(1, 1), 80), "-1x1.jpg"},
		{"image/svg+xml", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3000 2000"/>`), "-3000x2000.svg"},
	} {
		got := w.upload(t, tt.mime, tt.content)
		if !strings.HasSuffix(got.URL, tt.size) || !bytes.Equal(w.want(t, got.URL), tt.content) {
			t.Errorf("%s is at %s, want …%s with nothing changed", tt.mime, got.URL, tt.size)
		}
		if copies := parse(t, got.URL).Copies(); len(copies) != 0 {
			t.Errorf("%s has %d copies, want none", got.URL, len(copies))
		}
	}
}

func TestSizesOfDrawings(t *testing.T) {
	t.Parallel()
	w := start(t, memory)
	for attributes, want := range map[string]string{
		`width="120" height="80"`:                               "120x80",
		`width="120px" height="80.4px"`:                         "120x80",
		`width="1in" height="72pt"`:                             "96x96",
		`width="210mm" height="297mm"`:                          "794x1123",
		`width="1e2" height="2E1"`:                              "100x20",
		`width="2em" height="3ex"`:                              "32x24",
		`viewBox="0 0 640 480"`:                                 "640x480",
		`viewBox="-5,-5 64,32"`:                                 "64x32",
		`width="320" viewBox="0 0 640 480"`:                     "320x240",
		`height="240" viewBox="0 0 640 480"`:                    "320x240",
		`width="100%" height="100%" viewBox="0 0 16 9"`:         "16x9",
		`width="100%"`:                                          "300x150",
		`width="50"`:                                            "50x150",
		`height="50"`:                                           "300x50",
		`width="-4" height="0"`:                                 "300x150",
		`width="NaN" height="Inf"`:                              "300x150",
		`width="0.2" height="0.2"`:                              "1x1",
		`width="131070" height="200"`:                           "65535x100",
		`xmlns:x="urn:x" x:width="1" width="7" height="9"`:      "7x9",
		`viewBox="0 0 0 0"`:                                     "300x150",
		`viewBox="nonsense" width="auto" height="calc(1px+1%)"`: "300x150",
	} {
		got := w.upload(t, "image/svg+xml", fmt.Appendf(nil, `<svg %s><!-- %s --></svg>`, attributes, "drawn"))
		if p := parse(t, got.URL); fmt.Sprintf("%dx%d", p.Width, p.Height) != want || got.Width != p.Width || got.Height != p.Height {
			t.Errorf("<svg %s> is %d × %d at %s, want %s", attributes, got.Width, got.Height, got.URL, want)
		}
	}
}
