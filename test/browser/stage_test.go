package browser_test

import (
	"bytes"
	_ "embed"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parution/parution/test/world"
)

// leastPosts is how many sample posts the demo has at least.
const leastPosts = 25

// Posts that hold one of everything.
var (
	//go:embed testdata/long-en.md
	longEnglish string
	//go:embed testdata/long-fr.md
	longFrench string
	//go:embed testdata/rtl-ar.md
	rightToLeft string
	//go:embed testdata/unruly.md
	unruly string
)

// stage is a site that has a page of every kind, in one theme.
type stage struct {
	*world.World

	theme string
	pages []page
	// picture is the address of one that was uploaded.
	picture string
}

// page is one of a kind.
type page struct {
	// name is the kind's.
	name string
	// at is the address, which may be another site's.
	at     string
	status int
}

// expected is what the browser complains of when this page is asked for, and may.
func (p page) expected() string {
	if p.status == http.StatusOK {
		return ""
	}
	return fmt.Sprint("status of ", p.status)
}

// newStage starts the program with the demo's posts and more, and waits until all
// pages are there.
func newStage(t *testing.T, theme, language string) *stage {
	t.Helper()
	s := &stage{World: world.OneBinary(t, world.Options{Args: []string{"--demo"}}), theme: theme}
	operator := s.Operator()
	// The browser asks for the very address that a page calls its own.
	var site struct {
		Version int `json:"version"`
	}
	operator.Want(http.StatusOK, http.MethodGet, "/api/v1/site", nil, &site)
	operator.With("If-Match", strconv.Quote(strconv.Itoa(site.Version))).Want(http.StatusOK, http.MethodPatch, "/api/v1/site", world.M{
		"theme": theme, "language": language, "base_url": s.URL, "description": "What is printed, and what is not.",
	}, nil)
	world.Eventually(t, func() error {
		if n := len(s.Anyone().List("", 100)); n < leastPosts {
			return fmt.Errorf("the demo has %d posts, want at least %d", n, leastPosts)
		}
		return nil
	})
	english, french, arabic := s.samples(t, operator)
	gone := operator.Act(operator.Create(world.M{
		"title": "Withdrawn", "body": "Soon gone.", "status": "published", "published_at": "2016-05-01T08:00:00Z",
	}), "withdraw")
	operator.Want(http.StatusCreated, http.MethodPost, "/api/v1/sites", world.M{
		"id": "empty", "title": "An empty site", "language": language, "hosts": []string{"empty.localhost"}, "theme": theme,
	}, nil)
	unruly := s.unruly(t, operator, language)
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	s.pages = []page{
		{"home", "/", 200},
		{"home-empty", "http://empty.localhost:" + port + "/", 200},
		{"home-unruly", "http://" + unrulyHost + ":" + port + "/", 200},
		{"post-unruly", "http://" + unrulyHost + ":" + port + unruly.Page(), 200},
		{"list", "/page/2", 200},
		{"post", english.Page(), 200},
		{"post-fr", french.Page(), 200},
		{"post-rtl", arabic.Page(), 200},
		{"tags", "/tags", 200},
		{"tag-described", "/tags/typography", 200},
		{"tag", "/tags/tools", 200},
		{"tags-several", "/tags/proofs+tools", 200},
		{"tags-none", "/tags/proofs+voyage", 200},
		{"archive", "/archive", 200},
		{"archive-year", "/archive/2016", 200},
		{"archive-month", "/archive/2016/04", 200},
		{"author", "/authors/nora-whitfield", 200},
		{"search", "/search", 200},
		{"search-results", "/search?q=paper&tag=tools", 200},
		{"search-narrowed", "/search?q=paper&tag=tools&not=writing&since=2016&until=2017&order=newest", 200},
		{"search-meant", "/search?q=typografy", 200},
		{"search-problem", "/search?q=" + url.QueryEscape("paper OR"), 400},
		{"search-none", "/search?q=" + url.QueryEscape("zyzzyva <b>"), 200},
		{"not-found", "/nowhere/at-all", 404},
		{"gone", gone.Page(), 410},
		{"api", "/api/v1/", 200},
	}
	for i, at := range s.pages {
		if strings.HasPrefix(at.at, "/") {
			s.pages[i].at = s.URL + at.at
		}
	}
	s.describe(t, operator)
	s.await(t)
	return s
}

