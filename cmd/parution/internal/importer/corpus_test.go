package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// corpus is a real blog beside the repository; the test is skipped where it is not.
func corpus(tb testing.TB) string {
	tb.Helper()
	dir := filepath.Join("..", "..", "..", "..", "..", "shared", "corpus", "beta-blog")
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("the real blog is not beside the repository: %v", err)
	}
	return dir
}

// All of a real blog comes over, and twice makes no difference.
func TestCorpus(t *testing.T) {
	t.Parallel()
	dir := corpus(t)
	site, report := bring(t, Jekyll, dir)
	t.Log(report)
	if report.Created != 132 || report.Drafts != 0 || report.Refused() != 0 || len(site.posts) != 132 {
		t.Fatalf("%d created, %d drafts, %d refused; want all 132 posts", report.Created, report.Drafts, report.Refused())
	}
	raw := regexp.MustCompile(`\{%|\{\{`)
	old := regexp.MustCompile(`\]\((?:/[a-z-]+/20|/img/|https?://blog\.beta\.gouv\.fr)`)
	reported := make(map[string]int)
	for _, p := range report.Problems {
		if p.Topic == "link" && strings.Contains(p.Reason, "leads to nothing") {
			reported[p.File]++
		}
	}
	slugs := make(map[string]bool)
	for id, p := range site.posts {
		if p.Title == "" || p.Body == "" || p.Language == "" || len(p.Aliases) == 0 || p.PublishedAt.IsZero() || slugs[p.Slug] {
			t.Errorf("%s lacks something: %+v", id, p)
		}
		slugs[p.Slug] = true
		if raw.MatchString(p.Body) {
			t.Errorf("%s: Liquid is left: %q", id, raw.FindString(p.Body))
		}
		if left := old.FindAllString(p.Body, -1); len(left) != reported[strings.TrimPrefix(id, "jekyll:")] {
			t.Errorf("%s: links of the old site are left and not reported: %q", id, left)
		}
	}
	for _, want := range []string{
		`_posts/2025-06-12-gestion-budget.md:82: {{item.montant | number}} the filter "number" is not known here; the value stands as it is`,
		"_posts/2016-03-29-devoxx.md:7: tags is empty",
		"_posts/2016-10-26-leankanban.md:8: the cover /img/posts/2016-10-26-leankanban.jpg is not there; the post has none",
		"_posts/2020-01-13-mes-aides-amelioration-continue.md:107: /img/posts/2020-01-13-mes-aides-amelioration-continue/avant.m4v is not there; left out",
	} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report does not say: %s", want)
		}
	}
	if body := site.posts["jekyll:_posts/2025-06-12-gestion-budget.md"].Body; !strings.Contains(body, "  <tbody>\n    <tr><td>avril 2025</td><td class=\"montant\">10000\u00a0€</td></tr>\n    <tr>") {
		t.Error("the table of the loop is not written out")
	}
	again, err := Run(t.Context(), Options{Kind: Jekyll, Path: dir, Site: site, Now: today()})
	if err != nil || again.Changed() || again.Unchanged != 132 {
		t.Errorf("a second import: %v\n%s", err, again)
	}
}

// Importing reads, carries and hands over; the site costs nothing here.
func BenchmarkRun(b *testing.B) {
	files := make(map[string]string)
	text := "A [link](/2020/01/01/post-1.html) and ![image](/a.png), `code` and **more**.\n\n## Heading\n\n* one\n* two\n\n"
	for i := range 200 {
		files[fmt.Sprintf("_posts/2020-01-01-post-%d.md", i)] = head + strings.Repeat(text, 40)
	}
	files["a.png"] = ""
	dir := tree(b, files)
	b.ResetTimer()
	for b.Loop() {
		if _, err := Run(b.Context(), Options{Kind: Jekyll, Path: dir, Site: newMemory()}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(200*b.N)/b.Elapsed().Seconds(), "posts/s")
}
