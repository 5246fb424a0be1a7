package sqldb

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestConnectionsSettleTheTimeline(t *testing.T) {
	t.Parallel()
	h := newHistories()
	one, two, three := &pgx.Conn{}, &pgx.Conn{}, &pgx.Conn{}
	check := func(what, want string) {
		t.Helper()
		if got, ok := h.settled(); got != want || ok != (want != "") {
			t.Errorf("%s: settled = %q, %v, want %q", what, got, ok, want)
		}
	}
	check("no connection", "")
	h.remember(one, "7/00000001")
	h.remember(two, "7/00000001")
	check("all say the same", "7/00000001")
	h.remember(three, "7/00000002") // a standby was promoted
	check("the old ones are still open", "")
	h.forget(one)
	h.forget(two)
	h.forget(two)
	check("only the new one is left", "7/00000002")
	h.remember(one, "")
	check("one says nothing", "")
	h.forget(one)
	h.forget(three)
	check("none is left", "")
	h.remember(one, "")
	check("nobody says anything", "")
}
