package store_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
)

// TestTidyTakesAwayWhatBelongsToNothing has more of it than one step looks at, among
// what is as it should be.
func TestTidyTakesAwayWhatBelongsToNothing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		s := newShelf(t, database)
		s.put(t, post(1, "Transport"), post(1500, "Été"), post(2800, "Transport", "Été"))
		want := s.everything(t)
		stray := make([]string, 2500)
		for i := range stray {
			stray[i] = fmt.Sprintf("00000000-0000-7000-8000-%012d", 2+i)
		}
		for _, do := range []struct {
			ids       []string
			statement string
		}{
			{stray, `INSERT INTO entry_text (post_id, source) SELECT item, '{}' FROM %s WHERE true ON CONFLICT (post_id) DO NOTHING`},
			{stray[:1400], `INSERT INTO entry_tag (tag_id, post_id, found, name, published_at) SELECT 'nobody', item, true, '', CURRENT_TIMESTAMP FROM %s`},
		} {
			list, err := json.Marshal(do.ids)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := database.Exec(t.Context(), fmt.Sprintf(do.statement, database.Dialect().List("$1")), string(list)); err != nil {
				t.Fatalf("%s: %v", do.statement, err)
			}
		}
		if err := s.mendAll(t.Context()); err != nil {
			t.Fatalf("rebuild: %v", err)
		}
		if diff := cmp.Diff(want, s.everything(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if tags, texts := s.count(t, `SELECT count(*) FROM entry_tag`), s.count(t, `SELECT count(*) FROM entry_text`); tags != 4 || texts != 3 {
			t.Errorf("%d rows of tags and %d of texts, want 4 and 3", tags, texts)
		}
	})
}
