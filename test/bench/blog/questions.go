package blog

import (
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Asker asks what readers would, the same each time. Make it with Blog.Ask. Not
// safe for concurrent use.
type Asker struct {
	b  *Blog
	r  *rand.Rand
	of int
}

// Ask makes an asker about the first of posts; n tells one from another.
func (b *Blog) Ask(n, of int) *Asker {
	return &Asker{b: b, r: rand.New(rand.NewPCG(seed, uint64(1000+n))), of: of}
}

// Words are two or three words that mean something, as often as they are used,
// of one post: whoever searches has something in mind.
func (a *Asker) Words() []string {
	p := a.b.Post(a.r.IntN(a.of), a.of)
	all := strings.FieldsFunc(strings.ToLower(p.Title+" "+p.Body), func(r rune) bool { return !unicode.IsLetter(r) })
	want := 2 + a.r.IntN(2)
	var out []string
	for len(out) < want {
		w := all[a.r.IntN(len(all))]
		if utf8.RuneCountInString(w) > 2 && !a.b.IsStop(w) && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// Algebra is a question of three tags.
type Algebra struct{ All, Any, Not []string }

// Tags is a question of three tags that finds something: all of three or two that
// a post has, two of which one will do with a third, or all but what has a third.
// Slugs, as often as the tags are used.
func (a *Asker) Tags() Algebra {
	p := a.b.Post(a.r.IntN(a.of), a.of)
	own := make([]string, 0, TagsEach)
	for _, i := range a.r.Perm(len(p.Tags)) {
		own = append(own, a.b.tags[a.b.numbers[p.Tags[i]]].Slug)
	}
	other := a.b.tags[a.b.tag.draw(a.r)].Slug
	for slices.Contains(own, other) {
		other = a.b.tags[a.b.tag.draw(a.r)].Slug
	}
	switch a.r.IntN(4) {
	case 0:
		return Algebra{All: own[:3]}
	case 1:
		return Algebra{All: own[:1], Any: []string{own[1], other}}
	case 2:
		return Algebra{All: own[:2], Not: []string{other}}
	default:
		return Algebra{Any: []string{own[0], own[1]}, Not: []string{other}}
	}
}

// TagList are all tags, the most frequent first.
func (b *Blog) TagList() []Tag { return slices.Clone(b.tags) }

// Number is the place of the tag with this name in TagList.
func (b *Blog) Number(name string) int { return b.numbers[name] }

// TopWords are the n words that are used most in a language ("fr", "en") and mean something.
func (b *Blog) TopWords(language string, n int) []string {
	for _, l := range b.languages {
		if l.code == language {
			return slices.Clone(l.words[:n])
		}
	}
	return nil
}
