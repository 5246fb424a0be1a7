package store_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBothEnginesHaveTheSameSchema(t *testing.T) {
	t.Parallel()
	read := func(engine string) []string {
		t.Helper()
		text, err := os.ReadFile("migrations/" + engine + "/0001_render.sql")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(strings.NewReplacer("timestamptz", "timestamp", "bytea", "blob").Replace(string(text)))
	}
	if diff := cmp.Diff(read("postgres"), read("sqlite")); diff != "" {
		t.Errorf("the schemas differ (-postgres +sqlite):\n%s", diff)
	}
}
