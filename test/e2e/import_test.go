package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/parution/parution/test/world"
	"github.com/parution/parution/test/world/topology"
)

// corpusPosts is how many posts the real blog has.
const corpusPosts = 132

// corpus is the real blog beside the repository; the test is skipped without it.
func corpus(t *testing.T) string {
	t.Helper()
	root, err := topology.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "..", "shared", "corpus", "beta-blog")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("NOT TESTED ON THE REAL BLOG: %v", err)
	}
	return dir
}

// made is a Jekyll blog of n posts of our own making, each with a tag, an old
// address and a link to the one before.
func made(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"_posts", "_authors", "img"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("_authors/jo.dupont.md", []byte("---\nfullname: Jo Dupont\n---\n"))
	write("img/dot.png", picture(t))
	for i := range n {
		text := fmt.Sprintf("---\ntitle: \"Billet n° %[1]d\"\nauthors:\n  - jo.dupont\ntags: [impression, série-%[2]d]\nimage: /img/dot.png\n---\n\nTexte du billet %[1]d, avec *soin*.\n\n![un point](/img/dot.png)\n", i, i%3)
		if i > 0 {
			text += fmt.Sprintf("\nVoir [le précédent]({%% post_url %s %%}).\n", madeName(i-1))
		}
		write("_posts/"+madeName(i)+".md", []byte(text+strings.Repeat("\nEncore un paragraphe qui n’ajoute rien.\n", 40)))
	}
	return dir
}

func madeName(i int) string { return fmt.Sprintf("2024-%02d-%02d-billet-%d", 1+i/28%12, 1+i%28, i) }

// summary is what of a post must be the same however it was imported.
func summary(posts []world.Post) []string {
	var out []string
	for _, p := range posts {
		out = append(out, fmt.Sprintf("%s|%s|%s|%s|%v|%v|%s", p.ExternalID, p.Slug, p.Title, p.Status, p.Tags, p.Authors, p.PublishedAt.UTC()))
	}
	slices.Sort(out)
	return out
}

// imported runs an import into a data folder and answers its report. An import
// may refuse some of what it finds: exit code 1 with the report.
func imported(t *testing.T, args ...string) string {
	t.Helper()
	cmd, err := topology.Command(t.Context(), append([]string{"import"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1 || out.Len() == 0) {
		t.Fatalf("import %q: %v\n%s\n%s", args, err, out.String(), problems.String())
	}
	return out.String()
}

func TestImport(t *testing.T) {
	t.Parallel()
	dir := made(t, 40)
	world.Each(t, func(t *testing.T, w *world.World) {
		token, err := w.Topology.Operator(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for run := range 2 {
			report := imported(t, "jekyll", dir, "--server", w.URL, "--token", token)
			t.Logf("run %d:\n%s", run+1, report)
			posts := w.Operator().List("", 100)
			if len(posts) != 40 {
				t.Fatalf("run %d: %d posts, want 40", run+1, len(posts))
			}
			for _, p := range posts {
				if p.Version != 1 || p.Status != "published" || !slices.Equal(p.Authors, []string{"Jo Dupont"}) || !strings.HasPrefix(p.Image, "/media/") {
					t.Errorf("run %d: %+v, want it published by Jo Dupont at version 1 with its picture", run+1, p)
				}
			}
		}
		reader := w.Anyone()
		world.Eventually(t, func() error {
			if a := reader.Get("/tags/impression"); a.Status != http.StatusOK || !strings.Contains(a.Text(), "40 posts") {
				return fmt.Errorf("GET /tags/impression = %d without 40 posts", a.Status)
			}
			return nil
		})
		world.Eventually(t, func() error {
			page := reader.Get("/posts/billet-7")
			if page.Status != http.StatusOK || !strings.Contains(page.Text(), `href="/posts/billet-6"`) || !strings.Contains(page.Text(), "/media/") {
				return fmt.Errorf("GET /posts/billet-7 = %d: %s", page.Status, page.Body)
			}
			return nil
		})
	})
}

func TestImportOfTheRealBlog(t *testing.T) {
	t.Parallel()
	dir, data := corpus(t), filepath.Join(t.TempDir(), "data")
	first := imported(t, "jekyll", dir, "--data", data)
	second := imported(t, "jekyll", dir, "--data", data)
	t.Logf("first:\n%s\nsecond:\n%s", first, second)
	w := world.OneBinary(t, world.Options{Data: data})
	posts := w.Operator().List("", 100)
	if len(posts) != corpusPosts {
		t.Fatalf("%d posts, want %d", len(posts), corpusPosts)
	}
	reader := w.Anyone()
	for _, p := range posts {
		if p.Version != 1 {
			t.Errorf("%s is at version %d after a second run, want 1", p.Slug, p.Version)
		}
		if p.Status != "published" {
			continue
		}
		world.Eventually(t, func() error {
			if a := reader.Get(p.Page()); a.Status != http.StatusOK {
				return fmt.Errorf("GET %s = %d", p.Page(), a.Status)
			}
			return nil
		})
	}
}

// An import that dies in the middle and is run again brings each post once.
func TestImportKilled(t *testing.T) {
	t.Parallel()
	t.Run("made", func(t *testing.T) { t.Parallel(); killedImport(t, made(t, 120), 120) })
	t.Run("real", func(t *testing.T) { t.Parallel(); killedImport(t, corpus(t), corpusPosts) })
	t.Run("server", func(t *testing.T) { t.Parallel(); killedServer(t, made(t, 100), 100) })
}

// tries is how often an import may end before anything is killed.
const tries = 5

func killedImport(t *testing.T, dir string, n int) {
	for range tries {
		data := filepath.Join(t.TempDir(), "data")
		if !killImport(t, dir, data, n) {
			continue
		}
		imported(t, "jekyll", dir, "--data", data)
		asNew(t, world.OneBinary(t, world.Options{Data: data}), dir, n)
		return
	}
	t.Errorf("the import had ended before it was killed, %d times", tries)
}

// killImport imports into a new data folder and kills that in the middle; it
// tells whether it was in the middle.
func killImport(t *testing.T, dir, data string, n int) bool {
	t.Helper()
	cmd, err := topology.Command(t.Context(), "import", "jekyll", dir, "--data", data, "--workers", "1")
	if err != nil {
		t.Fatal(err)
	}
	ended := begin(t, cmd)
	had := awaitPosts(t, overSocket(data), n/8, ended)
	_ = cmd.Process.Kill() // it may have ended
	<-ended
	t.Logf("killed after %d of %d posts: %v", had, n, cmd.ProcessState)
	return !cmd.ProcessState.Exited()
}

// begin starts a program; the channel is closed when it has ended.
func begin(t *testing.T, cmd *exec.Cmd) <-chan struct{} {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // its state tells
	}()
	return ended
}

func killedServer(t *testing.T, dir string, n int) {
	for range tries {
		w := world.OneBinary(t)
		token, err := w.Topology.Operator(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !killServer(t, w, token, dir, n) {
			continue
		}
		w.Start(topology.Parution)
		w.AwaitReady()
		imported(t, "jekyll", dir, "--server", w.URL, "--token", token)
		asNew(t, w, dir, n)
		return
	}
	t.Errorf("the import had ended before its server was killed, %d times", tries)
}

// killServer kills a server in the middle of an import; it tells whether it was
// in the middle.
func killServer(t *testing.T, w *world.World, token, dir string, n int) bool {
	t.Helper()
	const workers = 2
	cmd, err := topology.Command(t.Context(), "import", "jekyll", dir, "--server", w.URL, "--token", token, "--workers", strconv.Itoa(workers))
	if err != nil {
		t.Fatal(err)
	}
	ended := begin(t, cmd)
	awaitPosts(t, overSocket(w.Data), n/8, ended)
	_ = cmd.Process.Signal(syscall.SIGSTOP) // it may have ended
	had := awaitPosts(t, overSocket(w.Data), n/8, ended)
	if had < n-workers { // those that are under way may yet come
		w.Kill(topology.Parution)
	}
	_ = cmd.Process.Signal(syscall.SIGCONT)
	<-ended
	t.Logf("the server was killed after %d of %d posts", had, n)
	if had >= n-workers {
		return false
	}
	if cmd.ProcessState.Success() {
		t.Error("an import to a server that died ends with success")
	}
	return true
}

// overSocket asks the process that serves a data folder, as its operator.
func overSocket(data string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(data, "admin.sock"))
	}}}
}

