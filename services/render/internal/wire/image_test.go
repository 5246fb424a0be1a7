package wire_test

import (
	"testing"

	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/render/internal/document"
	"github.com/parution/parution/services/render/internal/wire"
)

// TestPicturesAreTheSameOnEveryPage: lists at other paths show what the post
// names from its own.
func TestPicturesAreTheSameOnEveryPage(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"": "", "/media/a.png": "/media/a.png", "a.png": "/posts/a.png", "../img/a%20b.png?v=1": "/img/a%20b.png?v=1", "../../../a.png": "/a.png",
	} {
		state := &postsv1.PostState{Id: "p", Post: &postsv1.Post{Slug: "été"}}
		if got := wire.Doc(state, &document.Document{Image: image}, "https://a.example").Image; got != want {
			t.Errorf("the first picture at %q is shown from %q, want %q", image, got, want)
		}
		state.Post.Image = image
		if got := wire.Doc(state, &document.Document{}, "https://a.example").Image; got != want {
			t.Errorf("the cover at %q is shown from %q, want %q", image, got, want)
		}
	}
}
