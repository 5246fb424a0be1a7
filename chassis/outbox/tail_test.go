package outbox_test

import (
	"testing"

	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/telemetry"
)

func TestATailReadsOnAsSoonAsThereIsMore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		o.relay(t)
		tail := outbox.NewTail(o.out)
		defer tail.Close()
		after := outbox.Place{Epoch: 1}
		for round := range 3 {
			if err := o.add(t.Context(), posts(round*5, 5)...); err != nil {
				t.Fatalf("add: %v", err)
			}
			for seen := 0; seen < 5; {
				page, err := tail.List(t.Context(), after, 2)
				if err != nil {
					t.Fatalf("List: %v", err)
				}
				if len(page.Notices) > 2 || page.Epoch != 1 {
					t.Fatalf("page = %+v, want two notices at most, of epoch 1", page)
				}
				seen += len(page.Notices)
				if after = page.Next; seen < 5 && !page.More {
					if err := tail.Wait(t.Context(), after); err != nil {
						t.Fatalf("Wait: %v", err)
					}
				}
			}
		}
		if end, err := tail.End(t.Context()); err != nil || after != end || end.Pos != 15 {
			t.Errorf("the tail is at %+v, the feed ends at %+v, %v; want 15", after, end, err)
		}
	})
}

func TestATailThatHasSeenMoreBeginsAnEpoch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		o.relayOf(t, o.out, telemetry.Discard())
		if err := o.add(t.Context(), posts(0, 1)...); err != nil {
			t.Fatalf("add: %v", err)
		}
		tail := outbox.NewTail(o.out)
		defer tail.Close()
		page, err := tail.List(t.Context(), outbox.Place{Epoch: 1, Pos: 100}, 10)
		if err != nil || page.Epoch != 2 || len(page.Notices) != 0 {
			t.Errorf("List behind the end = %+v, %v; want epoch 2 and nothing", page, err)
		}
	})
}
