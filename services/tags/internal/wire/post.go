package wire

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/tags/internal/entry"
)

// Edition grows by one whenever another text or other keywords are made of the same
// post: the index is made anew then.
const Edition = 2

// Post is a post's state as its owner tells it.
func Post(s *postsv1.PostState) entry.Post {
	out := entry.Post{ID: s.GetId(), Site: s.GetSite(), Version: s.GetVersion()}
	p := s.GetPost()
	if p == nil {
		return out
	}
	out.Public, out.Slug, out.Title, out.Language = true, p.GetSlug(), p.GetTitle(), p.GetLanguage()
	out.TagNames, out.Authors = p.GetTags(), p.GetAuthors()
	out.PublishedAt = p.GetPublishedAt().AsTime().Truncate(time.Microsecond) // what both databases keep
	out.Text = Text(p)
	if text, err := json.Marshal(out.Text); err == nil { // strings always marshal
		sum := sha256.Sum256(text)
		out.TextHash = base64.RawURLEncoding.EncodeToString(sum[:12])
	}
	out.Keywords = Keywords(out.Text)
	return out
}
