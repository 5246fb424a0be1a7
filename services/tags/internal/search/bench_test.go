package search_test

import (
	"strings"
	"testing"

	"github.com/parution/parution/services/tags/internal/search"
)

// BenchmarkNewWordlist reads a French post of some 1,200 words.
func BenchmarkNewWordlist(b *testing.B) {
	const paragraph = "L’été dernier, nous avons **planté** des arbres près de la rivière ; c’était [un essai](https://example.org/essai), rien d’autre. Depuis, chaque saison apporte ses questions.\n\n"
	source := search.Source{Title: "Où planter", Body: strings.Repeat(paragraph, 45), Format: "markdown"}
	b.SetBytes(int64(len(source.Body)))
	b.ReportAllocs()
	for b.Loop() {
		search.NewWordlist(source)
	}
}
