// Package blog makes up a large blog: posts in French and English with real
// words, tags and authors that are used as unevenly as people use them, over ten
// years. The same numbers give the same posts, in any order.
package blog

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/parution/parution/chassis/slug"
)

const (
	// Tags is how many there are.
	Tags = 5_000
	// Authors is how many there are.
	Authors = 500
	// TagsEach is how many tags a post has.
	TagsEach = 5

	// vocabulary is how many words a language has, without those that were made up once.
	vocabulary = 30_000
	years      = 10
	// seed makes this blog and no other.
	seed = 0x5eed
)

// The shapes of the distributions, by Zipf's law as Mandelbrot has it: the nth is
// used in proportion to 1/(n+offset)^slope.
const (
	slope       = 1.05
	wordOffset  = 10
	otherOffset = 2.7
)

// epoch is when the blog began.
func epoch() time.Time { return time.Date(2016, 11, 1, 6, 0, 0, 0, time.UTC) }

// Post is a post of the blog.
type Post struct {
	ID, Slug, Title, Body, Language string
	PublishedAt                     time.Time
	Tags                            []string
	Author                          string
}

// Tag is a tag.
type Tag struct{ Name, Slug string }

// Blog makes posts and questions. Make it with New. Safe for concurrent use.
type Blog struct {
	languages [2]language
	tags      []Tag
	numbers   map[string]int // of tags, by name
	authors   []string
	tag       zipf
	author    zipf
}

// language is a language's words, the most frequent first.
type language struct {
	code         string
	stops, words []string
	stop, word   zipf
}

// New reads the words and invents tags and authors.
func New() *Blog {
	b := &Blog{tag: newZipf(Tags, otherOffset), author: newZipf(Authors, otherOffset)}
	b.languages = [2]language{newLanguage("fr", french), newLanguage("en", english)}
	b.invent()
	return b
}

// invent names tags and authors.
func (b *Blog) invent() {
	r := rand.New(rand.NewPCG(seed, 1))
	b.numbers = make(map[string]int, Tags)
	seen := make(map[string]bool, Tags)
	for len(b.tags) < Tags {
		l := &b.languages[len(b.tags)%len(b.languages)]
		name := l.words[r.IntN(6000)]
		if r.IntN(3) == 0 {
			name += " " + l.words[r.IntN(6000)]
		}
		if s := slug.Make(name); s != "" && !seen[s] {
			seen[s] = true
			b.numbers[name], b.tags = len(b.tags), append(b.tags, Tag{Name: name, Slug: s})
		}
	}
	known := make(map[string]bool, Authors)
	for len(b.authors) < Authors {
		if name := madeName(r) + " " + madeName(r); !known[name] {
			known[name] = true
			b.authors = append(b.authors, name)
		}
	}
}

// ID is the id of the ith post: a UUIDv7 of its time.
func ID(i int) string {
	at := uint64(epoch().UnixMilli()) + uint64(i)
	return fmt.Sprintf("%08x-%04x-7%03x-8%03x-%012x", at>>16, at&0xffff, seed&0xfff, i>>48&0xfff, uint64(i)&0xffffffffffff)
}

// Post makes the ith post of a blog that has of.
func (b *Blog) Post(i, of int) Post {
	r := rand.New(rand.NewPCG(uint64(i), seed))
	l := &b.languages[r.IntN(len(b.languages))]
	p := Post{ID: ID(i), Language: l.code, Author: b.authors[b.author.draw(r)]}
	span := float64(years * 365 * 24 * time.Hour)
	p.PublishedAt = epoch().Add(time.Duration(span * (float64(i) + r.Float64()) / float64(max(of, i+1))))
	seen := make(map[int]bool, TagsEach)
	for len(p.Tags) < TagsEach {
		if t := b.tag.draw(r); !seen[t] {
			seen[t] = true
			p.Tags = append(p.Tags, b.tags[t].Name)
		}
	}
	w := writer{r: r, l: l}
	p.Title = capital(w.words(6))
	p.Slug = fmt.Sprintf("%s-%d", slug.Make(p.Title), i)
	p.Body = w.body(80 + r.IntN(91))
	return p
}

// writer writes in a language.
type writer struct {
	r *rand.Rand
	l *language
}

// next is a word in the words' own proportions: about half of a text is words
// that mean nothing, and one in 200 is a name that nobody had before.
func (w writer) next(b *strings.Builder) {
	switch n := w.r.IntN(200); {
	case n == 0:
		b.WriteString(madeName(w.r))
	case n < 92:
		b.WriteString(w.l.stops[w.l.stop.draw(w.r)])
	default:
		word := w.l.words[w.l.word.draw(w.r)]
		if n < 104 && w.l.code == "fr" && strings.ContainsRune("aeiouéèêœ", firstRune(word)) {
			b.WriteString([...]string{"l’", "d’", "qu’"}[n%3])
		}
		b.WriteString(word)
	}
}

func (w writer) words(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		w.next(&b)
	}
	return b.String()
}

// body is Markdown of n words and two headings.
func (w writer) body(n int) string {
	var b strings.Builder
	b.Grow(8 * n)
	for part := range 3 {
		if part > 0 {
			b.WriteString("\n\n## " + capital(w.words(6)) + "\n\n")
		}
		for left := n / 3; left > 0; {
			k := min(left, 6+w.r.IntN(14))
			b.WriteString(capital(w.words(k)))
			b.WriteString(". ")
			left -= k
		}
	}
	return b.String()
}
