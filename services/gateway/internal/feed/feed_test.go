package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	"github.com/parution/parution/services/gateway/internal/cache"
)

// line is a broker that the test speaks for.
type line struct {
	mu        sync.Mutex
	connected bool
	into      chan<- stream.Told
	changes   chan<- bool
}

func (l *line) Listen(into chan<- stream.Told, _ ...string) (func(), error) {
	l.into = into
	return func() {}, nil
}

func (l *line) Changes(into chan<- bool) func() {
	l.changes = into
	return func() {}
}

func (l *line) Confirm(context.Context) error {
	if !l.Connected() {
		return errors.New("away")
	}
	return nil
}

func (l *line) Connected() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.connected
}

func (l *line) connect(here bool) {
	l.mu.Lock()
	l.connected = here
	l.mu.Unlock()
	l.changes <- here
	synctest.Wait()
}

// owner is an owner's feed.
type owner struct {
	eventsv1.FeedServiceClient

	mu      sync.Mutex
	notices []*eventsv1.Notice
	down    bool
	asked   int
}

func (o *owner) ListChanges(_ context.Context, r *eventsv1.ListChangesRequest, _ ...grpc.CallOption) (*eventsv1.ListChangesResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	if o.down {
		return nil, fault.Unavailable("down")
	}
	out := &eventsv1.ListChangesResponse{}
	for _, n := range o.notices {
		if (place{n.GetEpoch(), n.GetPos()}).after(place{r.GetAfterEpoch(), r.GetAfterPos()}) && len(out.GetNotices()) < int(r.GetPageSize()) {
			out.Notices = append(out.Notices, n)
		}
	}
	return out, nil
}

func (o *owner) GetWatermark(context.Context, *eventsv1.GetWatermarkRequest, ...grpc.CallOption) (*eventsv1.GetWatermarkResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	if o.down {
		return nil, fault.Unavailable("down")
	}
	if len(o.notices) == 0 {
		return &eventsv1.GetWatermarkResponse{Epoch: 1}, nil
	}
	last := o.notices[len(o.notices)-1]
	return &eventsv1.GetWatermarkResponse{Epoch: last.GetEpoch(), Pos: last.GetPos()}, nil
}

func (o *owner) write(n *eventsv1.Notice) *eventsv1.Notice {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notices = append(o.notices, n)
	return n
}

func (o *owner) setDown(down bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.down = down
}

func (o *owner) times() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

// told is a cache that remembers what it was told.
type told struct {
	mu    sync.Mutex
	log   []string
	trust cache.Trust
}

func (c *told) note(format string, args ...any) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, fmt.Sprintf(format, args...))
	return 0
}

func (c *told) Drop(site string, keys []string, post cache.Version) int {
	return c.note("drop %s %s %s", site, strings.Join(keys, ","), post.Post)
}

func (c *told) Raise(_ string, v cache.Version) int {
	return c.note("raise %s %d.%d gone=%t", v.Post, v.Epoch, v.Version, v.Gone)
}

func (c *told) Begin(int32) {}
func (c *told) Distrust()   { c.note("distrust") }
func (c *told) SetTrust(t cache.Trust) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trust = t
}

// take answers what was told since it was last taken.
func (c *told) take(t *testing.T, want cache.Trust) []string {
	t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trust != want {
		t.Errorf("trust = %d, want %d", c.trust, want)
	}
	log := c.log
	c.log = nil
	return log
}

// readers remember what they were told.
type readers struct {
	mu  sync.Mutex
	log []string
}

func (r *readers) Tell(n *eventsv1.Notice) { r.note("tell %d.%d", n.GetEpoch(), n.GetPos()) }

func (r *readers) Jump(epoch int32, pos int64) { r.note("jump %d.%d", epoch, pos) }

func (r *readers) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

func (r *readers) take() []string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	log := r.log
	r.log = nil
	return log
}

type bench struct {
	line          *line
	render, posts *owner
	cache         *told
	readers       *readers
}

