package outbox_test

import (
	"context"
	"errors"
	"testing"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/telemetry"
)

// watch runs what wakes those who wait for changes of out.
func watch(t *testing.T, out *outbox.Outbox, most int) *outbox.Changes {
	t.Helper()
	c := outbox.NewChanges(out, most)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- c.Part().Run(ctx, func() {}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the part ended with %v, want nil", err)
		}
	})
	return c
}

// next waits for a page that is not empty.
func next(t *testing.T, c *outbox.Changes, of outbox.Audience, after outbox.Place) outbox.Page {
	t.Helper()
	for {
		page, err := c.List(t.Context(), of, after, 10)
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		if len(page.Notices) > 0 {
			return page
		}
		if err := c.Wait(t.Context(), of, page.Next); err != nil {
			t.Fatalf("Wait: %v", err)
		}
		after = page.Next
	}
}

func TestWhoWaitsIsWokenByTheRelayOfAnotherProcess(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		// Two outboxes of one database do not know of each other, as in two processes.
		o.relayOf(t, outbox.New(o.db, owner), telemetry.Discard())
		c := watch(t, o.out, 1)
		members := outbox.Audience{Site: "main"}
		woken := make(chan outbox.Page, 1)
		go func() { woken <- next(t, c, members, outbox.Place{}) }()
		if err := o.add(t.Context(), posts(0, 1)...); err != nil {
			t.Fatalf("add: %v", err)
		}
		page := <-woken
		if len(page.Notices) != 1 || page.Notices[0].GetAggregateId() != "p0" || page.Next != (outbox.Place{Epoch: 1, Pos: 1}) || page.More {
			t.Errorf("page = %+v, want p0 at (1, 1)", page)
		}
	})
}

func TestWaitingIsForTheOwnAudience(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		o.relay(t)
		c := watch(t, o.out, 3)
		shown, hidden, foreign := entry("shown", 1), entry("hidden", 1), entry("foreign", 1)
		shown.Public, foreign.Public, foreign.Site = true, true, "other"
		members, readers, others := outbox.Audience{Site: "main"}, outbox.Audience{Site: "main", Public: true}, outbox.Audience{Site: "other", Public: true}
		for _, e := range []struct {
			of   outbox.Audience
			want []string
		}{{members, []string{"hidden", "shown"}}, {readers, []string{"shown"}}, {others, []string{"foreign"}}} {
			t.Run(e.want[0], func(t *testing.T) {
				if e.of == members {
					if err := o.add(t.Context(), hidden, foreign, shown); err != nil {
						t.Fatalf("add: %v", err)
					}
				}
				var got []string
				for after := (outbox.Place{}); len(got) < len(e.want); {
					page := next(t, c, e.of, after)
					for _, n := range page.Notices {
						got = append(got, n.GetAggregateId())
					}
					after = page.Next
				}
				if len(got) != len(e.want) || got[0] != e.want[0] || got[len(got)-1] != e.want[len(e.want)-1] {
					t.Errorf("notices = %q, want %q", got, e.want)
				}
			})
		}
		// Their token is at the feed's end, beyond what they do not see.
		page, err := c.List(t.Context(), others, outbox.Place{}, 10)
		if end, e := c.End(t.Context()); err != nil || e != nil || page.Next != end {
			t.Errorf("next = %+v, %v, want the end %+v, %v", page.Next, err, end, e)
		}
		// A place that the feed never had counts as its end.
		if page, err := c.List(t.Context(), members, outbox.Place{Epoch: 9, Pos: 9}, 10); err != nil || len(page.Notices) != 0 || page.Next.Epoch != 1 {
			t.Errorf("beyond the end: %+v, %v", page, err)
		}
	})
}

func TestWaitingIsBoundedAndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		c := outbox.NewChanges(o.out, 1) // nobody wakes
		ctx, cancel := context.WithCancel(t.Context())
		first, second := make(chan error, 1), outbox.Audience{Site: "main"}
		go func() {
			for {
				err := c.Wait(ctx, outbox.Audience{Site: "main"}, outbox.Place{Epoch: 1})
				if fault.KindOf(err) != fault.KindExhausted { // one that is cancelled below was there first
					first <- err
					return
				}
			}
		}()
		for { // until the first one waits, a cancelled one gets in
			gone, end := context.WithCancel(t.Context())
			end()
			err := c.Wait(gone, second, outbox.Place{Epoch: 1})
			if fault.KindOf(err) == fault.KindExhausted {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("Wait = %v, want cancelled or exhausted", err)
			}
		}
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the first one ended with %v, want cancelled", err)
		}
		// Its place is free again.
		if err := c.Wait(ctx, second, outbox.Place{Epoch: 1}); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait = %v, want cancelled", err)
		}
	})
}
