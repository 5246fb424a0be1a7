package blog_test

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/parution/parution/test/bench/blog"
)

const posts = 2_000

func TestTheSameNumbersGiveTheSamePosts(t *testing.T) {
	t.Parallel()
	a, b := blog.New(), blog.New()
	for _, i := range []int{1999, 0, 7} {
		if diff := gocmp.Diff(a.Post(i, posts), b.Post(i, posts)); diff != "" {
			t.Errorf("post %d (-one +other):\n%s", i, diff)
		}
	}
	if diff := gocmp.Diff(a.Ask(1, posts).Words(), b.Ask(1, posts).Words()); diff != "" {
		t.Errorf("words (-one +other):\n%s", diff)
	}
	if gocmp.Equal(a.Ask(1, posts).Words(), a.Ask(2, posts).Words()) {
		t.Error("two askers ask the same")
	}
}

func TestPostsAreAsABlogHasThem(t *testing.T) {
	t.Parallel()
	b := blog.New()
	ids, french, words, uses := map[string]bool{}, 0, 0, map[string]int{}
	for i := range posts {
		p := b.Post(i, posts)
		if ids[p.ID] || ids[p.Slug] {
			t.Fatalf("post %d has an id or slug of another", i)
		}
		ids[p.ID], ids[p.Slug] = true, true
		if p.Language == "fr" {
			french++
		}
		words += len(strings.Fields(p.Title + " " + p.Body))
		for _, tag := range p.Tags {
			uses[tag]++
		}
	}
	if french < posts*4/10 || french > posts*6/10 {
		t.Errorf("%d of %d posts are French, want half", french, posts)
	}
	if each := words / posts; each < 135 || each > 165 {
		t.Errorf("a post has %d words, want about 150", each)
	}
	most := 0
	for _, n := range uses {
		most = max(most, n)
	}
	if len(uses) < 1000 || most < posts/20 {
		t.Errorf("%d tags, the most frequent %d times: not used as people use them", len(uses), most)
	}
}

func TestQuestionsFindSomething(t *testing.T) {
	t.Parallel()
	b := blog.New()
	ask := b.Ask(3, posts)
	for range 100 {
		words := ask.Words()
		if n := len(words); n < 2 || n > 3 {
			t.Fatalf("%d words: %q", n, words)
		}
		for _, w := range words {
			if b.IsStop(w) {
				t.Errorf("%q is a stop word", w)
			}
		}
		if q := ask.Tags(); len(q.All)+len(q.Any)+len(q.Not) != 3 {
			t.Errorf("a question of other than three tags: %+v", q)
		}
	}
}

func BenchmarkPost(b *testing.B) {
	x := blog.New()
	for i := 0; b.Loop(); i++ {
		x.Post(i, b.N)
	}
}
