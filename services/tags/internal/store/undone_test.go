package store_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/tags/internal/tag"
)

// What is in force by the log is in force, however often it was undone and done again,
// and can be undone.
func TestTheLogSaysWhatIsInForce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShelf(t, db)
		s.put(t, post(1, "Vélo"))
		renamed := s.must(t, "velo", tag.Renamed, rename("Bicyclette", ""))
		log := func(when, slug string, want ...string) {
			t.Helper()
			list, err := s.Operations(t.Context(), "main", "", 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range list {
				state := " done"
				if o.UndoneBy != "" {
					state = " undone"
				}
				got = append(got, string(o.Kind)+state)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s the log is (-want +got):\n%s", when, diff)
			}
			if is := s.carried(t, 1); !strings.HasPrefix(is, slug+" ") {
				t.Errorf("%s the post carries %s, want %s", when, is, slug)
			}
		}
		log("at first", "bicyclette", "renamed done")
		once := s.undo(t, renamed)
		log("undone", "velo", "undone done", "renamed undone")
		twice := s.undo(t, once)
		log("done again", "bicyclette", "undone done", "undone undone", "renamed done")
		s.undo(t, twice)
		log("undone again", "velo", "undone done", "undone undone", "undone done", "renamed undone")
		s.undo(t, once)
		log("done a third time", "bicyclette", "undone done", "undone done", "undone undone", "undone undone", "renamed done")
		s.undo(t, renamed)
		log("the renaming itself undone", "velo", "undone done", "undone done", "undone done", "undone undone", "undone undone", "renamed undone")
	})
}
