package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/test/world"
	"github.com/parution/parution/test/world/topology"
)

// change is what the change feed tells.
type change struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Of       string `json:"aggregate_id"`
	Version  int    `json:"version"`
	Epoch    int    `json:"epoch"`
	Position string `json:"position"`
	Kind     string `json:"kind"`
	Facts    *struct {
		Slug  string   `json:"slug"`
		Title string   `json:"title"`
		Tags  []string `json:"tags"`
	} `json:"facts"`
}

type changesPage struct {
	Changes []change `json:"changes"`
	Next    string   `json:"next"`
	More    bool     `json:"more"`
}

// longPoll, in seconds, is less than the test's client waits; polls is how often
// that is tried.
const (
	longPoll = 15
	polls    = 4
)

// changesAPI is the address of a page of the feed.
func changesAPI(after string, size, wait int) string {
	v := url.Values{"page_size": {strconv.Itoa(size)}, "wait": {strconv.Itoa(wait)}}
	if after != "" {
		v.Set("after", after)
	}
	return "/api/v1/changes?" + v.Encode()
}

// ask reads a page of the feed.
func ask(c *world.Client, after string, size, wait int) (page changesPage) {
	c.Want(http.StatusOK, http.MethodGet, changesAPI(after, size, wait), nil, &page)
	return page
}

// replay reads the feed from a place to its present end, a few at a time.
func replay(c *world.Client, after string) (all []change, next string) {
	for {
		page := ask(c, after, 3, 0)
		all, after = append(all, page.Changes...), page.Next
		if !page.More {
			return all, after
		}
	}
}

// until reads the feed from a place on until a change of that kind of a post.
func until(t *testing.T, c *world.Client, after, kind, id string) (seen []change, next string) {
	t.Helper()
	for inVain := 0; ; {
		page := ask(c, after, 100, longPoll)
		if len(page.Changes) == 0 {
			if inVain++; inVain == polls {
				t.Fatalf("%s of %s did not come within %d s; before it came %+v", kind, id, polls*longPoll, seen)
			}
		}
		seen, after = append(seen, page.Changes...), page.Next
		if slices.ContainsFunc(seen, func(c change) bool { return c.Kind == kind && c.Of == id }) {
			return seen, after
		}
	}
}

// public are the posts that a reader of changes takes for published: of each the
// newest change is known, and it has facts.
func public(all []change) []string {
	newest := make(map[string]change)
	for _, c := range all {
		if old := newest[c.Of]; c.Type == "post" && (c.Epoch > old.Epoch || c.Epoch == old.Epoch && c.Version > old.Version) {
			newest[c.Of] = c
		}
	}
	var out []string
	for id, c := range newest {
		if c.Facts != nil {
			out = append(out, fmt.Sprintf("%s v%d %s", id, c.Version, c.Facts.Slug))
		}
	}
	slices.Sort(out)
	return out
}

