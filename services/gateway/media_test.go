package gateway_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"
	"testing"
)

// picture is a PNG.
func picture(t testing.TB, width, height int) string {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatalf("make a picture: %v", err)
	}
	return out.String()
}

// claiming is a PNG that says it has other measures than it has.
func claiming(t testing.TB, width, height uint32) string {
	t.Helper()
	b := []byte(picture(t, 1, 1))
	binary.BigEndian.PutUint32(b[16:], width)
	binary.BigEndian.PutUint32(b[20:], height)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return string(b)
}

func TestSoundPicturesAreKept(t *testing.T) {
	t.Parallel()
	f := start(t)
	var jpg, gf bytes.Buffer
	gray := image.NewGray(image.Rect(0, 0, 2, 2))
	if err := jpeg.Encode(&jpg, gray, nil); err != nil {
		t.Fatalf("make a JPEG: %v", err)
	}
	if err := gif.Encode(&gf, gray, nil); err != nil {
		t.Fatalf("make a GIF: %v", err)
	}
	webp, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	if err != nil {
		t.Fatalf("make a WebP: %v", err)
	}
	for _, c := range [][2]string{
		{"image/png", picture(t, 3, 3)},
		{"image/png", claiming(t, 8000, 5000)},
		{"image/jpeg", jpg.String()},
		{"image/gif", gf.String()},
		{"image/webp", string(webp)},
		{"image/svg+xml", "\ufeff<!-- drawn --><svg viewBox=\"0 0 1 1\"><g><path d=\"M0 0\"/></g></svg>\n"},
	} {
		if got := f.call(t, http.MethodPost, "/api/v1/media", c[1], token("author"), with("Content-Type", c[0])); got.status != http.StatusCreated {
			t.Errorf("%s = %d %s, want 201", c[0], got.status, got.body)
		}
	}
}

func TestBrokenPicturesAreRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	sound := picture(t, 3, 3)
	for name, c := range map[string]struct{ mime, body, want string }{
		"garbage after the signature": {"image/png", "\x89PNG\r\n\x1a\n" + strings.Repeat("x", 100), "is a broken image/png"},
		"cut PNG":                     {"image/png", sound[:20], "ends too early"},
		"changed PNG":                 {"image/png", sound[:17] + "\x01" + sound[18:], "checksum"},
		"garbage JPEG":                {"image/jpeg", "\xff\xd8\xff\xe0garbage", "is a broken image/jpeg"},
		"cut GIF":                     {"image/gif", "GIF89a", "is a broken image/gif"},
		"GIF without pixels":          {"image/gif", "GIF89a\x00\x00\x00\x00\x00\x00\x00", "no pixels"},
		"garbage WebP":                {"image/webp", "RIFF\x10\x00\x00\x00WEBPgarbage.....", "is a broken image/webp"},
		"too many pixels":             {"image/png", claiming(t, 8000, 5001), "8000 × 5001 pixels; at most 40 megapixels"},
		"no root":                     {"image/svg+xml", "<!-- nothing -->", "no svg element"},
		"another root":                {"image/svg+xml", "<html><svg/></html>", "root"},
		"two roots":                   {"image/svg+xml", "<svg/><svg/>", "root"},
		"open drawing":                {"image/svg+xml", "<svg><g>\n</svg>", "not well-formed XML at line 2"},
		"text around":                 {"image/svg+xml", "<svg/>text", "outside of its root"},
		"a document type":             {"image/svg+xml", `<!DOCTYPE svg [<!ENTITY a "b">]><svg/>`, "DOCTYPE"},
		"an entity":                   {"image/svg+xml", `<svg>&lol;</svg>`, "not well-formed"},
		"Latin-1":                     {"image/svg+xml", `<?xml version="1.0" encoding="iso-8859-1"?><svg/>`, "UTF-8"},
		"deep":                        {"image/svg+xml", "<svg>" + strings.Repeat("<g>", 1000), "nest deeper than 1000"},
	} {
		got := f.call(t, http.MethodPost, "/api/v1/media", c.body, token("author"), with("Content-Type", c.mime))
		p := got.problem(t)
		if got.status != http.StatusUnprocessableEntity || len(p.Errors) != 1 || p.Errors[0].Field != "body" || !strings.Contains(p.Detail, c.want) {
			t.Errorf("%s = %d %s, want 422 with %q", name, got.status, got.body, c.want)
		}
	}
}

func TestEachSiteHasItsOwnMedia(t *testing.T) {
	t.Parallel()
	f := start(t)
	type kept struct {
		URL      string
		Existing bool
	}
	up := func(base string, status int, options ...option) kept {
		t.Helper()
		options = append(options, with("Content-Type", "image/png"))
		got := send(t, base, http.MethodPost, "/api/v1/media", picture(t, 3, 3), options...)
		var out kept
		if err := json.Unmarshal([]byte(got.body), &out); err != nil || got.status != status || out.Existing != (status == http.StatusOK) {
			t.Fatalf("upload = %d %s, want %d", got.status, got.body, status)
		}
		return out
	}
	other := with("Host", "other.example")
	named := with("Parution-Site", "other")
	first := up(f.public.URL, http.StatusCreated, token("author"))
	if got := f.get(t, first.URL, other); got.status != http.StatusNotFound {
		t.Errorf("a file of main at the host of other = %d, want 404", got.status)
	}
	if got := send(t, f.admin.URL, http.MethodGet, first.URL, "", named); got.status != http.StatusNotFound {
		t.Errorf("a file of main for an operator at other = %d, want 404", got.status)
	}
	if got := f.get(t, first.URL, named); got.status != http.StatusOK {
		t.Errorf("a file of main for a reader who names other = %d, want 200: only operators choose", got.status)
	}
	if second := up(f.public.URL, http.StatusCreated, named, token("operator")); second.URL != first.URL {
		t.Errorf("the same picture is at %s for other and at %s for main", second.URL, first.URL)
	}
	up(f.public.URL, http.StatusOK, token("author"))
	up(f.public.URL, http.StatusOK, other, token("author"))
	up(f.admin.URL, http.StatusOK, named)
	for name, got := range map[string]answer{
		"reader of main":    f.get(t, first.URL),
		"reader of other":   f.get(t, first.URL, other),
		"operator at other": send(t, f.admin.URL, http.MethodGet, first.URL, "", named),
	} {
		if got.status != http.StatusOK || got.body != picture(t, 3, 3) {
			t.Errorf("%s: GET %s = %d", name, first.URL, got.status)
		}
	}
}
