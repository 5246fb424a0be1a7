package posts_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/parution/parution/chassis/fault"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

// The caption of a post's cover and the key that ties it to its translations.
func TestCaptionAndTranslations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.create(w.ctx, t, &postsv1.CreatePostRequest{
			Title: "Le quai", Image: "/media/a.jpg", ImageAlt: "Un quai", ImageCaption: "  Le quai,\nau matin. ", TranslationKey: " quay ", Status: "published",
		})
		if p.GetImageCaption() != "Le quai, au matin." || p.GetTranslationKey() != "quay" || !p.GetEditedAt().AsTime().Equal(now()) {
			t.Fatalf("created %v", p)
		}
		hash := func() []byte {
			t.Helper()
			out, err := w.BatchGetPosts(w.peer, &postsv1.BatchGetPostsRequest{Ids: []string{p.GetId()}})
			if err != nil || len(out.GetStates()) != 1 {
				t.Fatalf("BatchGetPosts = %v, %v", out, err)
			}
			st := out.GetStates()[0]
			if got := st.GetPost(); got.GetImageCaption() != p.GetImageCaption() || got.GetTranslationKey() != p.GetTranslationKey() || !got.GetEditedAt().AsTime().Equal(now()) {
				t.Errorf("read models get %v, want the caption and key of %v", got, p)
			}
			return st.GetPublicHash()
		}
		first := hash()
		p.ImageCaption = "Le quai, le soir."
		p = w.revise(t, p, "image_caption")
		second := hash()
		p.TranslationKey = "quay-2"
		p = w.revise(t, p, "translation_key")
		if third := hash(); bytes.Equal(first, second) || bytes.Equal(second, third) {
			t.Error("what readers see changed, and yet the public hash is the same")
		}
		rev, err := w.GetRevision(w.ctx, &postsv1.GetRevisionRequest{Id: p.GetId(), Number: 1})
		if err != nil || rev.GetRevision().GetImageCaption() != "Le quai, au matin." {
			t.Errorf("GetRevision(1) = %v, %v; want the first caption", rev, err)
		}
		back, err := w.RevertPost(w.ctx, &postsv1.RevertPostRequest{Id: p.GetId(), Number: 1})
		if err != nil || back.GetPost().GetImageCaption() != "Le quai, au matin." || back.GetPost().GetTranslationKey() != "quay-2" {
			t.Errorf("RevertPost = %v, %v; want the first caption, and the present translations", back, err)
		}
		_, err = w.RevisePost(w.ctx, &postsv1.RevisePostRequest{
			Id: p.GetId(), Post: back.GetPost(), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"edited_at"}}, ExpectedVersion: back.GetPost().GetVersion(),
		})
		wantKind(t, err, fault.KindInvalid, "edited_at")
	})
}