func changes(t *testing.T, s *world.Site) {
	editor, anyone := s.As("editor"), s.Anyone()
	kept, draft, withdrawn := s.Publish("Kept", "k", "A"), s.Create(world.M{"title": "Hidden draft"}), s.Publish("Taken away", "w")
	editor.Patch(kept, world.M{"title": "Kept and revised"})
	withdrawn = editor.Act(withdrawn, "withdraw")
	gone := s.Publish("Gone", "g")
	editor.Want(http.StatusOK, http.MethodDelete, gone.API(), nil, nil)
	for i := range 5 {
		s.Publish(fmt.Sprintf("Post %d", i), "x")
	}
	last := s.Publish("Last", "l")
	until(t, editor, "", "published", last.ID) // everything before it has its place too

	// From the start a reader ends with what the list of posts has.
	all, end := replay(anyone, "")
	var listed []string
	for _, p := range anyone.List("", 100) {
		listed = append(listed, fmt.Sprintf("%s v%d %s", p.ID, p.Version, p.Slug))
	}
	slices.Sort(listed)
	if diff := cmp.Diff(listed, public(all)); diff != "" {
		t.Errorf("the feed's posts (-listed +replayed):\n%s", diff)
	}
	for _, c := range all {
		switch {
		case c.Of == draft.ID:
			t.Errorf("a reader learns of the draft: %+v", c)
		case (c.Of == withdrawn.ID || c.Of == gone.ID) && c.Facts != nil:
			t.Errorf("a reader learns what was withdrawn or deleted: %+v", c)
		}
	}
	if members, _ := replay(editor, ""); !slices.ContainsFunc(members, func(c change) bool { return c.Of == draft.ID && c.Kind == "created" && c.Facts == nil }) {
		t.Errorf("an editor does not learn of the draft: %+v", members)
	}

	// A token goes on where it ended, also in the middle, and of this site only.
	half := ask(anyone, "", 4, 0)
	rest, _ := replay(anyone, half.Next)
	if diff := cmp.Diff(all, append(half.Changes, rest...)); diff != "" {
		t.Errorf("resumed (-at once +in two):\n%s", diff)
	}
	for _, bad := range []string{"?after=made-up", "?wait=26", "?page_size=1001", "?after=" + ask(s.World.Anyone(), "now", 1, 0).Next} {
		if a := anyone.Get("/api/v1/changes" + bad); a.Status != http.StatusUnprocessableEntity || len(a.Problem().Fields()) != 1 {
			t.Errorf("GET %s = %d %s, want 422 naming the parameter", bad, a.Status, a.Body)
		}
	}

	// Who waits hears of it; a draft is not meant for readers.
	heard := make(chan func() (changesPage, error), 1)
	go func() {
		a, err := anyone.Try(t.Context(), http.MethodGet, changesAPI(end, 100, longPoll), nil)
		heard <- func() (page changesPage, _ error) { return page, errors.Join(err, json.Unmarshal(a.Body, &page)) }
	}()
	s.Create(world.M{"title": "Another draft"})
	next := s.Publish("Next", "n", "B")
	page, err := (<-heard)()
	if err != nil || len(page.Changes) != 1 || page.Changes[0].Of != next.ID || page.Changes[0].Facts.Tags[0] != "B" {
		t.Errorf("a waiting reader hears %+v, %v, want of %s only", page.Changes, err, next.ID)
	}
}

