package projection_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
)

func TestTheReadModelFollows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.follow(t)
		l.change(t, 1, "a", 1, post{Title: "first"})
		l.change(t, 2, "b", 1, post{Title: "other"})
		l.settled(t)
		l.change(t, 3, "a", 2, post{Title: "second"})
		l.settled(t)
		check(t, "copies", l.copies(t), "a@2 second", "b@1 other")
		check(t, "cursor", l.cursor(t), "3")
	})
}

func TestALateOlderNoticeChangesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.follow(t)
		l.change(t, 2, "a", 2, post{Title: "second"})
		l.settled(t)
		fetched, refreshes := l.did()
		l.tell(t, 1, "a", 1)
		l.tell(t, 2, "a", 2) // a duplicate beyond the broker's own guard
		l.settled(t)
		check(t, "copies", l.copies(t), "a@2 second")
		check(t, "cursor", l.cursor(t), "2")
		if f, r := l.did(); len(f) != len(fetched) || r != refreshes {
			t.Errorf("fetches %v and %d refreshes, want no more than %v and %d", f, r, fetched, refreshes)
		}
	})
}

func TestANoticeMayBringANewerState(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.own("a", 3, post{Title: "third"})
		l.tell(t, 1, "a", 1)
		l.follow(t)
		l.settled(t)
		l.tell(t, 2, "a", 2)
		l.tell(t, 3, "a", 3)
		l.settled(t)
		check(t, "copies", l.copies(t), "a@3 third")
		check(t, "cursor", l.cursor(t), "3")
		if fetched, refreshes := l.did(); len(fetched) != 1 || refreshes != 1 {
			t.Errorf("fetches %v and %d refreshes, want one of each", fetched, refreshes)
		}
	})
}

func TestSeveralNoticesOfOneAggregateAreOneItem(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		var seen []string
		l.before = func(_ int, items items) error {
			for _, i := range items {
				seen = append(seen, i.ID+" by "+i.Notice.GetId())
			}
			return nil
		}
		l.own("a", 3, post{Title: "third"})
		for v := range int32(3) {
			l.tell(t, int64(v+1), "a", v+1)
		}
		l.follow(t)
		l.settled(t)
		check(t, "copies", l.copies(t), "a@3 third")
		if len(seen) != 1 {
			t.Errorf("items = %v, want one", seen)
		}
	})
}

func TestATombstoneIsNotResurrected(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.follow(t)
		l.change(t, 1, "a", 1, post{Title: "first"})
		l.settled(t)
		l.change(t, 3, "a", 3, post{Deleted: true})
		l.settled(t)
		check(t, "copies after the deletion", l.copies(t))
		// A copy of the owner that lags behind, and a late notice.
		l.own("a", 2, post{Title: "second"})
		l.tell(t, 2, "a", 2)
		l.tell(t, 1, "a", 1)
		l.settled(t)
		check(t, "copies after the late notice", l.copies(t))
		check(t, "cursor", l.cursor(t), "3")
	})
}

func TestWhatTheOwnerDoesNotKnowIsPassedOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.follow(t)
		l.tell(t, 1, "ghost", 1)
		l.change(t, 2, "a", 1, post{Title: "first"})
		l.settled(t)
		check(t, "copies", l.copies(t), "a@1 first")
		check(t, "cursor", l.cursor(t), "2")
	})
}

func TestRubbishIsPassedOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.follow(t)
		msg := nats.NewMsg("parution.posts.published.main.a")
		msg.Data = []byte("\xff\xff\xff")
		if _, err := l.js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		l.sent++
		l.change(t, 1, "a", 1, post{Title: "first"})
		l.settled(t)
		check(t, "copies", l.copies(t), "a@1 first")
	})
}

func TestTheFloorRisesOverWhatWasApplied(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.follow(t)
		steps := []struct {
			pos  int64
			id   string
			want []string
		}{
			{3, "c", []string{"0", "3"}},
			{2, "b", []string{"0", "2", "3"}},
			{6, "f", []string{"0", "2", "3", "6"}},
			{1, "a", []string{"3", "6"}},
			{4, "d", []string{"4", "6"}},
			{6, "f", []string{"4", "6"}},
			{5, "e", []string{"6"}},
			{2, "b", []string{"6"}},
		}
		for _, s := range steps {
			l.change(t, s.pos, s.id, 1, post{Title: s.id})
			l.settled(t)
			check(t, "cursor", l.cursor(t), s.want...)
		}
	})
}

// TestTheFloorRisesOverMuch has more above the floor than is read at once.
func TestTheFloorRisesOverMuch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.execute(t, `INSERT INTO projection_applied (source, epoch, pos)
 WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 3500) SELECT 'posts', 1, i FROM n`)
		l.execute(t, `INSERT INTO projection_applied (source, epoch, pos) VALUES ('posts', 1, 4000)`)
		l.follow(t)
		l.change(t, 1, "a", 1, post{Title: "first"})
		l.settled(t)
		check(t, "cursor", l.cursor(t), "3500", "4000")
	})
}

func TestLagIsAMetric(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		tel, err := telemetry.Start(t.Context(), telemetry.Config{Service: reader})
		if err != nil {
			t.Fatalf("Start: %v", err)
		}
		t.Cleanup(func() { _ = tel.Stop(context.WithoutCancel(t.Context())) }) // nothing is exported
		l.followWith(t, tel)
		l.change(t, 1, "a", 1, post{Title: "first"})
		l.settled(t)
		w := httptest.NewRecorder()
		tel.Metrics.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		for _, want := range []string{
			`parution_projection_lag_positions{projection="tags",source="posts"} 0`,
			`parution_projection_lag_seconds{projection="tags",source="posts"} `,
		} {
			if !strings.Contains(w.Body.String(), "\n"+want) {
				t.Errorf("no line %s in /metrics", want)
			}
		}
	})
}

func TestAConsumerIsNamedAfterItsReader(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.follow(t)
		l.settled(t)
		cons, err := l.js.Consumer(t.Context(), stream.Name(owner), reader)
		if err != nil {
			t.Fatal(err)
		}
		if cfg := cons.CachedInfo().Config; cfg.Durable != reader || cfg.MaxDeliver != -1 {
			t.Errorf("consumer = %+v, want a durable that drops nothing", cfg)
		}
	})
}
