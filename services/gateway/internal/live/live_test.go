package live

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
)

// owner is render's feed.
type owner struct {
	eventsv1.FeedServiceClient

	mu      sync.Mutex
	notices []*eventsv1.Notice
	asked   []int64
}

// ListChanges implements eventsv1.FeedServiceClient.
func (o *owner) ListChanges(_ context.Context, r *eventsv1.ListChangesRequest, _ ...grpc.CallOption) (*eventsv1.ListChangesResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, r.GetAfterPos())
	out := &eventsv1.ListChangesResponse{}
	for _, n := range o.notices {
		if placeOf(n).after(place{r.GetAfterEpoch(), r.GetAfterPos()}) && len(out.GetNotices()) < int(r.GetPageSize()) {
			out.Notices = append(out.Notices, n)
		}
	}
	return out, nil
}

// desk is a hub behind a server; the test turns its clock and its rounds itself.
type desk struct {
	*Hub

	t      *testing.T
	owner  *owner
	server *httptest.Server
	url    string

	mu  sync.Mutex
	now time.Time
	pos int64
}

func newDesk(t *testing.T, maxReaders int) *desk {
	t.Helper()
	d := &desk{t: t, owner: &owner{}, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	hub, err := New(Deps{Feed: d.owner, Telemetry: telemetry.Discard(), MaxReaders: maxReaders, Now: func() time.Time {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.now
	}})
	if err != nil {
		t.Fatal(err)
	}
	d.Hub = hub
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hub.Serve(w, r, r.Host) }))
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		hub.Leave()
		hub.sendAway()
	})
	d.server, d.url = server, server.URL
	return d
}

func (d *desk) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// press is the next notice of render, which the hub has not heard yet.
func (d *desk) press(site string, facts *renderv1.PressFacts) *eventsv1.Notice {
	d.t.Helper()
	packed, err := anypb.New(facts)
	if err != nil {
		d.t.Fatal(err)
	}
	d.pos++
	n := &eventsv1.Notice{Owner: "render", Epoch: 1, Pos: d.pos, Site: site, Kind: "pressed", Facts: packed}
	d.owner.mu.Lock()
	defer d.owner.mu.Unlock()
	d.owner.notices = append(d.owner.notices, n)
	return n
}

// publish tells that a post was published; its address is /posts/ and the title.
func (d *desk) publish(site, title string) {
	d.t.Helper()
	d.Tell(d.press(site, published(title)))
	d.deliver()
}

func published(title string) *renderv1.PressFacts {
	return &renderv1.PressFacts{
		Keys: []string{"posts", "tag:x"}, Post: &renderv1.PostVersion{Id: "id-" + title, Epoch: 1, Version: 2},
		Event: "published", Slug: title, Title: title, Language: "fr",
	}
}

// told is what a reader reads.
type told struct {
	t      *testing.T
	answer *http.Response
	lines  *bufio.Reader
}

// listen opens a stream of site; from is its query or its Last-Event-ID.
func (d *desk) listen(site, query, lastID string) *told {
	d.t.Helper()
	return listenWith(d.t, d.server.Client(), d.url+Path+query, site, lastID)
}

func listenWith(t *testing.T, client *http.Client, address, site, lastID string) *told {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = site
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return &told{t, answer, bufio.NewReader(answer.Body)}
}

// block reads one block: its lines, without the empty one that ends it. None at the end.
func (s *told) block() (lines []string) {
	s.t.Helper()
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return nil
		}
		if line = strings.TrimSuffix(line, "\n"); line == "" {
			return lines
		}
		lines = append(lines, line)
	}
}