// describe gives tags all that they can have: a place below others, words, a colour and
// a picture.
func (s *stage) describe(t *testing.T, operator *world.Client) {
	t.Helper()
	for _, tag := range []struct {
		slug   string
		fields world.M
	}{
		{"printing", world.M{"description": "Everything that leaves a mark: see *proofs*.", "colour": "#c64a36"}},
		{"typography", world.M{
			"description": "Letters, and the white between them. More in [printing](/tags/printing).", "colour": "#fdf6e3", "parent": "printing",
			"image": s.picture, "image_alt": "Two discs of ink, and where they meet",
		}},
	} {
		path := "/api/v1/tags/" + tag.slug
		var now struct {
			Version int `json:"version"`
		}
		world.Eventually(t, func() error {
			if a := operator.Get(path); a.Status != http.StatusOK {
				return fmt.Errorf("GET %s = %d", path, a.Status)
			}
			return nil
		})
		operator.Want(http.StatusOK, http.MethodGet, path, nil, &now)
		operator.With("If-Match", strconv.Quote(strconv.Itoa(now.Version))).Want(http.StatusOK, http.MethodPatch, path, tag.fields, nil)
	}
}

// samples writes the posts that hold one of everything: the later ones are neighbours,
// translations and related to each other.
func (s *stage) samples(t *testing.T, operator *world.Client) (english, french, arabic world.Post) {
	t.Helper()
	s.picture = s.upload(operator)
	alt := map[string]string{"en": "Two discs of ink, and where they meet", "fr": "Deux disques d’encre, et leur rencontre", "ar": "قرصان من الحبر وملتقاهما"}
	caption := map[string]string{"en": "Ink on paper, drawn by a machine.", "fr": "Encre sur papier ; dessiné par une machine.", "ar": "حبر على ورق، رسمته آلة."}
	sample := func(title, body, language, day string, tags ...string) world.Post {
		return operator.Create(world.M{
			"title": title, "body": strings.ReplaceAll(body, "IMAGE", "![Two discs of ink]("+s.picture+" \"The ink, before it dries.\")"), "language": language,
			"status": "published", "published_at": day, "tags": tags, "authors": []string{"Nora Whitfield", "Tom Hargreave"},
			"image": s.picture, "image_alt": alt[language], "image_caption": caption[language], "translation_key": "proof",
		})
	}
	english = sample("Everything that a page can hold", longEnglish, "en", "2016-04-03T08:00:00Z", "proofs", "tools", "typography")
	french = sample("Tout ce qu’une page peut contenir", longFrench, "fr", "2016-04-02T08:00:00Z", "proofs", "tools")
	arabic = sample("كل ما تحمله الصفحة", rightToLeft, "ar", "2016-03-01T08:00:00Z", "proofs", "typography")
	// More than one page by one author in one month of one tag.
	for i := range 12 {
		operator.Create(world.M{
			"title": fmt.Sprintf("Proof sheet %d", i+1), "body": "Checked on paper, and found to be paper.", "language": "en", "status": "published",
			"published_at": time.Date(2016, 4, 10+i, 8, 0, 0, 0, time.UTC).Format(time.RFC3339), "tags": []string{"proofs", "tools"}, "authors": []string{"Nora Whitfield"},
		})
	}
	return english, french, arabic
}

const unrulyHost = "unruly.localhost"

