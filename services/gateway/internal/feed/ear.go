package feed

import (
	"context"
	"time"

	"github.com/parution/parution/chassis/fault"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// place is a place in an owner's feed.
type place struct {
	epoch int32
	pos   int64
}

func (p place) after(o place) bool {
	return p.epoch > o.epoch || p.epoch == o.epoch && p.pos > o.pos
}

func (p place) follows(o place) bool { return p.epoch == o.epoch && p.pos == o.pos+1 }

// ear is what was heard of one owner.
type ear struct {
	owner string
	// source is the owner itself, asked for what was not heard; nil: nobody is.
	source eventsv1.FeedServiceClient

	// last is the place up to which everything was heard; it counts once known.
	last  place
	known bool
	// target is the newest place that exists as far as is known.
	target place
	// sure: nothing was missed before the broker had our subscriptions.
	sure bool
	// heard is when something came, told when there was last nothing left to be told.
	heard, told time.Time
	// asking: a question to the owner is under way; asked is when it began.
	asking bool
	asked  time.Time
}

// complete tells whether everything was heard.
func (e *ear) complete() bool { return e.sure && !e.target.after(e.last) }

// answer is what an owner said.
type answer struct {
	ear *ear
	// target and join are those when it was asked.
	target  place
	join    int
	notices []*eventsv1.Notice
	// mark is the owner's newest place, if that was asked.
	mark *place
	err  error
}

// ask asks e's owner for what was not heard, or where its feed is if nothing is
// known yet. The answer comes to the loop.
func (f *Feed) ask(ctx context.Context, e *ear) {
	if e.source == nil {
		f.giveUp(ctx, e)
		return
	}
	if e.asking {
		return
	}
	e.asking, e.asked = true, f.deps.Now()
	a, known, last := answer{ear: e, target: e.target, join: f.join}, e.known, e.last
	f.asking.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		if known {
			r, err := e.source.ListChanges(ctx, &eventsv1.ListChangesRequest{Owner: e.owner, AfterEpoch: last.epoch, AfterPos: last.pos, PageSize: askSize})
			a.notices, a.err = r.GetNotices(), err
		} else {
			r, err := e.source.GetWatermark(ctx, &eventsv1.GetWatermarkRequest{Owner: e.owner})
			a.mark, a.err = &place{r.GetEpoch(), r.GetPos()}, err
		}
		f.answers <- a // there is room for one answer of each ear
	})
}

// learn takes in what an owner answered.
func (f *Feed) learn(ctx context.Context, a answer) {
	e := a.ear
	e.asking = false
	switch kind := fault.KindOf(a.err); {
	case a.err == nil:
	case kind == fault.KindUnavailable, kind == fault.KindExhausted:
		f.deps.Telemetry.Log.DebugContext(ctx, "an owner does not tell its changes", "owner", e.owner, "error", a.err)
		return
	default: // it never will
		f.giveUp(ctx, e)
		return
	}
	if a.mark != nil && !e.known {
		f.advance(e, *a.mark)
		f.jump(e)
		// What was told since the broker had our subscriptions was heard and applied;
		// what posts told before, render tells too.
		if e == f.render && (!f.joined || a.join != f.join) {
			f.distrust(ctx, "where the feed is was not known")
		}
	}
	for _, n := range a.notices {
		f.catchUp(ctx, e, n)
	}
	if len(a.notices) == askSize {
		f.ask(ctx, e)
		return
	}
	if !e.target.after(a.target) {
		e.target = e.last // what the owner does not know of does not exist
	}
	e.told = f.deps.Now()
	// What was sent between the answer and the join was not heard.
	e.sure = e.sure || f.joined && a.join == f.join
	if f.joined && !e.complete() {
		f.ask(ctx, e)
	}
}

// catchUp takes in one notice of a list.
func (f *Feed) catchUp(ctx context.Context, e *ear, n *eventsv1.Notice) {
	at := place{n.GetEpoch(), n.GetPos()}
	if !at.after(e.last) {
		return // heard meanwhile
	}
	follows := at.follows(e.last)
	if !follows {
		f.distrust(ctx, "notices are no longer known to their owner")
	}
	f.advance(e, at)
	f.apply(ctx, n)
	if follows {
		f.pass(e, n)
	} else {
		f.jump(e)
	}
}

// giveUp goes on from the newest place although something was missed.
func (f *Feed) giveUp(ctx context.Context, e *ear) {
	e.sure = f.joined
	if e.target.after(e.last) {
		f.advance(e, e.target)
	}
	f.distrust(ctx, "notices were missed")
	f.jump(e)
}

// advance says that everything up to at was heard.
func (f *Feed) advance(e *ear, at place) {
	e.last, e.known = at, true
	if at.after(e.target) {
		e.target = at
	}
	if e.owner == postsOwner {
		f.deps.Cache.Begin(at.epoch)
	}
}

// tend asks owners again that owe an answer, and those that are silent.
func (f *Feed) tend(ctx context.Context, now time.Time) {
	for _, e := range f.ears {
		every := askAgain
		if f.silent(e, now) {
			every = askSilent
		} else if e.complete() {
			continue
		}
		if e.source != nil && now.Sub(e.asked) >= every {
			f.ask(ctx, e)
		}
	}
}