// inBubble runs test with a feed in virtual time.
func inBubble(t *testing.T, connected bool, test func(*testing.T, *bench)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{line: &line{connected: connected}, render: &owner{}, posts: &owner{}, cache: &told{}, readers: &readers{}}
		f, err := New(Deps{Live: b.line, Cache: b.cache, Readers: b.readers, Render: b.render, Posts: b.posts, Telemetry: telemetry.Discard(), Now: time.Now})
		if err != nil {
			t.Fatalf("New: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- f.run(ctx, func() {}) }()
		synctest.Wait()
		test(t, b)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run = %v", err)
		}
	})
}

func pressed(t *testing.T, epoch int32, pos int64, keys ...string) *eventsv1.Notice {
	t.Helper()
	facts, err := anypb.New(&renderv1.PressFacts{Keys: keys})
	if err != nil {
		t.Fatalf("pack the facts: %v", err)
	}
	return &eventsv1.Notice{Owner: "render", Epoch: epoch, Pos: pos, Site: "main", Kind: "pressed", Facts: facts}
}

func (b *bench) tell(n *eventsv1.Notice) { b.line.into <- stream.Told{Owner: n.GetOwner(), Notice: n} }

func (b *bench) beat(owner string, epoch int32, pos int64) {
	b.line.into <- stream.Told{Owner: owner, Beat: &eventsv1.Heartbeat{Owner: owner, Epoch: epoch, Pos: pos}}
}

