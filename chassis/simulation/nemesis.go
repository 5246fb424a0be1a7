package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamsim"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// nemesis is what goes wrong in one run.
type nemesis struct {
	w    *World
	rng  *rand.Rand
	kit  []trouble
	back func(keepReaders bool)
	// disk is an older copy of posts' database, since when.
	disk   diskCopy
	diskAt time.Time
	// commits is the chance that one fails.
	commits float64
	// forGood: the broker was switched off and stays so.
	forGood bool
	// wiped: the last fault cost the streams.
	wiped bool
	// foreign: the streams hold messages that no relay sent.
	foreign bool
}

type trouble struct {
	name string
	do   func(n *nemesis)
}

// troubles is everything that may go wrong; a run has some of it.
func troubles() []trouble {
	return []trouble{
		{"messages", (*nemesis).messages},
		{"broker down", (*nemesis).brokerDown},
		{"broker wiped", (*nemesis).brokerWiped},
		{"stream deleted", (*nemesis).streamDeleted},
		{"broker back in time", (*nemesis).brokerBack},
		{"retention", (*nemesis).retention},
		{"cut", (*nemesis).cut},
		{"crash", (*nemesis).crash},
		{"die at a point", (*nemesis).dieAt},
		{"commits fail", (*nemesis).commitsFail},
		{"network", (*nemesis).network},
		{"stale owner", (*nemesis).staleOwner},
		{"foreign messages", (*nemesis).foreignMessages},
		{"foreign heartbeat", (*nemesis).foreignBeat},
		{"poison", (*nemesis).poison},
		{"database back in time", (*nemesis).databaseBack},
	}
}

// newNemesis picks what this run has: each kind of trouble with its own chance,
// so that runs differ more than if each had a little of everything.
func newNemesis(w *World) *nemesis {
	n := &nemesis{w: w, rng: w.Rand("nemesis")}
	for _, t := range troubles() {
		if n.rng.IntN(3) == 0 && !slices.Contains(w.opts.Without, t.name) {
			n.kit = append(n.kit, t)
		}
	}
	return n
}

// strike does something bad.
func (n *nemesis) strike() {
	if len(n.kit) == 0 {
		return
	}
	t := n.kit[n.rng.IntN(len(n.kit))]
	n.w.Notef("nemesis: %s", t.name)
	t.do(n)
}

func (n *nemesis) seconds(most int) time.Duration {
	return time.Duration(n.rng.Int64N(int64(time.Duration(most) * time.Second)))
}

// later has f done after a while, if the world still is in trouble then.
func (n *nemesis) later(most int, f func()) {
	d := n.seconds(most)
	n.w.all.Go(func() {
		if n.w.broker.Pause(n.w.faulty, d) == nil {
			f()
		}
	})
}

func (n *nemesis) node() *Node { return n.w.nodes[n.rng.IntN(len(n.w.nodes))] }

func (n *nemesis) owner() string { return []string{Owner, Render}[n.rng.IntN(2)] }

func (n *nemesis) messages() {
	chance := func() float64 { return float64(n.rng.IntN(4)) * 0.08 }
	f := streamsim.Faults{
		Duplicate: chance(), Delay: chance(), Stall: chance() / 4, LoseDelivery: chance(), LoseAnswer: chance(),
		LoseConfirmation: chance(), LoseLive: chance(), LoseBeat: chance(),
	}
	n.w.Notef("nemesis: %+v", f)
	n.w.broker.Set(f)
}

func (n *nemesis) brokerDown() {
	n.w.broker.Stop()
	if n.rng.IntN(6) == 0 {
		n.forGood = true
		n.w.Notef("nemesis: for good")
	}
	n.later(40, n.brokerUp)
}

func (n *nemesis) brokerUp() {
	if !n.forGood {
		n.w.broker.Start()
	}
}

func (n *nemesis) brokerWiped() {
	n.w.broker.Stop()
	n.w.broker.Wipe()
	n.wiped = true
	n.later(5, n.brokerUp)
}

func (n *nemesis) streamDeleted() {
	n.w.broker.Delete(n.owner())
	n.wiped = true
}

func (n *nemesis) brokerBack() {
	if n.back == nil || n.rng.IntN(2) == 0 {
		n.back = n.w.broker.Save()
		n.w.Notef("nemesis: the broker is copied")
		return
	}
	n.w.broker.Stop()
	n.back(n.rng.IntN(3) == 0)
	n.later(5, n.brokerUp)
}

func (n *nemesis) retention() { n.w.broker.Forget(n.owner(), n.rng.IntN(5)) }

func (n *nemesis) cut() {
	i := n.node().running.Load()
	if i == nil {
		return
	}
	i.Client.Cut(n.rng.IntN(2) == 0)
	n.later(30, i.Client.Mend)
}

