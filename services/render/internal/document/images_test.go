package document

import (
	"strings"
	"testing"
)

func TestImageOfAnotherHostIsALinkToIt(t *testing.T) {
	t.Parallel()
	const rel = ` rel="nofollow noopener ugc"`
	for _, c := range []struct{ name, text, language, want, image string }{
		{"alt", `<p>a <img src="https://o.example/a.png" alt="A cat" title="t"> b</p>`, "en", `<p>a <a href="https://o.example/a.png"` + rel + `>A cat</a> b</p>`, ""},
		{"title", `<p><img src="//o.example/a.png" title="A cat"></p>`, "en", `<p><a href="https://o.example/a.png"` + rel + `>A cat</a></p>`, ""},
		{"neither", `<p><img src="https://o.example/a.png" alt=" "></p>`, "fr", `<p><a href="https://o.example/a.png"` + rel + `>Image</a></p>`, ""},
		{"another language", `<p><img src="https://o.example/a.png"></p>`, "de", `<p><a href="https://o.example/a.png"` + rel + `>Bild</a></p>`, ""},
		{"alone", `<img src="https://o.example/a.png" alt="x">`, "en", `<p><a href="https://o.example/a.png"` + rel + `>x</a></p>`, ""},
		{"in a link", `<p><a href="/b"><img src="https://o.example/a.png" alt="x"></a></p>`, "en", `<p><a href="/b">x</a></p>`, ""},
		{
			"before one of our own", `<p><img src="https://o.example/a.png" alt="x"><img src="/m/b.png" alt="y"></p>`, "en",
			`<p><a href="https://o.example/a.png"` + rel + `>x</a><img src="/m/b.png" alt="y" decoding="async"></p>`, "/m/b.png",
		},
		{"on the own base", `<p><img src="https://Own.example/m/b.png?x" alt="y"></p>`, "en", `<p><img src="/m/b.png?x" alt="y" decoding="async"></p>`, "/m/b.png?x"},
		{"with two slashes", `<p><img src="https://own.example//o.example/b.png" alt="y"></p>`, "en", `<p><img src="/o.example/b.png" alt="y" decoding="async"></p>`, "/o.example/b.png"},
		{"of a film", `<video src="/f.mp4" poster="https://o.example/a.png"></video>`, "en", `<video src="/f.mp4" controls="" preload="metadata"></video>`, ""},
	} {
		d, err := New().Convert(Source{Text: c.text, Format: HTML, Language: c.language, BaseURL: "https://own.example"})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := strings.TrimSpace(d.HTML); got != c.want || d.Image != c.image {
			t.Errorf("%s: %s with image %q\nwant %s with image %q", c.name, got, d.Image, c.want, c.image)
		}
	}
}

func TestNameOfAnImageOfAnotherHostIsPartOfItsHeading(t *testing.T) {
	t.Parallel()
	d, err := New().Convert(Source{Text: `<h2>The <img src="https://o.example/a.png" alt="logo"></h2>`, Format: HTML})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Contents) != 1 || d.Contents[0].Text != "The logo" {
		t.Errorf("contents = %+v, want The logo", d.Contents)
	}
}

func TestOwnImage(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"/media/a.png": "/media/a.png", "https://own.example/media/a.png": "/media/a.png", "http://OWN.example": "/", "//own.example/a": "/a",
		"https://o.example/a.png": "", "//o.example/a.png": "", `\\o.example/a.png`: "", "data:image/png;base64,x": "", "": "",
	} {
		if got, ok := OwnImage(address, "https://own.example"); got != want || ok != (want != "") {
			t.Errorf("OwnImage(%q) = %q, %t; want %q", address, got, ok, want)
		}
	}
}