// unruly is a site with two posts that hold what pages must not let through, or must
// not become wider by: addresses as long as lines, and what is on other hosts.
func (s *stage) unruly(t *testing.T, operator *world.Client, language string) world.Post {
	t.Helper()
	operator.Want(http.StatusCreated, http.MethodPost, "/api/v1/sites", world.M{
		"id": "unruly", "title": "An unruly site", "language": language, "hosts": []string{unrulyHost}, "theme": s.theme,
	}, nil)
	world.Eventually(t, func() error { // until then the host leads to the first site
		if a := s.Anyone().WithHost(unrulyHost).Get("/"); !strings.Contains(a.Text(), "An unruly site") {
			return fmt.Errorf("the home page of the unruly site answers %d: %.200s", a.Status, a.Body)
		}
		return nil
	})
	long := strings.Repeat("unbroken", 30)
	operator = operator.WithHost(unrulyHost)
	write := func(title string) world.Post {
		return operator.Create(world.M{
			"title": title + long, "body": strings.ReplaceAll(unruly, "LONG", long), "language": "en", "status": "published", "featured": true,
			"excerpt": "See https://example.org/" + long, "tags": []string{long[:60], "tools"}, "authors": []string{long[:100], "Nora Whitfield"},
			"image": "https://pictures.example/cover.jpg", "image_alt": "A cover of another host",
		})
	}
	write("Older ")
	return write("Newer ")
}

// upload keeps a picture that was drawn for the purpose.
func (s *stage) upload(c *world.Client) string {
	const width, height = 1200, 750
	drawn := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width { // two discs of ink on paper, and where they meet
			left, right := within(x, y, 480, 375, 260), within(x, y, 720, 375, 260)
			switch {
			case left && right:
				drawn.SetRGBA(x, y, color.RGBA{R: 0x3b, G: 0x2f, B: 0x4a, A: 0xff})
			case left:
				drawn.SetRGBA(x, y, color.RGBA{R: 0xc6, G: 0x4a, B: 0x36, A: 0xff})
			case right:
				drawn.SetRGBA(x, y, color.RGBA{R: 0x2a, G: 0x6f, B: 0x97, A: 0xff})
			default:
				drawn.SetRGBA(x, y, color.RGBA{R: 0xf0, G: 0xe6, B: 0xd2, A: 0xff})
			}
		}
	}
	var file bytes.Buffer
	_ = jpeg.Encode(&file, drawn, nil) // into memory
	var out struct {
		URL string `json:"url"`
	}
	c.With("Content-Type", "image/jpeg").Want(http.StatusCreated, http.MethodPost, "/api/v1/media", file.Bytes(), &out)
	return out.URL
}

// within tells whether a point is in a disc.
func within(x, y, centreX, centreY, radius int) bool {
	dx, dy := x-centreX, y-centreY
	return dx*dx+dy*dy < radius*radius
}

// await waits until every page has what was written last, as far as a reader can tell.
func (s *stage) await(t *testing.T) {
	t.Helper()
	reader := s.Anyone()
	world.Eventually(t, func() error {
		for path, text := range map[string]string{"/tags/proofs+tools": "Proof sheet 12", "/posts/proof-sheet-12": "found to be paper", "/tags/typography": "the white between them"} {
			a := reader.Get(path)
			if a.Status != http.StatusOK || !strings.Contains(a.Text(), text) {
				return fmt.Errorf("GET %s = %d without %q", path, a.Status, text)
			}
		}
		if a := reader.WithHost("empty.localhost").Get("/"); a.Status != http.StatusOK || !strings.Contains(a.Text(), "An empty site") {
			return fmt.Errorf("the home page of the empty site answers %d: %.200s", a.Status, a.Body)
		}
		if a := reader.WithHost(unrulyHost).Get("/"); a.Status != http.StatusOK || !strings.Contains(a.Text(), "Newer unbroken") {
			return fmt.Errorf("the home page of the unruly site answers %d: %.200s", a.Status, a.Body)
		}
		return nil
	})
}

// get reads a page as a program does.
func (s *stage) get(t *testing.T, p page) world.Answer {
	t.Helper()
	reader := s.Anyone().For(t)
	u, err := url.Parse(p.at)
	if err != nil {
		t.Fatal(err)
	}
	return reader.WithHost(u.Host).Get(u.RequestURI())
}

// some are the pages with these names.
func (s *stage) some(names ...string) []page {
	var out []page
	for _, name := range names {
		for _, p := range s.pages {
			if p.name == name {
				out = append(out, p)
			}
		}
	}
	return out
}
