package trial

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/test/chaos/internal/checker"
	"github.com/parution/parution/test/chaos/internal/crowd"
	"github.com/parution/parution/test/chaos/internal/journal"
	"github.com/parution/parution/test/chaos/internal/nemesis"
)

// lookAgain is how long to wait before the databases are held against the
// history again.
const lookAgain = 100 * time.Millisecond

// check waits until everything agrees, or until it should, and fills the verdict.
func (r *run) check(ctx context.Context, v *Verdict) error {
	over := time.Now()
	from, limit := over, afterFault
	for _, f := range v.Faults {
		from = f.Healed
		limit = afterFault
		if f.Name == "the broker is wiped" {
			limit = afterWipe
		}
	}
	if n := len(v.Faults); n > 1 && v.Faults[n-2].Name == "the broker is wiped" {
		limit = max(limit, v.Faults[n-2].Healed.Add(afterWipe).Sub(from))
	}
	ops, err := journal.Read(r.journalPath())
	if err != nil {
		return err
	}
	var lost []checker.Window
	for _, f := range v.Faults {
		if !f.Lost.IsZero() {
			lost = append(lost, checker.Window{From: f.Lost, To: f.Healed})
		}
	}
	history := checker.NewHistory(ops, lost...)
	// What is written when the faults are over counts from its writing.
	if over.After(from) {
		r.Log("the last operation ended %.1f s after the last fault", over.Sub(from).Seconds())
	}
	settled, err := r.settle(ctx)
	if err != nil {
		return err
	}
	deadline := settled.Add(limit)
	if f := from.Add(limit); f.After(deadline) {
		deadline = f
	}
	state, list, agreed, err := r.agree(ctx, history, deadline)
	if err != nil {
		return err
	}
	var fronts []checker.Front
	for i, url := range r.t.URLs {
		fronts = append(fronts, checker.Front{Name: fmt.Sprintf("gateway %d ", i+1), Fetch: checker.Over(url), Behind: len(r.t.URLs)})
	}
	pages, right := checker.CheckPages(ctx, state, history, fronts, deadline)
	if right.After(agreed) {
		agreed = right
	}
	list = append(append(list, pages...), r.watch.Back()...)
	list = append(list, r.reads(v, state, history)...)
	list = append(list, r.resources(ctx, v)...)
	v.Convergence.Last = round(max(0, agreed.Sub(settled).Seconds()))
	v.Convergence.Limit = limit.Seconds()
	v.Convergence.P50, v.Convergence.Max = spread(r.watch.Caught())
	v.Convergence.Faults = len(r.watch.Caught())
	v.Operations = checker.Counts(ops)
	for _, op := range ops {
		if op.Late != "" {
			v.Availability.OwnLate++
		}
	}
	v.DeadLetters = len(state.Dead)
	v.DriftRepaired = state.Drift
	if v.DriftRepaired > 0 {
		list = append(list, checker.Violation{
			Invariant: checker.I3, Where: "anti-entropy",
			What: fmt.Sprintf("had to repair %d aggregates: the notices had not brought them", v.DriftRepaired),
		})
	}
	v.judge(list)
	return nil
}

// settle waits until no scheduled post is still to come, and answers when that was.
func (r *run) settle(ctx context.Context) (time.Time, error) {
	began := time.Now()
	for {
		var waiting int
		err := r.dbs[checker.Posts].QueryRowContext(ctx, "SELECT count(*) FROM post WHERE status = 'scheduled'").Scan(&waiting)
		if err == nil && waiting == 0 || time.Since(began) > settleTimeout {
			return time.Now(), nil
		}
		if !crowd.Pause(ctx, lookAgain) {
			return time.Time{}, ctx.Err()
		}
	}
}

