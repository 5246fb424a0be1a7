package text_test

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
)

// TestWhatIsRememberedFollowsThePosts asks for a beginning of very many words again after
// posts came and went.
func TestWhatIsRememberedFollowsThePosts(t *testing.T) {
	t.Parallel()
	sites, err := text.Open(text.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sites.Close() })
	ix := sites.Of("site")
	const posts = 600
	pos := int64(0)
	put := func(documents ...text.Document) {
		t.Helper()
		pos++
		if err := ix.Put(documents, text.Position{Epoch: 1, Pos: pos}); err != nil {
			t.Fatal(err)
		}
	}
	written := func(number uint32, words string) text.Document {
		return text.Document{Number: number, Language: "fr", PublishedAt: time.Unix(1e9, 0), Source: &text.Source{Title: "titre", Body: words}}
	}
	begun := func() map[uint32]bool {
		t.Helper()
		found, err := ix.Match(t.Context(), query.Word{Text: "zo", Open: true})
		if err != nil {
			t.Fatal(err)
		}
		all := map[uint32]bool{}
		for _, n := range found.ToArray() {
			all[n] = true
		}
		return all
	}
	want := map[uint32]bool{}
	var first []text.Document
	for n := uint32(1); n <= posts; n++ {
		words := fmt.Sprintf("zo%dx zouave", n)
		if n > posts/2 {
			words = fmt.Sprintf("zo%dx", n)
		}
		first = append(first, written(n, words))
		want[n] = true
	}
	first = append(first, written(posts+1, "autre chose"))
	put(first...)
	same := func(what string) {
		t.Helper()
		if diff := gocmp.Diff(want, begun()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	same("at first")
	same("again")
	put(text.Document{Number: 7}, written(8, "rien"), written(posts+1, "zoo"))
	delete(want, 7)
	delete(want, 8)
	want[posts+1] = true
	same("after a post was withdrawn, and others changed")

	for range 2 {
		words, err := ix.Complete(t.Context(), "zo", 1)
		if diff := gocmp.Diff([]string{"zouave"}, words); err != nil || diff != "" {
			t.Errorf("Complete: %v, (-want +got):\n%s", err, diff)
		}
	}
	var gone []text.Document
	for n := uint32(1); n <= posts/2; n++ {
		gone = append(gone, text.Document{Number: n})
	}
	put(gone...)
	words, err := ix.Complete(t.Context(), "zo", 1)
	if err != nil || len(words) != 1 || words[0] == "zouave" {
		t.Errorf("Complete proposes %q, %v, want a word that a post has", words, err)
	}
}
