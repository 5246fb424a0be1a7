package entry_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/tags/internal/entry"
)

func TestSelect(t *testing.T) {
	t.Parallel()
	cases := []struct {
		text string
		want []string // nil: refused
	}{
		{"go", []string{"go"}},
		{"Go+Été+go", []string{"ete", "go"}},
		{"# à relire+a-relire", []string{"a-relire", "internal-a-relire"}},
		{"two words", []string{"two-words"}},
		{"a+b+c+d+e+f+g+h+i+j", []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}},
		{"a+b+c+d+e+f+g+h+i+j+k", nil},
		{"", nil},
		{"+", nil},
		{"go+", nil},
		{"!", nil},
	}
	for _, c := range cases {
		got, err := entry.Select(c.text)
		if c.want == nil {
			if fault.KindOf(err) != fault.KindInvalid {
				t.Errorf("Select(%q) = %v, want Invalid", c.text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("Select(%q): %v", c.text, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Select(%q) (-want +got):\n%s", c.text, diff)
		}
	}
}

func FuzzSelect(f *testing.F) {
	f.Add("go+été")
	f.Add("++\xff")
	f.Fuzz(func(t *testing.T, text string) {
		slugs, err := entry.Select(text)
		if err != nil {
			return
		}
		if len(slugs) == 0 || len(slugs) > entry.MaxSelected {
			t.Fatalf("Select(%q) has %d tags", text, len(slugs))
		}
		again, err := entry.Select(strings.Join(slugs, "+"))
		if err != nil || !cmp.Equal(slugs, again) {
			t.Fatalf("Select(%q) = %q, again %q, %v", text, slugs, again, err)
		}
	})
}