// next is the next event with its id: "post 1.7 a"; the slug is that of the data.
func (s *told) next() string {
	s.t.Helper()
	for {
		lines := s.block()
		switch {
		case len(lines) == 0:
			return "end"
		case !strings.HasPrefix(lines[0], "event: "):
			continue
		case len(lines) != 3:
			s.t.Errorf("an event has the lines %q", lines)
			return ""
		}
		_, slug, _ := strings.Cut(lines[2], `"slug":"`)
		slug, _, _ = strings.Cut(slug, `"`)
		return strings.TrimSpace(strings.TrimPrefix(lines[0], "event: ") + " " + strings.TrimPrefix(lines[1], "id: ") + " " + slug)
	}
}

func (s *told) want(events ...string) {
	s.t.Helper()
	for _, want := range events {
		if got := s.next(); got != want {
			s.t.Fatalf("told %.60q, want %.60q", got, want)
		}
	}
}

// settled waits until n readers listen: the answer's head comes a moment sooner.
func (d *desk) settled(n int) {
	d.t.Helper()
	for d.t.Context().Err() == nil {
		d.Hub.mu.Lock()
		listening := 0
		for _, t := range d.topics {
			listening += len(t.readers)
		}
		d.Hub.mu.Unlock()
		if listening == n {
			return
		}
		runtime.Gosched()
	}
}

func TestReadersAreToldWhatHappensOnTheirSite(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	d.Jump(1, 0)
	reader, other := d.listen("main", "", ""), d.listen("other", "", "")
	if h := reader.answer.Header; reader.answer.StatusCode != http.StatusOK || h.Get("Content-Type") != "text/event-stream" || h.Get("Cache-Control") != "no-store" ||
		h.Get("Content-Security-Policy") == "" || h.Get("Content-Encoding") != "" || h.Get("X-Accel-Buffering") != "no" || h.Get("Date") == "" {
		t.Errorf("answer %d %v", reader.answer.StatusCode, h)
	}
	if got := reader.block(); len(got) != 1 || !strings.HasPrefix(got[0], "retry: ") {
		t.Errorf("at first %q, want when to come back", got)
	}
	if diff := cmp.Diff([]string{"id: 1.0"}, reader.block()); diff != "" {
		t.Errorf("then (-want +got):\n%s", diff)
	}
	d.settled(2)
	d.publish("main", "é à\n")
	want := []string{
		"event: post", "id: 1.1",
		`data: {"event":"published","id":"id-é à\n","version":2,"slug":"é à\n","title":"é à\n","language":"fr","url":"/posts/%C3%A9%20%C3%A0%0A"}`,
	}
	if diff := cmp.Diff(want, reader.block()); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	d.Tell(d.press("main", &renderv1.PressFacts{Keys: []string{"card:p", "tag:a", "tag:b", "about:b", "about:c", "tags"}}))
	d.Tell(d.press("main", &renderv1.PressFacts{Keys: []string{"site"}})) // nothing that a page could look for
	d.deliver()
	if diff := cmp.Diff([]string{"event: tags", "id: 1.2", `data: {"tags":["a","b","c"]}`}, reader.block()); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	d.publish("other", "theirs")
	d.publish("main", "ours")
	reader.want("post 1.5 ours")
	other.want("post 1.4 theirs")
}

