package crowd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parution/parution/test/chaos/internal/journal"
)

const (
	// attemptTimeout is what one attempt may take.
	attemptTimeout = 6 * time.Second
	// patience is how long an author repeats a request before giving up on
	// knowing what became of it.
	patience = 60 * time.Second
)

// Authors write. Make them with NewAuthors.
type Authors struct {
	balancer *Balancer
	http     *http.Client
	token    string
	seed     uint64
	journal  *journal.Journal
	shelf    *shelf
	marks    atomic.Int64
	// attempts are all, refused those without an answer that is one.
	attempts, refused atomic.Int64
	// ahead is how far ahead posts are scheduled at most.
	ahead  time.Duration
	broken atomic.Pointer[error]
	// last is the newest operation on tags that this run knows.
	last atomic.Pointer[string]
}

// NewAuthors makes authors who write with token what seed says, and keep journal.
// They schedule posts for 1 s ahead at least and ahead at most.
func NewAuthors(b *Balancer, token string, seed uint64, ahead time.Duration, j *journal.Journal) *Authors {
	return &Authors{ahead: max(ahead, time.Second+time.Millisecond), balancer: b, http: client(attemptTimeout, 32), token: token, seed: seed, journal: j, shelf: newShelf()}
}

// Run lets n authors do ops operations between them, at most rate a second.
func (a *Authors) Run(ctx context.Context, n, ops int, rate float64) error {
	var all sync.WaitGroup
	var begun atomic.Int64
	for i := range n {
		all.Go(func() {
			r := NewRand(a.seed, "author "+strconv.Itoa(i))
			gap := time.Duration(float64(n) / rate * float64(time.Second))
			for begun.Add(1) <= int64(ops) && a.broken.Load() == nil {
				next := time.Now().Add(gap)
				if err := a.operate(ctx, r); err != nil {
					a.broken.CompareAndSwap(nil, &err)
					return
				}
				if !Pause(ctx, time.Until(next)) {
					return
				}
			}
		})
	}
	all.Wait()
	if err := a.broken.Load(); err != nil {
		return *err
	}
	return ctx.Err()
}

// Availability is how many attempts to write got an answer that is one (not
// 5xx, nor none), of how many.
func (a *Authors) Availability() (served, total int64) {
	total = a.attempts.Load()
	return total - a.refused.Load(), total
}

// share is how often each kind is asked for, in percent.
func draw(r *rand.Rand) journal.Kind {
	n := r.IntN(100)
	for _, s := range []struct {
		kind journal.Kind
		part int
	}{
		{journal.Create, 25},
		{journal.Revise, 32},
		{journal.Publish, 15},
		{journal.Withdraw, 8},
		{journal.Schedule, 7},
		{journal.Delete, 5},
		{journal.Tag, 4},
		{journal.Site, 1},
		{journal.Rename, 1},
		{journal.Merge, 1},
		{journal.Undo, 1},
	} {
		if n < s.part {
			return s.kind
		}
		n -= s.part
	}
	return journal.Create
}

// operate does one operation. Its error is one of the journal.
func (a *Authors) operate(ctx context.Context, r *rand.Rand) error {
	kind := draw(r)
	if kind == journal.Site {
		return a.configure(ctx, r)
	}
	if kind.OnTags() {
		return a.retag(ctx, r, kind)
	}
	var p post
	if kind != journal.Create {
		var ok bool
		if p, ok = a.shelf.pick(r, kind); !ok {
			kind = journal.Create
		}
	}
	if p.doubt {
		if p = a.look(ctx, p); p.doubt || !fits(kind, p.status) {
			a.shelf.done(p.id, func(q *post) { *q = p })
			kind, p = journal.Create, post{}
		}
	}
	op, body := a.compose(r, kind, p)
	return a.carryOut(ctx, r, op, body)
}

// compose writes the request of an operation.
func (a *Authors) compose(r *rand.Rand, kind journal.Kind, p post) (journal.Op, map[string]any) {
	op := journal.Op{Kind: kind, Key: fmt.Sprintf("%x-%x", r.Uint64(), r.Uint64()), Post: p.id, Expected: p.version}
	body := map[string]any{}
	text := func() {
		op.Mark = fmt.Sprintf("mark%dz", a.marks.Add(1))
		op.Title = "About " + op.Mark
		body["title"] = op.Title
		body["body"] = "## News\n\nThe text of " + op.Mark + " is *short*.\n\n" + filler(r)
	}
	switch kind {
	case journal.Create:
		text()
		op.Tags = tags(r)
		op.Publish = r.IntN(2) == 0
		body["tags"] = op.Tags
		if op.Publish {
			body["status"] = "published"
		}
		if r.IntN(20) == 0 {
			body["featured"] = true
		}
	case journal.Revise:
		text()
		if r.IntN(3) == 0 {
			op.Title = ""
			delete(body, "title")
		}
	case journal.Tag:
		op.Tags = tags(r)
		body["tags"] = op.Tags
	case journal.Schedule:
		op.At = time.Now().Add(time.Second + time.Duration(r.Int64N(int64(a.ahead-time.Second)))).UTC().Truncate(time.Millisecond)
		body["at"] = op.At.Format(time.RFC3339Nano)
	case journal.Delete:
		body = nil
	case journal.Publish, journal.Withdraw, journal.Site, journal.Rename, journal.Merge, journal.Undo:
	}
	return op, body
}

