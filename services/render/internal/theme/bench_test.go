package theme

import "testing"

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
