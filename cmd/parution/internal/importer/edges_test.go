package importer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
)

const head = "---\ntitle: A title\ndate: 2020-01-01\n---\n"

// What is wrong with a folder is reported with file and line, and the rest
// comes over.
func TestProblems(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 80)
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"limits", map[string]string{"_posts/2020-01-01-a.md": "---\ntitle: " + long + "\nexcerpt: " + strings.Repeat(long, 4) + "\ntags: [" + strings.Repeat("x", 61) + "]\n---\nText"}, []string{
			"warning _posts/2020-01-01-a.md:2: the title has 399 characters; cut to the 300 that are possible",
			"warning _posts/2020-01-01-a.md:3: the excerpt has 1599 characters; cut to the 1000 that are possible",
			"warning _posts/2020-01-01-a.md:4: the tag has 61 characters; cut to the 60 that are possible",
		}},
		{"body too long", map[string]string{"_posts/2020-01-01-a.md": head + strings.Repeat("a line\n", 150000)}, []string{
			"refused _posts/2020-01-01-a.md: the body has 1049999 bytes; at most 1048576",
		}},
		{"file too long", map[string]string{"_posts/2020-01-01-a.md": head + strings.Repeat("a line\n", 600000)}, []string{
			"refused _posts/2020-01-01-a.md: has 4200040 bytes; at most 4194304",
		}},
		{"no text", map[string]string{"_posts/2020-01-01-a.md": "---\ntitle: a\x00b\n---\n"}, []string{
			"refused _posts/2020-01-01-a.md: holds NUL bytes: it is no text",
		}},
		{"no date", map[string]string{"_posts/undated.md": "---\ntitle: A\n---\nText"}, []string{
			"warning _posts/undated.md: neither the front matter nor the file's name has a date; comes over as a draft",
		}},
		{"ambiguous date", map[string]string{"_posts/2020-01-01-a.md": "---\ntitle: A\ndate: 03/04/2020\n---\nText"}, []string{
			"warning _posts/2020-01-01-a.md:3: date \"03/04/2020\" is no date, or not a clear one",
		}},
		{"front matter is a list", map[string]string{"_posts/2020-01-01-a.md": "---\n- a\n- b\n---\nText"}, []string{
			"refused _posts/2020-01-01-a.md:2: the front matter is a list; it must be names with values",
		}},
		{"too many tags", map[string]string{"_posts/2020-01-01-a.md": "---\ntitle: A\ntags: a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5\n---\nText"}, []string{
			"warning _posts/2020-01-01-a.md:3: \"5\" is beyond the 30 tags that a post may have; left out",
		}},
		{"tag without letters", map[string]string{"_posts/2020-01-01-a.md": "---\ntitle: A\ntags: [\"!\"]\n---\nText"}, []string{
			"warning _posts/2020-01-01-a.md:3: \"!\" has neither letter nor digit; left out",
		}},
		{"empty image", map[string]string{"_posts/2020-01-01-a.md": head + "![alt](/a.png)", "a.png": "\x00"[:0] + " "}, nil},
		{"unknown time zone", map[string]string{"_config.yml": "title: x\ntimezone: Mars/Olympus\n", "_posts/2020-01-01-a.md": head + "Text"}, []string{
			"warning _config.yml:2: time zone \"Mars/Olympus\" is not known; dates are taken as UTC",
		}},
		{"broken configuration", map[string]string{"_config.yml": "title: \"x\n", "_posts/2020-01-01-a.md": head + "Text"}, []string{
			"warning _config.yml:2: the front matter is not YAML: found unexpected end of stream; not used",
		}},
		{"script", map[string]string{"_posts/2020-01-01-a.md": head + "<script>1</script>\n\n`<script>`"}, []string{
			"warning _posts/2020-01-01-a.md:5: a script of the page does not come over, nor what it shows",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, report := bring(t, Jekyll, tree(t, tt.files))
			if diff := cmp.Diff(strings.Join(tt.want, "\n"), problems(report)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// Nothing outside of the folder is ever read.
func TestLinksOutOfTheFolder(t *testing.T) {
	t.Parallel()
	outside := tree(t, map[string]string{"secret.md": head + "secret", "secret.png": ""})
	dir := tree(t, map[string]string{"_posts/2020-01-01-a.md": head + "![a](/leak.png) ![b](../../secret.png) ![c](/../secret.png)"})
	for to, from := range map[string]string{"secret.md": "_posts/2020-01-02-leak.md", "secret.png": "leak.png"} {
		if err := os.Symlink(filepath.Join(outside, to), filepath.Join(dir, from)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	site, report := bring(t, Jekyll, dir)
	want := strings.Join([]string{
		"warning _posts/2020-01-01-a.md:5: /leak.png leads out of the folder; left out",
		"warning _posts/2020-01-01-a.md:5: ../../secret.png is not there; left out",
		"warning _posts/2020-01-01-a.md:5: /../secret.png is not there; left out",
		"refused _posts/2020-01-02-leak.md: leads out of the folder",
		"refused leak.png: leads out of the folder",
	}, "\n")
	if diff := cmp.Diff(want, problems(report)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if len(site.posts) != 1 || len(site.media) != 0 {
		t.Errorf("%d posts and %d files came over, want 1 and 0", len(site.posts), len(site.media))
	}
}

// What the site refuses is reported; what the site cannot do ends the import.
func TestAnswersOfTheSite(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"_posts/2020-01-01-a.md": head + "![alt *text*](/a.png)", "_posts/2020-01-02-b.md": head + "![b](/b.png)", "a.png": "", "b.png": "",
	})
	site := newMemory()
	site.refuse = func(p Post) error {
		if p.Slug == "b" {
			return fault.Invalid("title", "is dull")
		}
		return nil
	}
	site.refuseMedia = func(name string) error {
		if name == "a.png" {
			return fault.TooLarge("content", "has 3 bytes; at most 2")
		}
		return nil
	}
	report, err := Run(t.Context(), Options{Kind: Jekyll, Path: dir, Site: site, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"warning _posts/2020-01-01-a.md:5: /a.png content has 3 bytes; at most 2; left out",
		"refused _posts/2020-01-02-b.md: title is dull",
		"refused a.png: content has 3 bytes; at most 2",
	}, "\n")
	if diff := cmp.Diff(want, problems(report)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if got := site.posts["jekyll:_posts/2020-01-01-a.md"].Body; got != "alt *text*" {
		t.Errorf("the body is %q, want the image's description", got)
	}
	if report.Refused() != 2 || report.Created != 1 {
		t.Errorf("refused %d, created %d; want 2 and 1", report.Refused(), report.Created)
	}
	site.refuse = func(Post) error { return fault.Unavailable("no database") }
	report, err = Run(t.Context(), Options{Kind: Jekyll, Path: dir, Site: site})
	if fault.KindOf(err) != fault.KindUnavailable || report == nil {
		t.Errorf("Run with a site that does not work = %v, %v; want unavailable and a report", report, err)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"no folder":   {Path: filepath.Join(t.TempDir(), "none")},
		"no post":     {Path: t.TempDir()},
		"bad old url": {Path: "testdata/jekyll", OldURL: "not an address"},
		"bad kind":    {Path: "testdata/jekyll", Kind: 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Site = newMemory()
			if _, err := Run(t.Context(), o); fault.KindOf(err) != fault.KindInvalid {
				t.Errorf("Run = %v, want invalid", err)
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Run(ctx, Options{Path: "testdata/jekyll", Site: newMemory()}); !errors.Is(err, context.Canceled) {
		t.Errorf("Run with a cancelled context = %v", err)
	}
}

// Posts that moved to another day or category are found under their old paths,
// and these become redirects.
func TestMovedPosts(t *testing.T) {
	t.Parallel()
	site, report := bring(t, Jekyll, tree(t, map[string]string{
		"_posts/2020-02-02-moved.md": "---\ntitle: Moved\ncategories: news\ndate: 2020-03-03\n---\nText",
		"_posts/2020-02-03-other.md": "---\ntitle: Other\ncategories: news\n---\n" +
			"[a](/news/2020/02/02/moved/) [b](https://old.example.org/news/2020/03/03/moved.html) [c](https://old.example.org/gossip/2019/01/01/moved/) [d](https://old.example.org/x)",
	}))
	if got, want := site.posts["jekyll:_posts/2020-02-03-other.md"].Body,
		"[a](/posts/moved) [b](/posts/moved) [c](/posts/moved) [d](https://old.example.org/x)"; got != want {
		t.Errorf("body = %q, want %q", got, want)
	}
	want := []string{
		"/news/2020/03/03/moved/", "/news/2020/03/03/moved.html", "/news/2020/03/03/moved",
		"/news/2020/02/02/moved/", "/news/2020/02/02/moved.html", "/news/2020/02/02/moved",
		"/gossip/2019/01/01/moved", "/gossip/2019/01/01/moved/",
	}
	if diff := cmp.Diff(want, site.posts["jekyll:_posts/2020-02-02-moved.md"].Aliases); diff != "" {
		t.Errorf("aliases (-want +got):\n%s", diff)
	}
	if len(report.Notes) != 1 || !strings.Contains(report.Notes[0], "https://old.example.org") {
		t.Errorf("notes = %q, want the old address", report.Notes)
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip("no time zones here")
	}
	for text, want := range map[string]string{
		"2019-05-01": "2019-04-30T22:00:00Z", "2018-09-03T13:12:54.564Z": "2018-09-03T13:12:54.564Z", "2019-05-01 08:30:00 +0100": "2019-05-01T07:30:00Z",
		"2019-5-1 8:30": "2019-05-01T06:30:00Z", "2019/05/01": "2019-04-30T22:00:00Z", "12 mars 2018": "2018-03-11T23:00:00Z", "1er août 2020": "2020-07-31T22:00:00Z",
		"March 5, 2020": "2020-03-04T23:00:00Z", "25/12/2019": "2019-12-24T23:00:00Z", "12/25/2019": "2019-12-24T23:00:00Z", "5/5/2020": "2020-05-04T22:00:00Z",
		"04/05/2020": "", "yesterday": "", "2019-02-30": "", "0001-01-01": "", "9999-01-01": "", "": "",
	} {
		got, ok := parseDate(text, paris)
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("parseDate(%q) = %s, %t; want %q", text, got.Format(time.RFC3339Nano), ok, want)
		}
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Le chat est dans la maison avec les enfants et pour nous":       "fr",
		"The cat is in the house with the children and they are for you": "en",
		"Lorem ipsum dolor sit amet":                                     "", "": "",
	} {
		if got := detect(text); got != want {
			t.Errorf("detect(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	var lines, bar strings.Builder
	tick := make(chan time.Time, 1)
	l := NewLines(&lines, tick)
	l.Step(1, 3, "a.md")
	tick <- today()
	l.Step(2, 3, "b.md")
	l.Step(3, 3, "c.md")
	l.End()
	if want := "imported 2 of 3 posts, last b.md\nimported 3 of 3 posts, last c.md\n"; lines.String() != want {
		t.Errorf("lines = %q, want %q", lines.String(), want)
	}
	b := NewBar(&bar)
	if _, err := Run(t.Context(), Options{Kind: Markdown, Path: "testdata/markdown", Site: newMemory(), Progress: b}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(bar.String(), "3/3") {
		t.Errorf("the bar does not show the end: %q", bar.String())
	}
}
