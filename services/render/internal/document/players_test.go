package document

import (
	"strings"
	"testing"
)

// Pages load nothing from other hosts, and the policy that says so would leave a
// player that does not play.
func TestFilmOfAnotherHostIsALinkToIt(t *testing.T) {
	t.Parallel()
	const rel = ` rel="nofollow noopener ugc"`
	for _, c := range []struct{ name, text, want string }{
		{"its own address", `<p>a <video src="https://o.example/f.mp4" title="Dawn">No film.</video> b</p>`, `<p>a <a href="https://o.example/f.mp4"` + rel + `>Dawn</a> b</p>`},
		{"its source", `<p><video><source src="//www.o.example/f.mp4" type="video/mp4"><p>No film.</p></video></p><p>b</p>`, `<p><a href="https://www.o.example/f.mp4"` + rel + `>o.example/f.mp4</a></p><p>b</p>`},
		{"alone", `<audio controls src="https://o.example/s.mp3"></audio>`, `<p><a href="https://o.example/s.mp3"` + rel + `>o.example/s.mp3</a></p>`},
		{"by http", `<audio src="http://o.example/s.mp3"></audio>`, `<p><a href="http://o.example/s.mp3"` + rel + `>o.example/s.mp3</a></p>`},
		{"never ended", `<p>a <video src="https://o.example/f.mp4">b`, `<p>a <a href="https://o.example/f.mp4"` + rel + `>o.example/f.mp4</a></p>`},
		{"in a link", `<p><a href="/b"><video src="https://o.example/f.mp4" title="Dawn"></video></a></p>`, `<p><a href="/b">Dawn</a></p>`},
		{"in an item", `<ul><li><video src="https://o.example/f.mp4"></video></li><li>b</li></ul>`, `<ul><li><a href="https://o.example/f.mp4"` + rel + `>o.example/f.mp4</a></li><li>b</li></ul>`},
		{
			"one that can be played besides", `<p><video><source src="https://o.example/f.webm"><source src="/f.mp4">No film.</video></p>`,
			`<p><video controls="" preload="metadata"><source src="/f.mp4">No film.</video></p>`,
		},
		{"on the own base", `<p><video src="https://OWN.example/f.mp4"></video></p>`, `<p><video src="/f.mp4" controls="" preload="metadata"></video></p>`},
		{"two", `<p><video src="https://o.example/f.mp4" title="A"></video><video src="/g.mp4"></video></p>`, `<p><a href="https://o.example/f.mp4"` + rel + `>A</a><video src="/g.mp4" controls="" preload="metadata"></video></p>`},
	} {
		d, err := New().Convert(Source{Text: c.text, Format: HTML, Language: "en", BaseURL: "https://own.example"})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := strings.TrimSpace(d.HTML); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

// A summary without a text could be neither seen nor heard.
func TestHeadingInASummaryIsItsText(t *testing.T) {
	t.Parallel()
	d, err := New().Convert(Source{Text: `<details><summary><h3>More</h3></summary><h3>Inside</h3></details>`, Format: HTML})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.HTML, `<details><summary>More</summary><div class="heading"><h2 id="user-inside">`) {
		t.Errorf("got %s, want a summary that says More", d.HTML)
	}
}
