package picture_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/picture"
)

const hash = "0123456789abcdef0123456789abcdef"

func TestAddressTellsSizeAndCopies(t *testing.T) {
	t.Parallel()
	p := picture.Picture{Hash: hash, Width: 1700, Height: 1000, Ext: "jpg"}
	got, ok := picture.Parse(p.Path())
	if !ok || got != p {
		t.Errorf("Parse(%s) = %+v, %t; want %+v", p.Path(), got, ok, p)
	}
	var widths []int
	for _, c := range p.Copies() {
		widths = append(widths, c.Width)
		of, w, ok := picture.ParseCopy(c.Path)
		if !ok || of != p || w != c.Width {
			t.Errorf("ParseCopy(%s) = %+v, %d, %t", c.Path, of, w, ok)
		}
	}
	if diff := cmp.Diff([]int{480, 960}, widths); diff != "" { // 1600 is hardly smaller than 1700
		t.Errorf("widths of the copies (-want +got):\n%s", diff)
	}
	if set := p.Srcset(); strings.Count(set, ", ") != 2 || !strings.HasSuffix(set, p.Path()+" 1700w") {
		t.Errorf("Srcset = %q", set)
	}
}

func TestNothingElseIsAPicture(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"", "/media/" + hash + ".jpg", "/media/" + hash + "-0x10.jpg", "/media/" + hash + "-70000x10.jpg", "/media/" + hash + "-10x10.exe",
		"/media/" + strings.ToUpper(hash) + "-10x10.jpg", "https://example.org/media/" + hash + "-10x10.jpg", "/media/" + hash + "-2000x10-w480.jpg",
	} {
		if p, ok := picture.Parse(path); ok {
			t.Errorf("Parse(%q) = %+v", path, p)
		}
	}
	for _, path := range []string{"-2000x10-w481.jpg", "-500x10-w480.jpg", "-2000x10-w480.webp", "-2000x10.jpg"} {
		if p, w, ok := picture.ParseCopy("/media/" + hash + path); ok {
			t.Errorf("ParseCopy(%q) = %+v, %d", path, p, w)
		}
	}
	for _, ext := range []string{"gif", "svg", "webp"} {
		if set := (picture.Picture{Hash: hash, Width: 5000, Height: 10, Ext: ext}).Srcset(); set != "" {
			t.Errorf("Srcset of a %s = %q", ext, set)
		}
	}
}