// filler makes a text as long as posts are.
func filler(r *rand.Rand) string {
	var b bytes.Buffer
	for range 1 + r.IntN(8) {
		b.WriteString("Every acknowledged word is on its page, once, whatever dies in between. ")
	}
	return b.String()
}

// target is the method and path of an operation.
func target(op journal.Op) (method, path string) {
	at := "/api/v1/posts/" + op.Post
	switch op.Kind {
	case journal.Create:
		return http.MethodPost, "/api/v1/posts"
	case journal.Revise, journal.Tag:
		return http.MethodPatch, at
	case journal.Delete:
		return http.MethodDelete, at
	case journal.Site:
		return http.MethodPatch, "/api/v1/site"
	case journal.Rename, journal.Merge:
		return http.MethodPost, "/api/v1/tags/" + op.Of + ":" + string(op.Kind)
	case journal.Undo:
		return http.MethodPost, "/api/v1/tag-operations/" + op.Of + ":undo"
	case journal.Publish, journal.Withdraw, journal.Schedule:
	}
	return http.MethodPost, at + ":" + string(op.Kind)
}

// answer is what authors look at in an answer.
type answer struct {
	ID      string `json:"id"`
	Version int32  `json:"version"`
	Status  string `json:"status"`
	Slug    string `json:"slug"`
	Detail  string `json:"detail"`

	code   int
	header http.Header
	body   []byte
}

// carryOut sends an operation until its end is known, and takes note of it.
func (a *Authors) carryOut(ctx context.Context, r *rand.Rand, op journal.Op, body map[string]any) error {
	op.Sent = time.Now().UTC()
	op, err := a.journal.Begin(op)
	if err != nil {
		return err
	}
	got := a.insist(ctx, r, &op, body)
	op.Answered = time.Now().UTC()
	switch op.Outcome {
	case journal.OK:
		op.Version, op.Slug = got.Version, got.Slug
		if op.Kind.OnTags() {
			op.Operation = got.ID
			a.last.Store(&op.Operation)
			return a.journal.End(op)
		}
		if op.Kind == journal.Create {
			op.Post = got.ID
		}
		if op.Kind == journal.Site {
			break
		}
		status := got.Status
		if op.Kind == journal.Delete {
			status = "deleted"
		}
		a.shelf.done(op.Post, func(p *post) {
			if op.Version < p.version {
				return // somebody has been quicker since
			}
			p.version, p.status, p.doubt = op.Version, status, status == "scheduled"
			if got.Slug != "" {
				p.slug = got.Slug
			}
		})
		if r.IntN(5) == 0 {
			op.Stale, op.Late = a.readBack(ctx, op, got)
		}
	case journal.Fail, journal.Unknown:
		op.Problem = got.Detail
		if op.Post != "" {
			a.shelf.done(op.Post, func(p *post) { p.doubt = true })
		}
	}
	return a.journal.End(op)
}

// insist repeats a request with its key until its outcome is known.
func (a *Authors) insist(ctx context.Context, r *rand.Rand, op *journal.Op, body map[string]any) answer {
	method, path := target(*op)
	until := time.Now().Add(patience)
	wait := 50 * time.Millisecond
	for {
		op.Attempts++
		got, err := a.send(ctx, method, path, op.Key, op.Expected, body)
		op.Status = got.code
		switch {
		case err != nil:
			got.Detail = err.Error()
		case got.code < 300:
			op.Outcome = journal.OK
			return got
		case got.code < 500 && got.header.Get("Retry-After") == "":
			op.Outcome = journal.Fail
			return got
		}
		a.refused.Add(1)
		if ctx.Err() != nil || time.Now().After(until) {
			op.Outcome = journal.Unknown
			return got
		}
		Pause(ctx, wait+time.Duration(r.Int64N(int64(wait))))
		wait = min(2*wait, 800*time.Millisecond)
	}
}

func (a *Authors) send(ctx context.Context, method, path, key string, expected int32, body map[string]any) (answer, error) {
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, fmt.Errorf("write a request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.balancer.Pick()+path, content)
	if err != nil {
		return answer{}, fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
		a.attempts.Add(1)
	}
	if expected > 0 {
		req.Header.Set("If-Match", strconv.Quote(strconv.Itoa(int(expected))))
	}
	return receive(a.http, req)
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 8 << 20

func receive(c *http.Client, req *http.Request) (answer, error) {
	resp, err := c.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("send a request: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	got := answer{code: resp.StatusCode, header: resp.Header, body: text}
	if err != nil {
		return got, fmt.Errorf("read an answer: %w", err)
	}
	_ = json.Unmarshal(text, &got) // pages and empty answers are no JSON
	return got, nil
}
