package document_test

import (
	"strings"
	"testing"

	"github.com/parution/parution/services/render/internal/document"
)

func TestPicturesTellTheirSize(t *testing.T) {
	t.Parallel()
	const name = "/media/0123456789abcdef0123456789abcdef-1200x800"
	const set = ` srcset="` + name + `-w480.jpg 480w, ` + name + `-w960.jpg 960w, ` + name + `.jpg 1200w"`
	const column = ` sizes="(min-width: 46rem) 42rem, 100vw"`
	for _, c := range []struct{ name, format, in, want string }{
		{"ours", "", "a ![x](" + name + ".jpg)", `<img src="` + name + `.jpg" alt="x" width="1200" height="800"` + set + column + ` decoding="async">`},
		{"ours, absolute", "", "a ![x](https://parution.example" + name + ".jpg)", `<img src="` + name + `.jpg" alt="x" width="1200" height="800"` + set + column + ` decoding="async">`},
		{"a drawing", "", "a ![x](" + name + ".svg)", `<img src="` + name + `.svg" alt="x" width="1200" height="800" decoding="async">`},
		{"shown smaller", "html", `<img src="` + name + `.jpg" width="300px">`, `<img src="` + name + `.jpg" alt="" width="300" height="200"` + set + ` sizes="300px" decoding="async">`},
		{"shown lower", "html", `<img src="` + name + `.png" height="80">`, ` width="120" height="80" srcset="`},
		{"not ours", "", "a ![x](/img/a.jpg)", `<img src="/img/a.jpg" alt="x" decoding="async">`},
		{"a copy of ours", "", "a ![x](" + name + "-w480.jpg)", `<img src="` + name + `-w480.jpg" alt="x" decoding="async">`},
		{"the second comes later", "", "![](/a.png) ![](/b.png)", `<img src="/b.png" alt="" loading="lazy" decoding="async">`},
		{"far below comes later", "", strings.Repeat("mot ", 100) + "![](/a.png)", `<img src="/a.png" alt="" loading="lazy" decoding="async">`},
	} {
		doc := convert(t, document.Source{Text: c.in, Format: c.format, Language: "fr", BaseURL: "https://parution.example"})
		if !strings.Contains(doc.HTML, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, doc.HTML, c.want)
		}
	}
}

func TestTitledPictureAloneIsAFigure(t *testing.T) {
	t.Parallel()
	const figure = `<figure><img src="/a.png" alt="x &quot;y&quot;" decoding="async"><figcaption>L'eau &amp; "z</figcaption></figure>`
	for _, c := range []struct{ name, format, in, want string }{
		{"alone", "", `![x "y"](/a.png 'L&#39;eau & "z')`, figure},
		{"in a list", "", "- a\n\n  ![x \"y\"](/a.png 'L&#39;eau & \"z')", figure + "\n</li>"},
		{"without a title", "", "![x](/a.png)", `<p><img src="/a.png" alt="x" decoding="async"></p>`},
		{"with text", "", "![x](/a.png 't') b", `<p><img title="t" src="/a.png" alt="x" decoding="async"> b</p>`},
		{"two", "", "![](/a.png 't') ![](/b.png 'u')", `<p><img title="t" src="/a.png" alt="" decoding="async"> <img title="u" src="/b.png" alt="" loading="lazy" decoding="async"></p>`},
		{"in a link", "", "[![x](/a.png 't')](/b)", `<p><a href="/b"><img title="t" src="/a.png" alt="x" decoding="async"></a></p>`},
		{"in HTML", "html", `<p><img src="/a.png" title="DSC_0042"></p>`, `<p><img title="DSC_0042" src="/a.png" alt="" decoding="async"></p>`},
		{"of another host", "", "![x](https://o.example/a.png 't')", `<p><a href="https://o.example/a.png" rel="nofollow noopener ugc">x</a></p>`},
	} {
		doc := convert(t, document.Source{Text: c.in, Format: c.format})
		if !strings.Contains(doc.HTML, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, doc.HTML, c.want)
		}
	}
	doc := convert(t, document.Source{Text: "![x](/a.png 'Une légende')\n\nTexte.", Language: "fr"})
	if doc.Excerpt != "Texte." || doc.ImageAlt != "x" {
		t.Errorf("excerpt %q, alt %q", doc.Excerpt, doc.ImageAlt)
	}
}
