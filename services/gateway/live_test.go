package gateway_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/anypb"

	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	"github.com/parution/parution/services/gateway"
)

// listen opens the stream of events of a host and answers the status and the lines.
func (f *front) listen(t *testing.T, host string) (int, *bufio.Scanner) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.public.URL+"/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	answer, err := f.public.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer.StatusCode, bufio.NewScanner(answer.Body)
}

// tellPublished sends render's notice that a post was published on a site.
func (f *front) tellPublished(t *testing.T, pos int64, site, slug string, keys ...string) {
	t.Helper()
	facts, err := anypb.New(&renderv1.PressFacts{
		Keys: keys, Post: &renderv1.PostVersion{Id: "p", Epoch: 1, Version: 1}, Event: "published", Slug: slug, Title: "T", Language: "en",
	})
	if err != nil {
		t.Fatal(err)
	}
	f.send(t.Context(), t, &eventsv1.Notice{
		Id: "n", Owner: "render", Epoch: 1, Pos: pos, Site: site, AggregateType: "press", AggregateId: "p", Version: 1, Kind: "pressed", Facts: facts,
	})
}

// data is that of the next event that says something: who comes before the gateway
// knows where render's feed is hears a reset. Empty at the end.
func data(lines *bufio.Scanner) string {
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok && text != "{}" {
			return text
		}
	}
	return ""
}

func TestWhoIsToldOfAChangeGetsTheNewPage(t *testing.T) {
	t.Parallel()
	f := start(t)
	_, lines := f.listen(t, "any.example")
	_, others := f.listen(t, "other.example")
	for known := false; !known && lines.Scan(); { // where render's feed is
		known = lines.Text() == "id: 1.0"
	}
	for pos := range int64(20) {
		before, after := "before", "after"
		f.press("main", "/", before, "posts")
		f.get(t, "/")
		f.press("main", "/", after, "posts")
		f.tellPublished(t, 2*pos+1, "main", "news", "posts")
		if got := data(lines); !strings.Contains(got, `"event":"published","id":"p","version":1,"slug":"news"`) {
			t.Fatalf("told %q", got)
		}
		if got := f.get(t, "/"); got.body != after {
			t.Fatalf("who was told gets the page %q", got.body)
		}
		f.tellPublished(t, 2*pos+2, "other", "theirs", "posts")
		if got := data(others); !strings.Contains(got, `"slug":"theirs"`) {
			t.Fatalf("the other site's reader is told %q", got)
		}
	}
}

func TestReadersAreNoRequestsThatAreWorkedOn(t *testing.T) {
	t.Parallel()
	cfg := gateway.Defaults()
	cfg.MaxInFlight, cfg.MaxReaders = 1, 3
	f := startAs(t, telemetry.Discard(), newBehind(), cfg)
	f.press("main", "/posts/a", "a", "post:a")
	var last *bufio.Scanner
	for range cfg.MaxReaders {
		var status int
		if status, last = f.listen(t, "main.example"); status != http.StatusOK {
			t.Fatalf("GET /events = %d", status)
		}
	}
	if status, _ := f.listen(t, "main.example"); status != http.StatusServiceUnavailable {
		t.Errorf("one too many = %d, want 503", status)
	}
	if got := f.get(t, "/posts/a"); got.status != http.StatusOK {
		t.Errorf("a page beside them = %d", got.status)
	}
	for method, want := range map[string]int{http.MethodHead: http.StatusOK, http.MethodPost: http.StatusMethodNotAllowed} {
		if got := send(t, f.public.URL, method, "/events", ""); got.status != want || got.header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s /events = %d %v, want %d", method, got.status, got.header, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.health.ReadyPart(0).Run(ctx, func() {}); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if got := data(last); got != "" {
		t.Errorf("at the end told %q", got)
	}
	if status, _ := f.listen(t, "main.example"); status != http.StatusServiceUnavailable {
		t.Errorf("while it stops = %d, want 503", status)
	}
}