// tail runs the command: it shows a change as it happens, is told to end, and
// says how to go on.
func tail(t *testing.T, s *world.Site) {
	secret, err := s.Topology.Operator(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first := s.Publish("Shown from the start", "x")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // it would wait for ever
	defer cancel()
	cmd, err := topology.Command(ctx, "events", "tail", "--server", s.URL, "--token", secret, "--site", s.ID, "--from", "start")
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	shows := func(id, slug string) {
		t.Helper()
		for lines.Scan() {
			if line := lines.Text(); strings.Contains(line, id) {
				if !strings.Contains(line, "published") || !strings.Contains(line, "/posts/"+slug) {
					t.Errorf("the line of %s is %q", slug, line)
				}
				return
			}
		}
		t.Fatalf("the output ended before %s: %v\n%s", slug, lines.Err(), said.String())
	}
	shows(first.ID, first.Slug)
	second := s.Publish("As it happens", "x")
	shows(second.ID, second.Slug)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Errorf("read what is left: %v", err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(said.String(), "to go on from here: --from ") {
		t.Errorf("Ctrl-C ends it with %v, saying %q", err, said.String())
	}
}

// readModel is what an operator is told of a read model.
type readModel struct {
	Name      string `json:"name"`
	Source    string `json:"source"`
	Floor     string `json:"floor"`
	Watermark string `json:"watermark"`
	Lag       string `json:"lag"`
	Dead      string `json:"dead_letters"`
}

// readModels asks the API; it tells who did not answer, and what is behind.
func readModels(w *world.World) ([]readModel, error) {
	var out struct {
		Models     []readModel `json:"read_models"`
		Unanswered []any       `json:"unanswered"`
	}
	w.Operator().Want(http.StatusOK, http.MethodGet, "/api/v1/read-models", nil, &out)
	if len(out.Unanswered) > 0 {
		return out.Models, fmt.Errorf("no answer from %v", out.Unanswered)
	}
	for _, m := range out.Models {
		if m.Lag != "0" || m.Floor != m.Watermark {
			return out.Models, fmt.Errorf("%s of %s is behind: %+v", m.Name, m.Source, m)
		}
	}
	return out.Models, nil
}

// TestCopiesAreToldOfAndMadeAnew looks at the read models as an operator does, by
// the API and on the command line; nobody else may.
func TestCopiesAreToldOfAndMadeAnew(t *testing.T) {
	t.Parallel()
	world.Each(t, func(t *testing.T, w *world.World) {
		s := w.NewSite(t)
		post := s.Publish("Kept by all", "x", "Tag")
		s.Shows("/tags/tag", post.Slug)
		var models []readModel
		world.Eventually(t, func() (err error) {
			models, err = readModels(w)
			return err
		})
		var names []string
		for _, m := range models {
			names = append(names, m.Name+" of "+m.Source)
			if m.Dead != "0" {
				t.Errorf("%s of %s put %s aside, want none", m.Name, m.Source, m.Dead)
			}
		}
		if diff := cmp.Diff([]string{"render of posts", "render of tags", "tags of posts"}, names); diff != "" {
			t.Errorf("read models (-want +got):\n%s", diff)
		}
		secret, err := w.Topology.Operator(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		events := func(args ...string) string {
			return w.Run(append(append([]string{"events"}, args...), "--server", w.URL, "--token", secret)...)
		}
		// Who does not answer in time has a line too, and the command fails.
		world.Eventually(t, func() error {
			lag, err := w.Topology.Run(t.Context(), "events", "lag", "--server", w.URL, "--token", secret)
			if err == nil && (strings.Count(lag, "\n") != 4 || !strings.Contains(lag, "WATERMARK")) {
				err = fmt.Errorf("parution events lag shows:\n%s", lag)
			}
			return err
		})
		world.Eventually(t, func() error {
			out, err := w.Topology.Run(t.Context(), "events", "dead", "list", "--server", w.URL, "--token", secret)
			if err == nil && out != "" {
				err = fmt.Errorf("parution events dead list shows:\n%s", out)
			}
			return err
		})
		for _, m := range models {
			if out := events("rebuild", m.Name, m.Source, "--wait"); !strings.HasPrefix(out, "rebuilt "+m.Name+" of "+m.Source) {
				t.Errorf("parution events rebuild %s %s: %s", m.Name, m.Source, out)
			}
		}
		s.Shows("/tags/tag", post.Slug)
		s.Shows(post.Page(), "Kept by all")

		for _, c := range []struct {
			client       *world.Client
			status       int
			method, path string
		}{
			{s.Anyone(), http.StatusUnauthorized, http.MethodGet, "/api/v1/read-models"},
			{s.As("owner"), http.StatusForbidden, http.MethodGet, "/api/v1/dead-letters"},
			{s.As("owner"), http.StatusForbidden, http.MethodPost, "/api/v1/read-models/tags/posts:rebuild"},
			{w.Operator(), http.StatusNotFound, http.MethodPost, "/api/v1/read-models/tags/nobody:rebuild"},
			{w.Operator(), http.StatusNotFound, http.MethodPost, "/api/v1/dead-letters/tags/posts/post/" + post.ID + ":retry"},
			{w.Operator(), http.StatusNotFound, http.MethodDelete, "/api/v1/dead-letters/tags/posts/post/" + post.ID},
		} {
			if a := c.client.Send(c.method, c.path, nil); a.Status != c.status {
				t.Errorf("%s %s = %d %s, want %d", c.method, c.path, a.Status, a.Body, c.status)
			}
		}
	})
}
