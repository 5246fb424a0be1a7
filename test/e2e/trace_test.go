package e2e_test

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/test/world"
)

// span is what of a span tells who did what.
type span struct {
	trace, id, parent, name, service, group string
	kind                                    tracepb.Span_SpanKind
}

// collector receives spans over OTLP/HTTP. Safe for concurrent use.
type collector struct {
	mu    sync.Mutex
	spans []span
}

// ServeHTTP takes an export; a TracesData has the form of its request.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unpacked
	}
	text, err := io.ReadAll(body)
	var data tracepb.TracesData
	if err == nil {
		err = proto.Unmarshal(text, &data)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	if r.URL.Path == "/v1/traces" {
		c.add(&data)
	}
}

func (c *collector) add(data *tracepb.TracesData) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range data.GetResourceSpans() {
		service := attribute(resource.GetResource().GetAttributes(), "service.name")
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, span{
					trace: hex.EncodeToString(s.GetTraceId()), id: hex.EncodeToString(s.GetSpanId()), parent: hex.EncodeToString(s.GetParentSpanId()),
					name: s.GetName(), service: service, group: attribute(s.GetAttributes(), "messaging.consumer.group.name"), kind: s.GetKind(),
				})
			}
		}
	}
}

func attribute(list []*commonpb.KeyValue, key string) string {
	for _, kv := range list {
		if kv.GetKey() == key {
			return kv.GetValue().GetStringValue()
		}
	}
	return ""
}

// of are the spans of one trace.
func (c *collector) of(trace string) []span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.spans), func(s span) bool { return s.trace != trace })
}

// step is a span that the trace of a publication must hold.
type step struct {
	what string
	is   func(s span) bool
}

func steps() []step {
	const server, client, producer, consumer = tracepb.Span_SPAN_KIND_SERVER, tracepb.Span_SPAN_KIND_CLIENT, tracepb.Span_SPAN_KIND_PRODUCER, tracepb.Span_SPAN_KIND_CONSUMER
	call := func(kind tracepb.Span_SpanKind, method string) func(span) bool {
		return func(s span) bool { return s.kind == kind && strings.HasSuffix(s.name, method) }
	}
	process := func(source, group string) func(span) bool {
		return func(s span) bool { return s.kind == consumer && s.name == "process "+source && s.group == group }
	}
	return []step{
		{"the API call at the gateway", func(s span) bool { return s.kind == server && s.name == "POST /api/v1/posts" }},
		{"the gateway's call of posts", call(client, "PostsService/CreatePost")},
		{"the call at posts", call(server, "PostsService/CreatePost")},
		{"posts' notice", call(producer, "send POSTS")},
		{"tags hearing of it", process("POSTS", "tags")},
		{"render hearing of it", process("POSTS", "render")},
		{"asking posts for the post", call(server, "PostsService/BatchGetPosts")},
		{"tags' notice", call(producer, "send TAGS")},
		{"render hearing of that", process("TAGS", "render")},
		{"render's notice", call(producer, "send RENDER")},
		{"the gateway dropping pages", call(consumer, "drop pages")},
	}
}

// One trace leads from the API call to the dropped page, through every service.
func TestTrace(t *testing.T) {
	t.Parallel()
	received := &collector{}
	server := httptest.NewServer(received)
	t.Cleanup(server.Close)
	options := world.Options{Env: []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + server.URL, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_METRICS_EXPORTER=none", "OTEL_BSP_SCHEDULE_DELAY=50",
	}}
	world.Each(t, func(t *testing.T, w *world.World) {
		trace := strings.Repeat("0", 24) + fmt.Sprintf("%08x", w.Pid(w.Front()))
		author := w.Operator().With("Traceparent", "00-"+trace+"-"+caller+"-01")
		p := author.Create(world.M{"title": "Traced", "body": "x", "tags": []string{"Trail"}, "status": "published"})
		world.Eventually(t, func() error { return follow(received.of(trace)) })
		for _, s := range received.of(trace) {
			if strings.Contains(s.name, p.ID) {
				t.Errorf("the span %q names a post: names must be few", s.name)
			}
		}
	}, options)
}

// caller is the span that the test's request claims to come from.
const caller = "00000000000000ab"

// follow tells the first step that is missing, or what hangs loose.
func follow(spans []span) error {
	for _, s := range steps() {
		if !slices.ContainsFunc(spans, s.is) {
			var names []string
			for _, have := range spans {
				names = append(names, fmt.Sprintf("%s: %s (%s)", have.service, have.name, have.kind))
			}
			return fmt.Errorf("the trace lacks %s; it has\n%s", s.what, strings.Join(names, "\n"))
		}
	}
	known := map[string]bool{caller: true}
	for _, s := range spans {
		known[s.id] = true
	}
	for _, s := range spans {
		if !known[s.parent] {
			return fmt.Errorf("the span %q of %s hangs on nothing that was received", s.name, s.service)
		}
	}
	return nil
}
