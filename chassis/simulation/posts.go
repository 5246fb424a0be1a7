package simulation

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// Owner and the type of what it owns.
const (
	Owner    = "posts"
	postType = "post"
	// Site is the only one.
	Site = "main"
)

// Post is the state of a post.
type Post struct {
	ID             string
	Epoch, Version int32
	Title          string
	// Status is draft, published, withdrawn, deleted; empty: there is no such post.
	Status string
}

// Visible tells whether readers see it.
func (p Post) Visible() bool { return p.Status == "published" }

// String shows it to people.
func (p Post) String() string {
	return fmt.Sprintf("%s@%d/%d %s %q", p.ID, p.Epoch, p.Version, p.Status, p.Title)
}

func (p Post) hash() []byte {
	sum := sha256.Sum256([]byte(p.ID + "\x00" + p.Title + "\x00" + p.Status))
	return sum[:]
}

// posts is the truth: what was acknowledged, and when it was so.
type posts struct {
	mu    sync.Mutex
	acked map[string]Post
	// past is what each post was since when, for replicas that are behind.
	past map[string][]moment
	// unknown are posts with a write of which nobody knows whether it happened.
	unknown map[string]bool
	// lost are posts of which a change went with the database.
	lost   map[string]bool
	titles int
}

type moment struct {
	at   time.Time
	post Post
}

const postsSchema = `CREATE TABLE post (id text PRIMARY KEY, version integer NOT NULL, title text NOT NULL, status text NOT NULL)`

// office is what a node of posts serves.
type office struct {
	out  *outbox.Outbox
	feed *outbox.FeedServer
}

// Feed implements feeder.
func (o *office) Feed() eventsv1.FeedServiceServer { return o.feed }

// startPosts is the start of a node of posts.
func startPosts(i *Instance) ([]process.Part, error) {
	o := &office{out: outbox.New(i.DB, Owner)}
	o.feed = outbox.NewFeedServer(o.out)
	i.Office = o
	relay, err := i.relay(o.out)
	if err != nil {
		return nil, err
	}
	return []process.Part{relay.Part()}, nil
}

// relay makes the relay of out, on the simulated stream.
func (i *Instance) relay(out *outbox.Outbox) (*outbox.Relay, error) {
	var log stream.Log = &mortalLog{Log: i.Client.Log(out.Owner()), i: i}
	if i.World.opts.Log != nil {
		log = i.World.opts.Log(log)
	}
	return outbox.NewRelay(out, log, telemetry.Discard())
}

// mortalLog is a stream whose relay may die between a notice's steps.
type mortalLog struct {
	stream.Log

	i *Instance
}

// Publish implements stream.Log.
func (l *mortalLog) Publish(ctx context.Context, behind uint64, notices []stream.Outgoing) ([]uint64, error) {
	if l.i.reached("before publishing") {
		return make([]uint64, len(notices)), context.Canceled
	}
	got, err := l.Log.Publish(ctx, behind, notices)
	if l.i.reached("after publishing") {
		return make([]uint64, len(notices)), context.Canceled
	}
	return got, err
}

func (p *posts) isLost(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost[id]
}

var errNoPost = errors.New("there is no such post")

// Write changes a post at i, as its author asked: create, revise, publish,
// withdraw, delete. A change that makes no sense is none.
func (w *World) write(i *Instance, id, deed string) {
	w.posts.mu.Lock()
	w.posts.titles++
	title := fmt.Sprintf("t%d", w.posts.titles)
	w.posts.mu.Unlock()
	if deed == "spoil" {
		title = poison
	}
	o, ok := i.Office.(*office)
	if !ok {
		return
	}
	var now Post
	err := i.DB.InTx(i.Context, func(ctx context.Context, tx *sql.Tx) error {
		epoch, err := o.out.Epoch(ctx)
		if err != nil {
			return err
		}
		now, err = change(ctx, tx, id, deed, title)
		if err != nil {
			return err
		}
		now.Epoch = epoch
		w.Notef("author: %s, now %s, at %s", deed, now, i)
		return w.opts.append(ctx, i, o.out, tx, now)
	})
	switch {
	case errors.Is(err, errNoPost):
		return
	case err != nil && i.Alive(): // a commit that failed is no write
		w.Notef("author: %s of %s at %s is refused: %v", deed, id, i, err)
		return
	}
	w.posts.mu.Lock()
	defer w.posts.mu.Unlock()
	if !i.Alive() {
		w.Notef("author: %s of %s at %s has an unknown result", deed, id, i)
		w.posts.unknown[id] = true
		return
	}
	w.posts.acked[id] = now
	delete(w.posts.unknown, id)
	w.posts.past[id] = append(w.posts.past[id], moment{time.Now(), now})
}

