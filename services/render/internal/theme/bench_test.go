package theme

import (
	"fmt"
	"testing"

	"github.com/parution/parution/services/render/internal/page"
)

func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		if _, err := New(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPages makes each kind of page of a full site.
func BenchmarkPages(b *testing.B) {
	th, err := New()
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range []string{"home", "list", "post", "tagged", "archive", "search", "not found"} {
		press := newSample("fr", "Texte", true).pages(th)[kind]
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := press(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTags is the page of all tags of a site that has 10,000.
func BenchmarkTags(b *testing.B) {
	th, err := New()
	if err != nil {
		b.Fatal(err)
	}
	list := make([]page.Tagged, 10_000)
	for i := range list {
		name := fmt.Sprintf("étiquette %d", i*7919%10_000)
		list[i] = page.Tagged{Label: page.Label{Slug: fmt.Sprint("t-", i), Name: name}, Count: i%50 + 1}
	}
	for b.Loop() {
		if _, err := th.Tags(&page.Site{Title: "Site", Language: "fr"}, list); err != nil {
			b.Fatal(err)
		}
	}
}