func TestReadersGoOnWhereTheyWere(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 100)
	d.press("main", published("unheard")) // before this replica began
	d.press("main", published("unheard2"))
	d.Jump(1, 2)
	d.publish("main", "a")
	d.publish("other", "x")
	d.publish("main", "b")
	for name, c := range map[string]struct {
		query, lastID string
		want          []string
	}{
		"by its last event":                      {"", "1.3", []string{"post 1.5 b"}},
		"by a parameter":                         {"?after=1.3", "", []string{"post 1.5 b"}},
		"what a browser says is newer":           {"?after=1.2", "1.3", []string{"post 1.5 b"}},
		"from before, as render tells":           {"", "1.1", []string{"post 1.2 unheard2", "post 1.3 a", "post 1.5 b"}},
		"from the beginning":                     {"", "1.0", []string{"post 1.1 unheard", "post 1.2 unheard2", "post 1.3 a", "post 1.5 b"}},
		"of an epoch that is no more":            {"?after=2.1", "", []string{"reset 1.5"}},
		"of a place that was not reached":        {"", "1.9", []string{"reset 1.5"}},
		"of no place at all":                     {"", "nonsense", []string{"reset 1.5"}},
		"of its own past, that nothing followed": {"", "1.5", nil},
	} {
		t.Run(name, func(t *testing.T) {
			reader := d.listen("main", c.query, c.lastID)
			reader.t = t
			reader.want(c.want...)
		})
	}
	d.settled(9)
	d.publish("main", "c")
	if got := d.listen("main", "", "1.5").next(); got != "post 1.6 c" {
		t.Errorf("told %q, want what comes", got)
	}
	for _, pos := range d.owner.asked {
		if pos > 2 {
			t.Errorf("render was asked from the place %d, where it may not be", pos)
		}
	}
	if len(d.owner.asked) > 2 {
		t.Errorf("render was asked %d times", len(d.owner.asked))
	}
}

func TestAPageIsToldWhatHappenedSinceItWasAskedFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	d.Jump(1, 0)
	if got := d.listen("main", "?age=1", "").next(); got != "reset 1.0" {
		t.Errorf("told %q, want a reset: nobody knows what happened before", got)
	}
	d.pass(time.Minute)
	d.publish("main", "old")
	d.pass(10 * time.Second)
	d.publish("main", "new")
	d.pass(time.Second)
	d.listen("main", "?age=2", "").want("post 1.2 new")
	d.listen("main", "?age=20", "").want("post 1.1 old", "post 1.2 new")
}

func TestWhatIsNotKnownIsAskedForByReaders(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	reader := d.listen("main", "", "1.4") // before the hub knows where it is
	d.settled(1)
	d.Jump(1, 7)
	d.deliver()
	reader.want("reset 1.7")
	d.pos = 7
	for i := range 300 { // more at once than a reader is told
		d.Tell(d.press("main", published(fmt.Sprint("many-", i))))
	}
	d.deliver()
	reader.want("reset 1.307")
	d.listen("main", "", "1.8").want("reset 1.307")
	d.pos = 399
	d.Jump(1, 400)
	d.deliver()
	reader.want("reset 1.400")
}

func TestReadersThatDoNotReadAreDropped(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	d.Jump(1, 0)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: main\r\n\r\n", Path); err != nil {
		t.Fatal(err)
	}
	d.settled(1)
	reader := d.listen("main", "", "")
	d.settled(2)
	long := strings.Repeat("a", 3<<10)
	for i := 0; d.Readers() == 2 && t.Context().Err() == nil; i++ {
		d.publish("main", long)
		reader.want(fmt.Sprintf("post 1.%d %s", i+1, long))
	}
	d.publish("main", "after")
	if got := reader.next(); !strings.HasSuffix(got, "after") || d.Readers() != 1 {
		t.Errorf("who reads is told %.20q; %d listen", got, d.Readers())
	}
}

func TestReadersThatLeftAreNotKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	d.pos = 3
	d.Jump(1, 3)
	reader, stays := d.listen("main", "", ""), d.listen("main", "", "")
	d.settled(2)
	if err := reader.answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	d.server.Client().CloseIdleConnections()
	for d.Readers() == 2 && t.Context().Err() == nil { // the end takes a moment to arrive
		d.tend()
	}
	d.publish("main", "a")
	stays.want("post 1.4 a")
	for range beats {
		d.tend()
	}
	for _, want := range []string{"id: 1.4"} { // so that it goes on from there
		if got := stays.block(); len(got) != 1 || got[0] != want {
			t.Errorf("a reader whose turn it is gets %q, want %q", got, want)
		}
	}
}