func (n *nemesis) crash() {
	node := n.node()
	if i := node.running.Load(); i != nil {
		i.Crash("killed")
	}
	n.reviveLater(node)
}

func (n *nemesis) reviveLater(node *Node) {
	n.later(20, func() {
		if node.running.Load() == nil {
			n.w.start(node)
		}
	})
}

func (n *nemesis) dieAt() {
	points := []string{
		"before a commit", "after a commit", "before publishing", "after publishing", "before fetching", "after fetching", "before an ack",
	}
	node, point := n.node(), points[n.rng.IntN(len(points))]
	n.w.Notef("nemesis: %s is to die %s", node.Name, point)
	n.w.arm(node.Name, point)
	n.reviveLater(node)
}

func (n *nemesis) commitsFail() {
	n.w.mu.Lock()
	n.commits = float64(n.rng.IntN(5)) * 0.1
	n.w.mu.Unlock()
}

func (n *nemesis) network() {
	path, is := n.w.paths[n.rng.IntN(len(n.w.paths))], []breakage{refused, silent, slowPath, losesReply}[n.rng.IntN(4)]
	n.w.Notef("nemesis: %s is %s", path, is)
	n.w.setPath(path, is)
	n.later(30, func() { n.w.setPath(path, wellPath) })
}

func (w *World) setPath(path string, is breakage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down[path] = is
}

func (n *nemesis) staleOwner() {
	n.w.setStale(n.seconds(10))
	n.later(15, func() { n.w.setStale(0) })
}

func (w *World) setStale(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stale = d
}

// foreignMessages puts something into a stream that no relay sent.
func (n *nemesis) foreignMessages() {
	owner := n.owner()
	forged := &eventsv1.Notice{
		Id: fmt.Sprintf("forged-%d", n.rng.Int64()), Owner: owner, Epoch: 1 + n.rng.Int32N(3), Pos: n.rng.Int64N(40), Site: Site, AggregateType: postType,
		AggregateId: n.w.postID(n.rng), Version: n.rng.Int32N(20), Kind: []string{"published", "deleted", "unheard-of"}[n.rng.IntN(3)],
		OccurredAt: timestamppb.New(time.Now()),
	}
	body, err := proto.Marshal(forged)
	if err != nil || n.rng.IntN(3) == 0 {
		body = []byte{0xff, 0x07, 0xff}
	}
	n.foreign = true
	n.w.broker.Inject(owner, stream.Subject(forged), body)
}

func (n *nemesis) foreignBeat() {
	n.w.broker.Beat(&eventsv1.Heartbeat{Owner: n.owner(), Epoch: 1 + n.rng.Int32N(3), Pos: n.rng.Int64N(60)})
}

func (n *nemesis) poison() {
	if i := n.w.any(Owner, n.rng); i != nil {
		n.w.write(i, n.w.postID(n.rng), "spoil")
	}
}

// databaseBack puts an older copy of posts' database back: what was written
// since is lost, by definition.
func (n *nemesis) databaseBack() {
	w := n.w
	if !w.opts.DatabaseBack {
		return
	}
	if n.disk == nil {
		c, err := w.copyDisk(Owner)
		if err != nil {
			w.t.Fatalf("copy the database: %v", err)
		}
		n.disk, n.diskAt = c, time.Now()
		w.Notef("nemesis: the database is copied")
		return
	}
	w.crashed(Owner, func() {
		if err := w.restoreDisk(Owner, n.disk); err != nil {
			w.t.Fatalf("restore the database: %v", err)
		}
		w.posts.forget(n.diskAt)
	})
	w.Notef("nemesis: the database is that of %s before", time.Since(n.diskAt))
	n.disk = nil
	for _, node := range w.nodes {
		if node.Service == Owner {
			n.reviveLater(node)
		}
	}
}

// forget takes back what was acknowledged after at.
func (p *posts) forget(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.acked)
	clear(p.unknown)
	for id, past := range p.past {
		p.lost[id] = p.lost[id] || len(past) > 0 && past[len(past)-1].at.After(at)
		past = slices.DeleteFunc(past, func(m moment) bool { return m.at.After(at) })
		p.past[id] = past
		if len(past) > 0 {
			p.acked[id] = past[len(past)-1].post
		}
	}
}

// heal ends all faults.
func (n *nemesis) heal() {
	w := n.w
	w.Notef("nemesis: all faults end")
	w.broker.Set(streamsim.Faults{})
	w.mu.Lock()
	n.commits = 0
	clear(w.armed)
	clear(w.down)
	w.stale = 0
	w.mu.Unlock()
	n.brokerUp()
	for _, node := range w.nodes {
		if i := node.running.Load(); i != nil {
			i.Client.Mend()
		}
	}
	w.revive()
}