// poison is the title of a post that tags cannot take.
const poison = "poison"

func change(ctx context.Context, tx *sql.Tx, id, deed, title string) (Post, error) {
	p := Post{ID: id}
	err := tx.QueryRowContext(ctx, `SELECT version, title, status FROM post WHERE id = $1`, id).Scan(&p.Version, &p.Title, &p.Status)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("read post %s: %w", id, err)
	}
	switch {
	case p.Status == "":
		p.Status, p.Title = "draft", title
	case p.Status == "deleted":
		return p, errNoPost
	case deed == "publish":
		p.Status = "published"
	case deed == "withdraw":
		p.Status = "withdrawn"
	case deed == "delete":
		p.Status, p.Title = "deleted", ""
	default:
		p.Title = title
	}
	p.Version++
	_, err = tx.ExecContext(ctx, `INSERT INTO post (id, version, title, status) VALUES ($1, $2, $3, $4)
 ON CONFLICT (id) DO UPDATE SET version = excluded.version, title = excluded.title, status = excluded.status`, id, p.Version, p.Title, p.Status)
	if err != nil {
		return p, fmt.Errorf("write post %s: %w", id, err)
	}
	return p, nil
}

// entry is the notice of a change.
func entry(p Post) outbox.Entry {
	return outbox.Entry{
		Site: Site, AggregateType: postType, AggregateID: p.ID, Version: p.Version, Kind: p.kind(), PublicHash: p.hash(),
		Facts: &emptypb.Empty{}, At: time.Now().UTC(),
	}
}

func (p Post) kind() string {
	switch p.Status {
	case "draft":
		return "revised"
	default:
		return p.Status
	}
}

// read are the posts with these ids in i's database; all of them for none.
func (i *Instance) read(ctx context.Context, ids ...string) (_ map[string]Post, err error) {
	o, ok := i.Office.(*office)
	if !ok {
		return nil, errAway
	}
	epoch, err := o.out.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := i.DB.Conn(ctx).QueryContext(ctx, `SELECT id, version, title, status FROM post`)
	if err != nil {
		return nil, fmt.Errorf("read posts: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := make(map[string]Post)
	for rows.Next() {
		p := Post{Epoch: epoch}
		if err := rows.Scan(&p.ID, &p.Version, &p.Title, &p.Status); err != nil {
			return nil, fmt.Errorf("scan a post: %w", err)
		}
		if len(ids) == 0 || slices.Contains(ids, p.ID) {
			out[p.ID] = p
		}
	}
	for _, id := range ids { // of what it does not know it says so
		if out[id].ID == "" {
			out[id] = Post{ID: id, Epoch: epoch}
		}
	}
	return out, rows.Err()
}

// fetch is what a reader asks posts for, across the network.
func (i *Instance) fetch(ctx context.Context, refs []projection.Ref) ([]projection.State[Post], error) {
	w := i.World
	ids := make([]string, len(refs))
	for n, ref := range refs {
		ids[n] = ref.ID
	}
	slices.Sort(ids)
	if i.reached("before fetching") {
		return nil, context.Canceled
	}
	var found map[string]Post
	err := i.Call(ctx, Owner, "posts", func(at *Instance) (err error) {
		if w.isStale() {
			found, err = w.behind(ids)
			return err
		}
		found, err = at.read(ctx, ids...)
		return err
	})
	if err != nil {
		w.Notef("%s fetches %v: %v", i, ids, fault.TextOf(err))
		return nil, err
	}
	if i.reached("after fetching") {
		return nil, context.Canceled
	}
	var out []projection.State[Post]
	var told []string
	for _, id := range ids {
		p := found[id]
		told = append(told, p.String())
		out = append(out, projection.State[Post]{Ref: projection.Ref{Type: postType, ID: id}, Epoch: p.Epoch, Version: p.Version, State: p, PublicHash: p.hash()})
	}
	w.Notef("%s fetches %v", i, told)
	return out, nil
}

func (w *World) isStale() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stale > 0
}

// behind is what a replica that is behind answers; it refuses to tell of what it
// does not know, which it cannot tell from what never was.
func (w *World) behind(ids []string) (map[string]Post, error) {
	w.mu.Lock()
	as := time.Now().Add(-w.stale)
	w.mu.Unlock()
	w.posts.mu.Lock()
	defer w.posts.mu.Unlock()
	out := make(map[string]Post)
	for _, id := range ids {
		for _, m := range w.posts.past[id] {
			if !m.at.After(as) {
				out[id] = m.post
			}
		}
		if out[id].ID == "" {
			return nil, errAway
		}
	}
	return out, nil
}
