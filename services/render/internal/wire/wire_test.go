package wire_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/render/internal/document"
	"github.com/parution/parution/services/render/internal/wire"
)

// TestImportIsNoEdit holds that a post from elsewhere is as old as its publication
// until somebody edits it here.
func TestImportIsNoEdit(t *testing.T) {
	t.Parallel()
	old, arrived := time.Date(2018, 2, 16, 9, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name                       string
		created, published, edited time.Time
		want                       time.Time
	}{
		{"imported", arrived, old, arrived, old},
		{"imported, put in order", arrived, old, arrived.Add(time.Hour), old},
		{"imported, edited", arrived, old, arrived.AddDate(0, 0, 2), arrived.AddDate(0, 0, 2)},
		{"written here", arrived, arrived.Add(time.Hour), arrived, arrived},
		{"edited here", arrived, arrived.Add(time.Hour), arrived.Add(2 * time.Hour), arrived.Add(2 * time.Hour)},
		{"nobody knows", arrived, old, time.Time{}, time.Time{}},
	} {
		post := &postsv1.Post{CreatedAt: timestamppb.New(c.created), PublishedAt: timestamppb.New(c.published)}
		if !c.edited.IsZero() {
			post.EditedAt = timestamppb.New(c.edited)
		}
		got := wire.Doc(&postsv1.PostState{Id: "p", Post: post}, &document.Document{}, "https://example.org")
		if !got.EditedAt.Equal(c.want) {
			t.Errorf("%s: edited at %v, want %v", c.name, got.EditedAt, c.want)
		}
	}
}