func check(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestWhatIsHeardInOrderIsTrusted(t *testing.T) {
	inBubble(t, true, func(t *testing.T, b *bench) {
		check(t, b.cache.take(t, cache.Live), "distrust")
		b.tell(b.render.write(pressed(t, 1, 1, "a")))
		b.tell(b.render.write(pressed(t, 1, 2, "b")))
		b.beat("render", 1, 2)
		b.tell(pressed(t, 1, 1, "a")) // again
		check(t, b.cache.take(t, cache.Live), "drop main a ", "drop main b ", "drop main a ")
		if b.render.times() != 1 { // where its feed is, at the start
			t.Errorf("render was asked %d times", b.render.times())
		}
	})
}

func TestAGapIsFilledFromTheOwner(t *testing.T) {
	inBubble(t, true, func(t *testing.T, b *bench) {
		b.tell(b.render.write(pressed(t, 1, 1, "a")))
		b.cache.take(t, cache.Live)
		b.render.setDown(true)
		b.render.write(pressed(t, 1, 2, "lost"))
		b.tell(b.render.write(pressed(t, 1, 3, "c")))
		check(t, b.cache.take(t, cache.Behind), "drop main c ")
		b.render.setDown(false)
		time.Sleep(2 * time.Second) //nolint:forbidigo // virtual time
		check(t, b.cache.take(t, cache.Live), "drop main lost ", "drop main c ")

		b.render.write(pressed(t, 1, 4, "lost too")) // nothing comes after it
		b.beat("render", 1, 4)
		check(t, b.cache.take(t, cache.Live), "drop main lost too ")

		for pos := range int64(2 * askSize) {
			b.render.write(pressed(t, 1, 5+pos, "many"))
		}
		b.beat("render", 1, 4+2*askSize)
		if got := b.cache.take(t, cache.Live); len(got) != 2*askSize {
			t.Errorf("told of %d changes, want %d", len(got), 2*askSize)
		}
	})
}

func TestAForgedPlaceMovesNothing(t *testing.T) {
	inBubble(t, true, func(t *testing.T, b *bench) {
		b.tell(b.render.write(pressed(t, 1, 1, "a")))
		b.cache.take(t, cache.Live)
		b.beat("render", 9, 1000)
		check(t, b.cache.take(t, cache.Live))
		b.tell(b.render.write(pressed(t, 1, 2, "b")))
		check(t, b.cache.take(t, cache.Live), "drop main b ")
	})
}

func TestANewEpochDistrustsAll(t *testing.T) {
	inBubble(t, true, func(t *testing.T, b *bench) {
		b.tell(b.render.write(pressed(t, 1, 1, "a")))
		b.cache.take(t, cache.Live)
		b.tell(b.render.write(pressed(t, 2, 1, "b")))
		check(t, b.cache.take(t, cache.Live), "drop main b ", "distrust", "drop main b ")
	})
}

func TestWhatWasSentWhileAwayIsAskedFor(t *testing.T) {
	inBubble(t, true, func(t *testing.T, b *bench) {
		b.tell(b.render.write(pressed(t, 1, 1, "a")))
		b.beat("posts", 1, 0)
		b.cache.take(t, cache.Live)
		b.line.connect(false)
		check(t, b.cache.take(t, cache.Behind))
		b.render.write(pressed(t, 1, 2, "missed"))
		b.line.connect(true)
		check(t, b.cache.take(t, cache.Live), "drop main missed ")
	})
}

func TestWithoutABrokerOwnersAreAsked(t *testing.T) {
	inBubble(t, false, func(t *testing.T, b *bench) {
		b.cache.take(t, cache.Deaf)
		time.Sleep(glance) //nolint:forbidigo // virtual time
		check(t, b.cache.take(t, cache.Behind), "distrust")
		b.render.write(pressed(t, 1, 1, "a"))
		facts, err := anypb.New(&postsv1.PostFacts{Slug: "p"})
		if err != nil {
			t.Fatalf("pack the facts: %v", err)
		}
		for i, kind := range []string{"published", "withdrawn", "revised"} {
			n := &eventsv1.Notice{Owner: "posts", Epoch: 1, Pos: int64(i + 1), AggregateType: "post", AggregateId: "p", Version: int32(i + 2), Kind: kind}
			if kind == "published" {
				n.Facts = facts
			}
			b.posts.write(n)
		}
		time.Sleep(askSilent) //nolint:forbidigo // virtual time
		got := b.cache.take(t, cache.Behind)
		slices.Sort(got)
		check(t, got, "drop main a ", "raise p 1.2 gone=false", "raise p 1.3 gone=true")
		b.render.setDown(true)
		time.Sleep(silence + askSilent) //nolint:forbidigo // virtual time
		check(t, b.cache.take(t, cache.Deaf))
		if asked := b.render.times(); asked > 10 {
			t.Errorf("render was asked %d times in %s", asked, silence+2*askSilent)
		}
	})
}

func TestSilenceIsNoticedAndEnds(t *testing.T) {
	inBubble(t, true, func(t *testing.T, b *bench) {
		b.tell(b.render.write(pressed(t, 1, 1, "a")))
		b.cache.take(t, cache.Live)
		time.Sleep(silence + 2*glance) //nolint:forbidigo // virtual time
		check(t, b.cache.take(t, cache.Behind))
		b.beat("render", 1, 1)
		check(t, b.cache.take(t, cache.Live))
	})
}

func TestReadersAreToldOnceAndInOrder(t *testing.T) {
	inBubble(t, true, func(t *testing.T, b *bench) {
		check(t, b.readers.take(), "jump 1.0")
		b.tell(b.render.write(pressed(t, 1, 1, "a")))
		check(t, b.readers.take(), "tell 1.1")
		b.render.setDown(true)
		b.render.write(pressed(t, 1, 2, "lost"))
		b.tell(b.render.write(pressed(t, 1, 3, "c")))
		check(t, b.readers.take()) // not before what is missing
		b.render.setDown(false)
		time.Sleep(2 * time.Second) //nolint:forbidigo // virtual time
		check(t, b.readers.take(), "tell 1.2", "tell 1.3")
		b.tell(pressed(t, 1, 3, "c")) // again
		b.beat("posts", 1, 7)
		check(t, b.readers.take())
		b.tell(b.render.write(pressed(t, 2, 4, "of a new epoch")))
		check(t, b.readers.take(), "jump 2.4")
		b.tell(b.render.write(pressed(t, 2, 5, "e")))
		check(t, b.readers.take(), "tell 2.5")
	})
}
