package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/parution/parution/test/world"
	"github.com/parution/parution/test/world/topology"
)

// A replica of tags that comes late is ready once it knows everything; then the
// other may be killed, and nothing is missing.
func TestReplicasOfTags(t *testing.T) {
	t.Parallel()
	late := topology.Replica(topology.Tags, 2)
	w := world.Cluster(t, world.Options{Replicas: 2, Hold: []string{late}})
	var rest []string
	for _, name := range w.Programs() {
		if name != late {
			rest = append(rest, name)
		}
	}
	w.AwaitReady(rest...)
	t.Run("late", func(t *testing.T) { takesOver(t, w, w.NewSite(t), late) })
}

// takesOver lets the late replica begin among posts, and each of both be the only one.
func takesOver(t *testing.T, w *world.World, s *world.Site, late string) {
	t.Helper()
	const posts = 30
	for n := range posts {
		s.Publish(fmt.Sprintf("Letter %02d", n), "A letter about paper.", "Vélo", fmt.Sprintf("Shelf %d", n%3))
	}
	counts(t, s, "velo", posts)
	operate(t, s, "/api/v1/tags/velo:rename", world.M{"name": "Bicyclette"})
	counts(t, s, "bicyclette", posts)

	w.Start(late)
	w.AwaitReady(late)
	w.Kill(topology.Tags)
	has := func(path, text string) {
		t.Helper()
		if a := s.Anyone().Get(path); a.Status != http.StatusOK || !strings.Contains(a.Text(), text) {
			t.Errorf("GET %s = %d without %s: %.300s", path, a.Status, text, a.Body)
		}
	}
	has("/api/v1/tags/bicyclette", fmt.Sprintf(`"count":%d,`, posts))
	has("/api/v1/tags/velo", `"slug":"bicyclette"`)
	has("/api/v1/search?q=paper+tag:bicyclette", fmt.Sprintf(`"total":%d,`, posts))
	has("/api/v1/search?q=letter&tag=shelf-1", `"total":10,`)

	p := s.Publish("After the fall", "More paper.", "Vélo")
	// Not at once: the one that was killed may have held the relay's lease, for 6 s more.
	s.Shows(fmt.Sprintf("/api/v1/search?q=fall&at_least=%s@%d", p.ID, p.Version), `"total":1,`)
	operate(t, s, "/api/v1/tags/shelf-1:merge", world.M{"into": "shelf-2"})
	counts(t, s, "shelf-2", 20)

	w.Start(topology.Tags)
	w.AwaitReady(topology.Tags)
	w.Kill(late)
	has("/api/v1/tags/shelf-2", `"count":20,`)
	has("/api/v1/search?q=paper+tag:bicyclette", fmt.Sprintf(`"total":%d,`, posts+1))
}
