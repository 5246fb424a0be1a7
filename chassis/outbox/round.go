package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
)

// end is where the relay thinks that the stream ends.
type end struct {
	known       bool
	incarnation string
	sequence    uint64
	// looked is when the stream was asked.
	looked time.Time
	// place is that of the notice there; zero if the stream holds none of ours.
	place mark
	// disputes counts how often in a row another relay was there first.
	disputes int
}

// next are those of rows that may be on their way at once. If another relay sent
// what is missing between two, the stream would refuse the first and take the
// second: a hole. So several must follow each other and the end; one is always safe.
func (e *end) next(rows []row) []row {
	n, last := 1, e.place
	for i, row := range rows {
		place := row.place()
		if place != (mark{last.epoch, last.pos + 1}) {
			break
		}
		n, last = i+1, place
	}
	return rows[:n]
}

// round gives places to everything that is there and sends it. Places come
// first and need no broker: the feed goes on without one. If another relay is at
// work it answers for how long.
func (r *Relay) round(ctx context.Context) (time.Duration, error) {
	r.sent = 0
	if err := r.check(ctx); err != nil {
		return 0, err
	}
	for {
		todo, err := r.out.waiting(ctx)
		if err != nil || todo.none() && r.at.known {
			return 0, err
		}
		if left, err := r.others(ctx); err != nil || left > 0 {
			if todo.none() {
				left = 0
			}
			return left, err
		}
		done, err := r.step(ctx, todo)
		switch {
		case errors.Is(err, errTaken):
			return standBy, nil
		case err != nil || done:
			return 0, err
		}
	}
}

// feed gives places to everything that is there, for those who read without the
// stream.
func (r *Relay) feed(ctx context.Context) error {
	if err := r.check(ctx); err != nil {
		return err
	}
	todo, err := r.out.waiting(ctx)
	if err != nil || !todo.unplaced {
		return err
	}
	if err = r.place(ctx); errors.Is(err, errTaken) {
		return nil
	}
	return err
}

// step does one batch of the work; it answers whether that was all.
func (r *Relay) step(ctx context.Context, todo work) (bool, error) {
	if todo.unplaced || r.at.known && !r.lease.fresh(r.now()) {
		if err := r.place(ctx); err != nil {
			return false, err
		}
	}
	isSure := !r.at.known
	if isSure {
		if err := r.resync(ctx); err != nil {
			return false, err
		}
	}
	rows, err := r.out.rows(ctx, unsent, r.out.owner, batch)
	if err != nil || len(rows) == 0 {
		return true, err
	}
	var gone int
	first := rows[0].place()
	if follows := first == (mark{r.at.place.epoch, r.at.place.pos + 1}); follows || isSure && r.at.place.before(first) {
		gone, err = r.publish(ctx, r.at.next(rows))
	} else {
		// What came before was sent already: another relay is at work, or the database
		// went back in time. Or what is between was sent by another relay: the stream
		// may have lost it since, and would take a notice behind what is left.
		err = errBehind
	}
	if err == nil {
		r.at.disputes = 0
		r.sent += gone
		// What was written since has woken this relay again.
		return r.at.known && gone == len(rows) && len(rows) < batch && todo.unplaced, nil
	}
	// What is in the stream now, only the stream knows.
	r.at.known = false
	if !stream.Moved(err) && !errors.Is(err, errBehind) || r.at.disputes >= maxDisputes {
		r.at.disputes = 0
		return false, err
	}
	r.at.disputes++
	return false, nil
}

// errBehind says that what waits has its place before what was sent.
var errBehind = errors.New("a notice waits behind others that were sent")

// check makes sure, before anything is placed, that the database is the one that
// it was.
func (r *Relay) check(ctx context.Context) error {
	var err error
	switch {
	case !r.begun:
		err = r.out.begin(ctx)
	case r.doubt:
		err = r.out.verify(ctx, mark{}, "")
	default:
		return nil
	}
	if errors.Is(err, sqldb.ErrNoTimeline) { // it says so once
		r.log.WarnContext(ctx, "a promoted standby will not be noticed by its timeline", "owner", r.out.owner, "error", err)
		return r.check(ctx)
	}
	if err == nil {
		r.begun, r.doubt = true, false
	}
	return err
}

