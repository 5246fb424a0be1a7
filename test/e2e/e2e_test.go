// Package e2e goes through an author's and a reader's day over HTTP, on the one
// binary and on a cluster alike.
package e2e_test

import (
	"testing"

	"github.com/parution/parution/test/world"
)

// scenario is one story, told on a site of its own.
type scenario struct {
	name string
	run  func(t *testing.T, s *world.Site)
}

func scenarios() []scenario {
	return []scenario{
		{"publish", publish},
		{"revise", revise},
		{"own write", ownWrite},
		{"move", move},
		{"withdraw", withdraw},
		{"delete", remove},
		{"draft", draft},
		{"alias", alias},
		{"tags", tags},
		{"renamed tag", renamed},
		{"merged tags", merged},
		{"split tag", split},
		{"tags above", hierarchy},
		{"internal tags", internal},
		{"found at once", foundAtOnce},
		{"bad questions", badQuestions},
		{"featured", featured},
		{"pager", pager},
		{"headers", headers},
		{"variants", variants},
		{"feed", feed},
		{"preview", preview},
		{"sites", sites},
		{"settings", settings},
		{"roles", roles},
		{"tokens", tokens},
		{"idempotency", idempotency},
		{"conditions", conditions},
		{"external", external},
		{"lists", lists},
		{"filters", filters},
		{"revisions", revisions},
		{"media", media},
		{"addresses", addresses},
		{"methods", methods},
		{"badinput", badInput},
		{"unsafe", unsafe},
		{"openapi", openAPI},
		{"changes", changes},
		{"tail", tail},
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	world.Each(t, func(t *testing.T, w *world.World) {
		// Alone: it reads the gateway's counters.
		t.Run("unrelated", func(t *testing.T) { unrelated(t, w.NewSite(t)) })
		for _, s := range scenarios() {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				s.run(t, w.NewSite(t))
			})
		}
	})
}
