package index_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/text"
)

// Every post under a tag is on one of the pages, once, in the order that is promised,
// wherever one goes on; of posts of one moment, too, whose numbers go another way than
// their ids.
func TestUnderATag(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	m := index.New(&words{})
	var records []index.Record
	for n := range uint32(3000) {
		rec := randomRecord(r, n, 1)
		rec.PostID = id(3000 - n)
		if n%3 == 0 { // as an import of days has them
			rec.PublishedAt = rec.PublishedAt.Truncate(40 * 24 * time.Hour)
		}
		records = append(records, rec)
	}
	m.Put(tagsOf(20), records, text.Position{Epoch: 1})
	for _, tag := range []string{"t0", "t3", "t19", "none"} {
		var want []index.PostPlace
		for _, rec := range records {
			if rec.Public && rec.Site == "main" && slices.Contains(rec.Tags, tag) {
				want = append(want, index.PostPlace{At: rec.PublishedAt, ID: rec.PostID})
			}
		}
		slices.SortFunc(want, func(a, b index.PostPlace) int { return cmp.Or(b.At.Compare(a.At), strings.Compare(b.ID, a.ID)) })
		for _, size := range []int{1, 7, 1000, 3000} {
			var got []index.PostPlace
			for more, after := true, (index.PostPlace{}); more; {
				var page []index.PostPlace
				page, more = m.Under(t.Context(), "main", tag, after, size)
				if more && len(page) != size {
					t.Fatalf("%s by %d: a page of %d with others behind it", tag, size, len(page))
				}
				if got = append(got, page...); more {
					after = page[len(page)-1]
				}
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("%s by %s (-want +got):\n%s", tag, fmt.Sprint(size), diff)
			}
		}
	}
	if got, more := m.Under(t.Context(), "nowhere", "t0", index.PostPlace{}, 10); len(got) > 0 || more {
		t.Errorf("a site that is not there has %v, %v", got, more)
	}
}
