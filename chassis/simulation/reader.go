package simulation

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// The services that read. Render tells of what it changed.
const (
	tags   = "tags"
	Render = "render"
)

// reader is a read model of posts, whose replicas share a database.
type reader struct {
	name string

	mu sync.Mutex
	// held is the newest that was ever committed.
	held map[string]Post
}

const (
	readerSchema = `CREATE TABLE copy (id text PRIMARY KEY, epoch integer NOT NULL, version integer NOT NULL, title text NOT NULL, status text NOT NULL);
CREATE TABLE press (id text PRIMARY KEY, version integer NOT NULL)`
	putCopy = `INSERT INTO copy (id, epoch, version, title, status) VALUES ($1, $2, $3, $4, $5)
 ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, version = excluded.version, title = excluded.title, status = excluded.status`
	countPress = `INSERT INTO press (id, version) VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET version = press.version + 1 RETURNING version`
	listCopies = `SELECT id, epoch, version, title, status FROM copy`
)

// desk is what a node of a reader serves: its projection, and render's own notices.
type desk struct {
	reader     *reader
	projection *projection.Projection[Post]
	out        *outbox.Outbox
	feed       *outbox.FeedServer
}

// Feed implements feeder.
func (d *desk) Feed() eventsv1.FeedServiceServer { return d.feed }

// start is the start of a node of this reader.
func (r *reader) start(i *Instance) ([]process.Part, error) {
	d := &desk{reader: r}
	i.Office = d
	var out []process.Part
	if r.name == Render {
		d.out = outbox.New(i.DB, Render)
		d.feed = outbox.NewFeedServer(d.out)
		relay, err := i.relay(d.out)
		if err != nil {
			return nil, err
		}
		out = append(out, relay.Part())
	}
	source := i.Client.Source(Owner, r.name)
	if i.World.opts.Source != nil {
		source = i.World.opts.Source(source)
	}
	cfg := projection.Config[Post]{
		Name: r.name, Owner: Owner, DB: i.DB, Source: &mortalSource{Source: source, i: i}, Feed: &feed{from: i, service: Owner},
		Fetch: i.fetch, Types: []string{postType}, Telemetry: telemetry.Discard(),
		Jitter: func(most time.Duration) time.Duration { return time.Duration(i.chance("jitter").Int64N(int64(most))) },
		Refresh: func(ctx context.Context, tx *sql.Tx, items []projection.Item[Post]) error {
			return i.World.opts.refresh(ctx, tx, i, items)
		},
	}
	if i.World.opts.Follow != nil {
		return append(out, i.World.opts.Follow(i, cfg)), nil
	}
	p, err := projection.New(cfg)
	if err != nil {
		return nil, err
	}
	d.projection = p
	return append(out, p.Part()), nil
}

// Refresh writes items into the read model of i, and for render the notices of
// what that changed.
func Refresh(ctx context.Context, tx *sql.Tx, i *Instance, items []projection.Item[Post]) error {
	d, ok := i.Office.(*desk)
	if !ok {
		return errAway
	}
	for _, item := range items {
		p := item.State
		p.ID, p.Epoch, p.Version = item.ID, item.Epoch, item.Version
		if item.Mend {
			if is, err := isHeld(ctx, tx, p); err != nil || is {
				if err != nil {
					return err
				}
				continue
			}
			i.World.Notef("%s mends %s", i, p)
		}
		if p.Title == poison && d.reader.name == tags {
			return fault.Invalid("title", "cannot be taken")
		}
		if _, err := tx.ExecContext(ctx, putCopy, p.ID, p.Epoch, p.Version, p.Title, p.Status); err != nil {
			return fmt.Errorf("copy post %s: %w", p.ID, err)
		}
		if err := d.tell(ctx, tx, i, p); err != nil {
			return err
		}
		i.DB.AfterCommit(ctx, func() { d.reader.committed(i, p) })
	}
	return nil
}

// isHeld tells whether the read model has exactly p.
func isHeld(ctx context.Context, tx *sql.Tx, p Post) (bool, error) {
	got := Post{ID: p.ID, Epoch: p.Epoch}
	err := tx.QueryRowContext(ctx, `SELECT version, title, status FROM copy WHERE id = $1`, p.ID).Scan(&got.Version, &got.Title, &got.Status)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("read the copy of %s: %w", p.ID, err)
	}
	return got == p, nil
}

// tell writes render's own notice.
func (d *desk) tell(ctx context.Context, tx *sql.Tx, i *Instance, p Post) error {
	if d.out == nil {
		return nil
	}
	var version int32
	if err := tx.QueryRowContext(ctx, countPress, p.ID).Scan(&version); err != nil {
		return fmt.Errorf("count the presses of %s: %w", p.ID, err)
	}
	return d.out.Append(ctx, tx, outbox.Entry{
		Site: Site, AggregateType: "press", AggregateID: p.ID, Version: version, Kind: "pressed",
		Facts: i.World.opts.facts(p), At: time.Now().UTC(),
	})
}

// committed checks I2 and records what the read model now has.
func (r *reader) committed(i *Instance, p Post) {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.held[p.ID]
	i.World.Notef("%s has %s", i, p)
	if p.Epoch < was.Epoch || p.Epoch == was.Epoch && p.Version < was.Version {
		i.World.Fail("I2", "%s went back from %s to %s", i, was, p)
	}
	r.held[p.ID] = p
}

// AtLeast has the read model of i hold a post at (epoch, version), if it can.
func (i *Instance) AtLeast(ctx context.Context, id string, epoch, version int32) {
	if d, ok := i.Office.(*desk); ok && d.projection != nil {
		// Otherwise it answers what it has.
		_ = d.projection.AtLeast(ctx, projection.Ref{Type: postType, ID: id}, epoch, version)
	}
}

// Copies is what the read model of i holds.
func (i *Instance) Copies(ctx context.Context) (_ map[string]Post, err error) {
	rows, err := i.DB.Conn(ctx).QueryContext(ctx, listCopies)
	if err != nil {
		return nil, fmt.Errorf("list copies: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := make(map[string]Post)
	for rows.Next() {
		var p Post
		if err := rows.Scan(&p.ID, &p.Epoch, &p.Version, &p.Title, &p.Status); err != nil {
			return nil, fmt.Errorf("scan a copy: %w", err)
		}
		out[p.ID] = p
	}
	return out, rows.Err()
}

// mortalSource is a source whose reader may die before it says that it is done.
type mortalSource struct {
	stream.Source

	i *Instance
}

// Consume implements stream.Source.
func (s *mortalSource) Consume(ctx context.Context, into chan<- stream.Delivery) error {
	between, ended := make(chan stream.Delivery), make(chan error, 1)
	go func() { ended <- s.Source.Consume(ctx, between) }()
	for {
		select {
		case d := <-between:
			select {
			case into <- &mortalDelivery{Delivery: d, i: s.i}:
			case err := <-ended:
				d.Nak(0)
				return err
			}
		case err := <-ended:
			return err
		}
	}
}

type mortalDelivery struct {
	stream.Delivery

	i *Instance
}

// Ack implements stream.Delivery.
func (d *mortalDelivery) Ack() {
	if !d.i.reached("before an ack") && d.i.Alive() {
		d.Delivery.Ack()
	}
}

func nothing(Post) proto.Message { return &emptypb.Empty{} }