// awaitPosts waits until there are at least least posts or the import has ended,
// and answers how many there are, of 100 at most.
func awaitPosts(t *testing.T, client *http.Client, least int, ended <-chan struct{}) (had int) {
	t.Helper()
	defer client.CloseIdleConnections()
	world.Eventually(t, func() error {
		select {
		case <-ended:
			return nil
		default:
		}
		resp, err := client.Get("http://localhost/api/v1/posts?page_size=100")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		var body bytes.Buffer
		if _, err := body.ReadFrom(resp.Body); err != nil {
			return err
		}
		if had = strings.Count(body.String(), `"external_id"`); had < least {
			return fmt.Errorf("%d posts, want %d", had, least)
		}
		return nil
	})
	return had
}

// asNew compares w with an import that nobody disturbed.
func asNew(t *testing.T, w *world.World, dir string, n int) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "undisturbed")
	imported(t, "jekyll", dir, "--data", data)
	got, want := summary(w.Operator().List("", 100)), summary(world.OneBinary(t, world.Options{Data: data}).Operator().List("", 100))
	if len(got) != n || !slices.Equal(got, want) {
		t.Errorf("%d posts, want %d, each as if nothing had happened", len(got), n)
		for _, line := range got {
			if !slices.Contains(want, line) {
				t.Logf("extra: %s", line)
			}
		}
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Logf("missing: %s", line)
			}
		}
	}
	published := w.Anyone().List("", 100)
	world.Eventually(t, func() error { return onePageEach(t, w, published) })
}

// onePageEach checks that the pages of the list show each post once.
func onePageEach(t *testing.T, w *world.World, posts []world.Post) error {
	t.Helper()
	var all strings.Builder
	for n := 1; ; n++ {
		path := "/"
		if n > 1 {
			path = fmt.Sprintf("/page/%d", n)
		}
		a, err := w.Anyone().Try(t.Context(), http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		if a.Status == http.StatusNotFound && n > 1 {
			break
		}
		if a.Status != http.StatusOK {
			return fmt.Errorf("GET %s = %d", path, a.Status)
		}
		recent, _, _ := strings.Cut(a.Text(), `id="featured"`)
		all.WriteString(recent)
	}
	for _, p := range posts {
		if n := strings.Count(all.String(), `href="`+p.Page()+`"`); n != 1 {
			return fmt.Errorf("%s is on the list's pages %d times, want once", p.Page(), n)
		}
	}
	return nil
}