// others tells for how long to leave the work to another relay.
func (r *Relay) others(ctx context.Context) (time.Duration, error) {
	if r.lease.fresh(r.now()) {
		return 0, nil
	}
	left, another, err := r.out.others(ctx, &r.lease)
	switch {
	case err != nil:
		return 0, err
	case left > 0:
		r.lease.waited = false
	case another && !r.lease.waited:
		r.lease.waited = true
		return courtesy, nil
	}
	return left, nil
}

// resync asks the stream where it ends, creates it if need be, and corrects the
// marks of the outbox: what was taken for sent and is not there is sent again.
func (r *Relay) resync(ctx context.Context) error {
	found, err := r.stream.Open(ctx)
	if err != nil {
		return err
	}
	r.lease.shy = false
	is, err := r.out.reconcile(ctx, found, &r.lease, r.now())
	if err != nil {
		return err
	}
	r.at.known, r.at.sequence, r.at.place = true, found.Sequence, mark{}
	r.at.incarnation, r.at.looked = found.Incarnation, r.now()
	if is.ours {
		r.at.place = placeOf(found.Last)
	}
	switch {
	case is.created:
		r.log.WarnContext(ctx, "the stream was created anew and is filled again", "owner", r.out.owner, "notices", is.lost)
	case is.lost > 0 && r.at.disputes == 0: // in a dispute the other relay is about to send them
		r.log.WarnContext(ctx, "the stream lost notices, which are sent again", "owner", r.out.owner, "notices", is.lost)
	}
	return nil
}

// lookAround finds out that a stream to which nothing is sent was wiped or went
// back in time.
func (r *Relay) lookAround(ctx context.Context) {
	if !r.at.known || r.now().Sub(r.at.looked) < lookAround {
		return
	}
	r.at.looked = r.now()
	found, err := r.stream.Open(ctx)
	if err == nil && found.Incarnation == r.at.incarnation && found.Sequence >= r.at.sequence {
		return
	}
	r.at.known = false
}

func (r *Relay) place(ctx context.Context) error {
	for {
		if placed, err := r.out.sequence(ctx, &r.lease, r.now()); err != nil || placed < batch {
			return err
		}
	}
}

// publish sends rows in order, marks those that the stream confirmed, and answers
// how many of the first ones it has. Each is taken only if the stream ends with
// the one before it, so one that is refused leaves no hole.
func (r *Relay) publish(ctx context.Context, rows []row) (int, error) {
	notices := make([]stream.Outgoing, len(rows))
	for i, row := range rows {
		notices[i] = stream.Outgoing{Notice: row.notice, MessageID: row.messageID(), Trace: row.trace}
	}
	sequences, failed := r.stream.Publish(ctx, r.at.sequence, notices)
	// What the stream has must be marked also while stopping.
	if err := r.out.markSent(context.WithoutCancel(ctx), takenOf(rows, sequences)); err != nil {
		return 0, err
	}
	was := r.at.sequence
	n, isSure := r.at.follow(sequences)
	if n > 0 {
		r.at.place = rows[n-1].place()
	}
	r.at.known = r.at.known && isSure
	if isSure && n < len(rows) && stream.Moved(failed) && r.at.sequence < was+uint64(n) { //nolint:gosec // n counts rows
		return n, nil // the others were to come behind one that the stream had already
	}
	return n, failed
}

// follow counts how many of those sent in a row the stream has, and moves to the
// last of them. One that it had before is where it is, and the stream ends where
// it did. It is not sure of the end if another relay has sent one: counting on
// from there would take a place that is not ours and leave a hole behind it.
func (e *end) follow(sequences []uint64) (n int, isSure bool) {
	was := e.sequence
	for ; n < len(sequences) && sequences[n] != 0; n++ {
		switch s := sequences[n]; {
		case s == e.sequence+1:
			e.sequence++
		case s > was:
			return n, false
		}
	}
	for _, s := range sequences[n:] {
		if s != 0 {
			return n, false
		}
	}
	return n, true
}