// agree holds the databases against the history until nothing is wrong, or until
// the deadline. It answers the state that it saw last, what was wrong in it, and when it read it.
func (r *run) agree(ctx context.Context, h *checker.History, deadline time.Time) (*checker.State, []checker.Violation, time.Time, error) {
	for {
		at := time.Now()
		state, err := checker.Load(ctx, r.dbs)
		if err == nil {
			list := checker.CheckData(state, h, nil, time.Now())
			if len(list) == 0 || time.Now().After(deadline) || !temporary(list) {
				return state, list, at, nil
			}
		} else if time.Now().After(deadline) {
			return nil, nil, at, fmt.Errorf("read the databases: %w", err)
		}
		if !crowd.Pause(ctx, lookAgain) {
			return nil, nil, at, ctx.Err()
		}
	}
}

// temporary tells whether some violation may go away by itself.
func temporary(list []checker.Violation) bool {
	for _, v := range list {
		if v.Invariant != checker.I5 && v.Invariant != checker.I6 {
			return true
		}
	}
	return false
}

// slack is how much longer than a fault its effect on readers may last: a
// balancer must notice, a program must become ready.
const slack = time.Second

// afterwards is how long after a post was taken away a gateway may hear of it.
const afterwards = 20 * time.Second

// takenAway is when posts were.
func takenAway(s *checker.State, h *checker.History) []time.Time {
	var out []time.Time
	for _, n := range s.Outbox[checker.Posts] {
		if n.Kind == "withdrawn" || n.Kind == "deleted" {
			out = append(out, n.At)
		}
	}
	if len(h.Lost) == 0 {
		return out
	}
	for _, op := range h.Ops { // the outbox may have lost them
		if op.Kind == journal.Withdraw || op.Kind == journal.Delete {
			out = append(out, op.Sent)
		}
	}
	return out
}

// cached tells whether a gateway had what a sample asks for: it had served it
// before, and had no reason to throw it away since. What shows a post that is gone
// must not be shown again, even while nothing better can be had; lists do, and pages
// of posts, which name their neighbours and others on the same subjects.
func cached(s crowd.Sample, away []time.Time) bool {
	if s.Before.IsZero() {
		return false
	}
	for _, at := range away {
		if at.After(s.Before.Add(-afterwards)) && at.Before(s.End) {
			return false
		}
	}
	return true
}

// reads works out what readers got.
func (r *run) reads(v *Verdict, state *checker.State, h *checker.History) []checker.Violation {
	away := takenAway(state, h)
	var served, total, kept, keptServed int
	var problems []string
	for _, s := range r.readers.Samples() {
		total++
		if s.Served {
			served++
		}
		if !cached(s, away) || disturbed(v.Faults, s) {
			continue
		}
		kept++
		if s.Served {
			keptServed++
		} else if len(problems) < 10 {
			problems = append(problems, fmt.Sprintf("%s %s%s after %d ms: %s (%s)", s.At.UTC().Format("15:04:05.000"), s.Front, s.Path, s.End.Sub(s.At).Milliseconds(), s.Problem, during(v.Faults, s)))
		}
	}
	a := &v.Availability
	a.Reads, a.ReadsTotal = share(int64(served), int64(total)), total
	a.Cached, a.CachedTotal, a.CachedFailed = share(int64(keptServed), int64(kept)), kept, kept-keptServed
	ok, all := r.authors.Availability()
	a.Writes, a.WritesTotal = share(ok, all), all
	if a.Cached >= cachedShare {
		return nil
	}
	return []checker.Violation{{
		Invariant: checker.I7, Where: "readers", History: problems,
		What: fmt.Sprintf("%d of %d cached reads were not answered", kept-keptServed, kept),
	}}
}

// disturbed tells whether a gateway itself was while a read went on.
func disturbed(faults []nemesis.Record, s crowd.Sample) bool {
	for _, f := range faults {
		if f.Front && s.End.After(f.From) && s.At.Before(f.Ready.Add(slack)) {
			return true
		}
	}
	return false
}

// during names the fault in which a read was.
func during(faults []nemesis.Record, s crowd.Sample) string {
	for _, f := range slices.Backward(faults) {
		if s.End.After(f.From) && s.At.Before(f.Ready.Add(slack)) {
			return strings.TrimSpace("during: " + f.Name + " " + f.Detail)
		}
	}
	return "between faults"
}
