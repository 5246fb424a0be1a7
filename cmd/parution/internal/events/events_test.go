package events_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/cmd/parution/internal/client"
	"github.com/parution/parution/cmd/parution/internal/events"
	"github.com/parution/parution/cmd/parution/internal/terminal"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

// server answers calls in the order of a script, and remembers them.
type server struct {
	mu     sync.Mutex
	script []reply
	calls  []string
	// end is called when the script has ended.
	end func()
}

// reply is an answer; status 0 closes the connection instead.
type reply struct {
	status int
	body   string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+r.URL.RequestURI())
	if len(s.script) == 0 {
		s.end()
		<-r.Context().Done()
		return
	}
	next := s.script[0]
	s.script = s.script[1:]
	if next.status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(next.status)
	_, _ = w.Write([]byte(next.body))
}

// stage is a server with its client and what is written.
type stage struct {
	*server

	api      *client.Client
	out, err bytes.Buffer
	ctx      context.Context
}

func play(t *testing.T, script ...reply) *stage {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	s := &stage{server: &server{script: script, end: cancel}, ctx: ctx}
	h := httptest.NewServer(s.server)
	t.Cleanup(h.Close)
	s.api = client.OverNetwork(h.URL, "", "")
	return s
}

func (s *stage) output() terminal.Output { return terminal.Output{Out: &s.out, Err: &s.err} }

func (s *stage) tail(from string, asJSON bool) error {
	tail := events.Tail{API: s.api, Output: s.output(), From: from, JSON: asJSON, Pause: goOn}
	return tail.Run(s.ctx)
}

func goOn(ctx context.Context, _ time.Duration) bool { return ctx.Err() == nil }

func wantCalls(t *testing.T, s *stage, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

const (
	first  = `{"changes":[{"id":"n1","type":"post","aggregate_id":"p1","version":2,"epoch":1,"position":"7","kind":"published","occurred_at":"2026-11-23T09:30:00Z","facts":{"slug":"lakes","title":"Three\u001b lakes","tags":["Walks"]}},{"id":"n2","type":"post","aggregate_id":"p2","version":3,"epoch":1,"position":"8","kind":"withdrawn","occurred_at":"2026-11-23T09:31:00Z"}],"next":"t1","epoch":1}`
	second = `{"changes":[],"next":"t2","epoch":2,"unknown":true}`
)

func TestTailGoesOnAfterALostServer(t *testing.T) {
	t.Parallel()
	s := play(t, reply{200, first}, reply{502, ""}, reply{503, ""}, reply{200, second})
	if err := s.tail(events.FromStart, false); err != nil {
		t.Fatalf("Run: %v", err)
	}
	wantCalls(t, s, "GET /api/v1/changes?page_size=1000", "GET /api/v1/changes?after=t1&page_size=1000&wait=25",
		"GET /api/v1/changes?after=t1&page_size=1000&wait=25", "GET /api/v1/changes?after=t1&page_size=1000&wait=25",
		"GET /api/v1/changes?after=t2&page_size=1000&wait=25")
	lines := strings.Split(strings.TrimSpace(s.out.String()), "\n")
	if len(lines) != 2 || !strings.HasSuffix(lines[0], "published   post p1 v2  Three? lakes (/posts/lakes) #Walks") || !strings.HasSuffix(lines[1], "withdrawn   post p2 v3") {
		t.Errorf("wrote %q", lines)
	}
	for _, want := range []string{"the server is lost", "there again", "set back (epoch 2, before 1)", "--from t2"} {
		if strings.Count(s.err.String(), want) != 1 {
			t.Errorf("%q is not said once:\n%s", want, s.err.String())
		}
	}
}

func TestTailAsJSON(t *testing.T) {
	t.Parallel()
	s := play(t, reply{200, first})
	if err := s.tail("t0", true); err != nil {
		t.Fatalf("Run: %v", err)
	}
	wantCalls(t, s, "GET /api/v1/changes?after=t0&page_size=1000", "GET /api/v1/changes?after=t1&page_size=1000&wait=25")
	var nexts []any
	for line := range strings.Lines(s.out.String()) {
		var c map[string]any
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("read %s: %v", line, err)
		}
		nexts = append(nexts, c["next"])
	}
	if diff := cmp.Diff([]any{nil, "t1"}, nexts); diff != "" {
		t.Errorf("next of each line (-want +got):\n%s", diff)
	}
}

func TestTailTellsAtOnceWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, script := range map[string][]reply{
		"no server":           {{}},
		"a bad token":         {{422, `{"status":422,"detail":"after is not known"}`}},
		"refused on the way":  {{200, first}, {401, `{"status":401,"detail":"the token is not valid"}`}},
		"not ready the first": {{503, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, script...)
			if err := s.tail(events.FromNow, false); err == nil {
				t.Error("Run = nil, want an error")
			}
			if len(s.calls) != len(script) {
				t.Errorf("%d calls, want %d: %q", len(s.calls), len(script), s.calls)
			}
		})
	}
}

const models = `{"read_models":[
 {"name":"render","source":"posts","epoch":1,"floor":"40","watermark_epoch":1,"watermark":"42","lag":"2","lag_seconds":1.25,"generation":2,"aggregates":"10","of_older_generation":"4"},
 {"name":"tags","source":"posts","epoch":1,"floor":"42","problem":"posts is down"}],
 "unanswered":[{"name":"follow","problem":"the answer took too long"}]}`

func TestLag(t *testing.T) {
	t.Parallel()
	s := play(t, reply{200, models})
	err := events.Lag(s.ctx, s.api, s.output(), false)
	if err == nil || err.Error() != "no answer from follow (the answer took too long)" {
		t.Errorf("Lag = %v, want who did not answer", err)
	}
	want := `READ MODEL  SOURCE  EPOCH  FLOOR  WATERMARK  LAG  SECONDS  DEAD  GENERATION  REBUILD
render      posts   1      40     42         2    1.2      0     2           60 %
tags        posts   1      42     ?          ?    0.0      0     0           -
`
	if diff := cmp.Diff(want, s.out.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if got := s.err.String(); got != "tags of posts: posts is down\n" {
		t.Errorf("said %q", got)
	}
}

// steps notes what a rebuild tells.
type steps struct{ told [][2]int }

func (s *steps) Step(done, total int) { s.told = append(s.told, [2]int{done, total}) }
func (s *steps) End()                 { s.told = append(s.told, [2]int{-1, -1}) }

func TestRebuildWaits(t *testing.T) {
	t.Parallel()
	model := func(rest string) reply {
		return reply{200, `{"read_models":[{"name":"tags","source":"posts",` + rest + `}]}`}
	}
	s := play(t, reply{200, `{"name":"tags","source":"posts","generation":2,"aggregates":"10","of_older_generation":"10"}`},
		model(`"generation":2,"aggregates":"10","of_older_generation":"4","problem":"posts is down"`), reply{503, ""},
		reply{200, `{"unanswered":[{"name":"tags","problem":"down"}]}`},
		model(`"generation":2,"aggregates":"11","of_older_generation":"0","rebuilding":true`), model(`"generation":2,"aggregates":"11","of_older_generation":"0"`))
	told := &steps{}
	r := events.Rebuild{API: s.api, Output: s.output(), Name: "tags", Source: "posts", Wait: true, Progress: told, Pause: goOn}
	if err := r.Run(s.ctx); err != nil {
		t.Fatalf("Run: %v", err)
	}
	if diff := cmp.Diff([][2]int{{0, 10}, {6, 10}, {6, 10}, {6, 10}, {11, 11}, {11, 11}, {-1, -1}}, told.told); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if s.out.String() != "rebuilt tags of posts: generation 2, 11 aggregates\n" || s.err.String() != "it does not get on: posts is down\n" {
		t.Errorf("wrote %q, said %q", s.out.String(), s.err.String())
	}
	wantCalls(t, s, "POST /api/v1/read-models/tags/posts:rebuild", "GET /api/v1/read-models", "GET /api/v1/read-models", "GET /api/v1/read-models", "GET /api/v1/read-models", "GET /api/v1/read-models")
}

const letters = `{"dead_letters":[{"name":"tags","source":"posts","notice":{"id":"n1","site":"main","aggregate_type":"post","aggregate_id":"p1","version":3,"epoch":1,"pos":"9","kind":"revised","occurred_at":"2026-11-23T09:30:00Z"},"attempts":8,"reason":"a reason that is so long that no table has room for the whole of it","parked_at":"2026-11-23T09:40:00Z"}]}`

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	ref := events.Ref{Name: "tags", Source: "posts", Type: "post", ID: "p1"}
	missing := reply{404, `{"status":404,"detail":"there is no such dead letter"}`}
	for _, tt := range []struct {
		name   string
		script []reply
		run    func(*stage) error
		out    []string // that it writes
		err    string   // part of the error; empty: none
		calls  []string
	}{
		{
			"list",
			[]reply{{200, letters}},
			func(s *stage) error { return events.ListDead(s.ctx, s.api, s.output(), false) },
			[]string{"tags/posts/post/p1", "revised", "a reason that is so long that no table has room for the who…"},
			"",
			[]string{"GET /api/v1/dead-letters"},
		},
		{"none", []reply{{200, `{}`}}, func(s *stage) error { return events.ListDead(s.ctx, s.api, s.output(), false) }, nil, "", []string{"GET /api/v1/dead-letters"}},
		{
			"show",
			[]reply{{200, letters}},
			func(s *stage) error { return events.ShowDead(s.ctx, s.api, s.output(), ref, false) },
			[]string{"no table has room for the whole of it", "3 in epoch 1", "8 times"},
			"",
			[]string{"GET /api/v1/dead-letters"},
		},
		{
			"show another",
			[]reply{{200, `{}`}},
			func(s *stage) error { return events.ShowDead(s.ctx, s.api, s.output(), ref, false) },
			nil, "tags/posts/post/p1 was not put aside",
			[]string{"GET /api/v1/dead-letters"},
		},
		{
			"retry",
			[]reply{{200, `{}`}},
			func(s *stage) error { return events.RetryDead(s.ctx, s.api, s.output(), ref) },
			[]string{"applied tags/posts/post/p1"},
			"",
			[]string{"POST /api/v1/dead-letters/tags/posts/post/p1:retry"},
		},
		{
			"retry another",
			[]reply{missing},
			func(s *stage) error { return events.RetryDead(s.ctx, s.api, s.output(), ref) },
			nil, "tags/posts/post/p1 was not applied: there is no such dead letter",
			[]string{"POST /api/v1/dead-letters/tags/posts/post/p1:retry"},
		},
		{
			"retry all",
			[]reply{{200, letters}, {422, `{"status":422,"detail":"the state is refused"}`}},
			func(s *stage) error { return events.RetryAllDead(s.ctx, s.api, s.output()) },
			nil, "tags/posts/post/p1 stays aside: the state is refused",
			[]string{"GET /api/v1/dead-letters", "POST /api/v1/dead-letters/tags/posts/post/p1:retry"},
		},
		{
			"drop",
			[]reply{{200, `{}`}},
			func(s *stage) error { return events.DropDead(s.ctx, s.api, s.output(), ref) },
			[]string{"dropped tags/posts/post/p1"},
			"",
			[]string{"DELETE /api/v1/dead-letters/tags/posts/post/p1"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := play(t, tt.script...)
			err := tt.run(s)
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error = %v, want %q", err, tt.err)
			}
			for _, want := range tt.out {
				if !strings.Contains(s.out.String(), want) {
					t.Errorf("did not write %q:\n%s", want, s.out.String())
				}
			}
			wantCalls(t, s, tt.calls...)
		})
	}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	if ref, err := events.ParseRef("tags/posts/post/p1"); err != nil || ref.String() != "tags/posts/post/p1" {
		t.Errorf("ParseRef = %v, %v", ref, err)
	}
	for _, text := range []string{"", "tags", "tags/posts/post", "tags/posts/post/", "tags//post/p1", "a/b/c/d/e"} {
		if _, err := events.ParseRef(text); err == nil {
			t.Errorf("ParseRef(%q) = nil, want an error", text)
		}
	}
}

func TestLineOfAnUnknownKind(t *testing.T) {
	t.Parallel()
	line := events.Line(&postsv1.Change{Kind: "a new\nkind", Type: "post", AggregateId: "p1", Version: 1})
	if strings.Contains(line, "\n") || !strings.Contains(line, "a new?kind") {
		t.Errorf("Line = %q", line)
	}
}
