package browser_test

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// screenshots names a folder for pictures of the pages; none are taken without it.
const screenshots = "PARUTION_SCREENSHOTS"

// pictures keeps screenshots of the pages for people: of every kind at three widths
// in the default theme by day, and of some at night and in the other theme.
func pictures(t *testing.T, s *stage, browser *chromium) {
	dir := os.Getenv(screenshots)
	if dir == "" {
		t.Skip("no pictures are wanted: " + screenshots + " names no folder")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	demo := append(s.showcase(), s.demoPosts(t)...)
	few := func(names ...string) []page {
		return slices.DeleteFunc(slices.Clone(demo), func(p page) bool { return !slices.Contains(names, p.name) })
	}
	for _, of := range []struct {
		size
		most int // of the height, in pixels
	}{{size{"phone", 390, 844, true}, 2400}, {size{"tablet", 820, 1180, true}, 1900}, {size{"desk", 1440, 900, false}, 1800}} {
		for _, scheme := range []string{"light", "dark"} {
			pages := few("home", "post-demo-fr", "post", "tags", "tag-described", "search-results")
			switch {
			case s.theme == "folio" && scheme == "light":
				pages = demo
			case scheme == "dark":
				pages = few("home", "post-demo-fr", "search-results")
			}
			if scheme == "dark" && of.name == "tablet" {
				continue
			}
			p := browser.open(t, s.URL, of.size, true)
			p.prefer(scheme, "")
			for _, at := range pages {
				p.visit(at.at)
				name := fmt.Sprintf("%s-%s-%s-%s.png", s.theme, at.name, of.name, scheme)
				if err := os.WriteFile(filepath.Join(dir, name), small(t, p.screenshot(of.most)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// showcase are the pages of every kind with the demo's posts on them where there is a choice.
func (s *stage) showcase() []page {
	out := slices.Clone(s.pages)
	for i, p := range out {
		for name, path := range map[string]string{
			"tag": "/tags/typography", "tags-several": "/tags/tools+typography", "archive-year": "/archive/2026", "archive-month": "/archive/2026/02",
		} {
			if p.name == name {
				out[i].at = s.URL + path
			}
		}
	}
	return out
}

// demoPosts are two of the demo's own: people look at these, machines at the samples.
func (s *stage) demoPosts(t *testing.T) []page {
	t.Helper()
	var out []page
	for _, language := range []string{"en", "fr"} {
		for _, p := range s.Anyone().For(t).List("", 100) {
			if p.Language == language && p.Image != "" && p.Featured {
				out = append(out, page{"post-demo-" + language, s.URL + p.Page(), 200})
				break
			}
		}
	}
	return out
}

// mostColours is how many a picture keeps: with a palette it has a third of the bytes.
const mostColours = 255

// small is a PNG picture with fewer colours.
func small(t *testing.T, picture []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatalf("read the screenshot: %v", err)
	}
	bounds := full.Bounds()
	count := make(map[[3]uint8]int)
	at := func(x, y int) [3]uint8 {
		r, g, b, _ := full.At(x, y).RGBA()
		return [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
	}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	palette, index := reduce(count)
	out := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			out.SetColorIndex(x, y, index[at(x, y)])
		}
	}
	var file bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&file, out); err != nil {
		t.Fatalf("write the screenshot: %v", err)
	}
	return file.Bytes()
}

// reduce finds a palette by median cut: the box of colours that is largest, and seen
// most, is cut across its longest side until there are enough. A box becomes its mean, or the
// one colour that is most of it, so that paper and ink stay what they are.
func reduce(count map[[3]uint8]int) (color.Palette, map[[3]uint8]uint8) {
	var all [][3]uint8
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b [3]uint8) int { return slices.Compare(a[:], b[:]) })
	boxes := [][][3]uint8{all}
	for len(boxes) < mostColours {
		worst, most, side := -1, 0.0, 0
		for i, box := range boxes {
			along, spread := longest(box)
			if weight := float64(spread*spread) * math.Sqrt(float64(pixels(box, count))); len(box) > 1 && weight > most {
				worst, most, side = i, weight, along
			}
		}
		if worst < 0 {
			break
		}
		box := boxes[worst]
		slices.SortStableFunc(box, func(a, b [3]uint8) int { return cmp.Compare(a[side], b[side]) })
		middle := (int(box[0][side]) + int(box[len(box)-1][side])) / 2
		cut := slices.IndexFunc(box, func(c [3]uint8) bool { return int(c[side]) > middle })
		boxes[worst] = box[:cut]
		boxes = append(boxes, box[cut:])
	}
	palette, index := make(color.Palette, 0, len(boxes)), make(map[[3]uint8]uint8)
	for i, box := range boxes {
		palette = append(palette, middle(box, count))
		for _, c := range box {
			index[c] = uint8(i)
		}
	}
	return palette, index
}

func pixels(box [][3]uint8, count map[[3]uint8]int) int {
	sum := 0
	for _, c := range box {
		sum += count[c]
	}
	return sum
}

func middle(box [][3]uint8, count map[[3]uint8]int) color.RGBA {
	all := pixels(box, count)
	main := slices.MaxFunc(box, func(a, b [3]uint8) int { return cmp.Compare(count[a], count[b]) })
	if count[main]*2 > all {
		return color.RGBA{main[0], main[1], main[2], 255}
	}
	var sum [3]int
	for _, c := range box {
		for i := range 3 {
			sum[i] += int(c[i]) * count[c]
		}
	}
	return color.RGBA{uint8(sum[0] / all), uint8(sum[1] / all), uint8(sum[2] / all), 255}
}

// longest is the side along which the colours of a box differ most.
func longest(box [][3]uint8) (side, spread int) {
	for i := range 3 {
		low, high := 255, 0
		for _, c := range box {
			low, high = min(low, int(c[i])), max(high, int(c[i]))
		}
		if high-low > spread {
			side, spread = i, high-low
		}
	}
	return side, spread
}
