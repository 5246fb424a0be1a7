package site

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/gateway/internal/cache"
)

func TestVersionsOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lines []string
		want  []cache.Version
	}{
		{nil, nil},
		{[]string{"p@7"}, []cache.Version{{Post: "p", Version: 7}}},
		{[]string{"p@7, q-1@2147483647", "r@1"}, []cache.Version{{Post: "p", Version: 7}, {Post: "q-1", Version: 2147483647}, {Post: "r", Version: 1}}},
	} {
		got, err := versionsOf(http.Header{atLeast: c.lines})
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", c.lines, err, diff)
		}
	}
	for _, line := range []string{
		"", "p", "p@", "@7", "p@0", "p@-1", "p@07", "p@+7", "p@2147483648", "p@7;q@8", "p@7,", "p p@7", "é@7", "p@7@8",
		strings.Repeat("p", 65) + "@7", strings.Repeat("p@7,", 16) + "p@7",
	} {
		if got, err := versionsOf(http.Header{atLeast: {line}}); fault.KindOf(err) != fault.KindMalformed {
			t.Errorf("%q = %v, %v; want malformed", line, got, err)
		}
	}
}