func TestThereIsRoomForSoMany(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 2)
	d.Jump(1, 0)
	first, second := d.listen("main", "", ""), d.listen("other", "", "")
	d.settled(2)
	if third := d.listen("main", "", ""); third.answer.StatusCode != http.StatusServiceUnavailable || third.answer.Header.Get("Retry-After") == "" {
		t.Errorf("one too many = %d %v, want 503 with Retry-After", third.answer.StatusCode, third.answer.Header)
	}
	if err := first.answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	for d.Readers() == 2 && t.Context().Err() == nil {
		d.tend()
	}
	if third := d.listen("main", "", ""); third.answer.StatusCode != http.StatusOK {
		t.Errorf("when there is room again = %d", third.answer.StatusCode)
	}
	d.settled(2)
	d.Leave()
	d.deliver()
	if got := second.block(); got == nil || !strings.HasPrefix(got[0], "retry: ") {
		t.Errorf("at the end %q, want when to come back", got)
	}
	second.want("end")
	if late := d.listen("main", "", ""); late.answer.StatusCode != http.StatusServiceUnavailable || d.Readers() != 0 {
		t.Errorf("who comes late = %d; %d listen", late.answer.StatusCode, d.Readers())
	}
}

func TestWhatCannotBeMeantIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 2)
	d.Jump(1, 0)
	for _, query := range []string{"?after=x", "?after=1", "?after=01.2", "?after=1.-2", "?age=-1", "?age=x", "?age=3601"} {
		if got := d.listen("main", query, ""); got.answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s = %d, want 400", query, got.answer.StatusCode)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, d.url+Path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := d.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" || d.Readers() != 0 {
		t.Errorf("HEAD = %d %v; %d listen", answer.StatusCode, answer.Header, d.Readers())
	}
}

func TestConnectionsThatCannotBeTakenOver(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	d.Jump(1, 0)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.Serve(w, r, r.Host) }))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	reader := listenWith(t, server.Client(), server.URL+Path, "main", "")
	if reader.answer.ProtoMajor != 2 {
		t.Fatalf("it is HTTP/%d", reader.answer.ProtoMajor)
	}
	d.settled(1)
	d.publish("main", "a")
	reader.want("post 1.1 a")
	leaves := listenWith(t, server.Client(), server.URL+Path, "main", "1.0")
	leaves.want("post 1.1 a")
	d.settled(2)
	if err := leaves.answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	d.settled(1)
	d.Leave()
	d.deliver()
	reader.want("end")
}

func TestRenderThatDoesNotTellAll(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	d.press("main", published("lost"))
	d.press("main", published("kept"))
	d.owner.notices = d.owner.notices[1:] // as if it had been deleted
	d.Jump(1, 2)
	d.listen("main", "", "1.0").want("reset 1.2")
	if fault.KindOf(errFull) != fault.KindUnavailable {
		t.Error("a full hub is not for clients to wait for")
	}
}

// TestWhatReadersNameIsNoMeasureOfMemory: whoever names ever older places has
// only so much of them remembered.
func TestWhatReadersNameIsNoMeasureOfMemory(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	const told = 3 * remembered
	for range told {
		d.press("main", published("old"))
	}
	d.Jump(1, told)
	for at := int64(told); at > maxReach; {
		at -= maxReach
		d.listen("main", fmt.Sprintf("?after=1.%d", at), "").want(fmt.Sprintf("reset 1.%d", told))
	}
	d.Hub.mu.Lock()
	n := len(d.events)
	d.Hub.mu.Unlock()
	if n > remembered {
		t.Errorf("%d events are remembered, want at most %d", n, remembered)
	}
	asked := len(d.owner.asked)
	d.Jump(1, told)
	head := httptest.NewRequestWithContext(t.Context(), http.MethodHead, Path+fmt.Sprintf("?after=1.%d", told-1), http.NoBody)
	d.Serve(httptest.NewRecorder(), head, "main")
	if n := len(d.owner.asked) - asked; n != 0 {
		t.Errorf("render was asked %d times for somebody who does not listen", n)
	}
}
