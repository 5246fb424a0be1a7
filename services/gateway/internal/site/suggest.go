package site

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/typography"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/gateway/internal/host"
)

// suggestPath is where what is typed into a search box goes on. Browsers find it in
// the site's OpenSearch description.
const suggestPath = searchPath + "/suggest"

const (
	// maxTyped bounds what is typed so far, in characters.
	maxTyped = 100
	// suggestSize is how many suggestions there are of each kind.
	suggestSize = 5
	// suggestTimeout: who types on does not wait for longer.
	suggestTimeout = time.Second
	// suggestAge is how long browsers may go by an answer.
	suggestAge = "public, max-age=60"
)

// suggestions are in the format of the OpenSearch extension of that name: what was
// typed, and then, side by side, what it may become, what that is, and where it leads.
type suggestions struct {
	typed                      string
	texts, descriptions, links []string
}

func (s *suggestions) add(text, description, link string) {
	if text != "" && !slices.Contains(s.links, link) {
		s.texts, s.descriptions, s.links = append(s.texts, text), append(s.descriptions, description), append(s.links, link)
	}
}

// MarshalJSON implements json.Marshaler.
func (s *suggestions) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{s.typed, list(s.texts), list(s.descriptions), list(s.links)})
}

// list is never null.
func list(l []string) []string { return append([]string{}, l...) }

// suggest answers what is being typed. A box without suggestions is a box that works:
// what goes wrong, or takes too long, is no suggestion.
func (s *Site) suggest(w http.ResponseWriter, r *http.Request, site host.Site) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	_ = err // what cannot be read is as good as not there
	out := &suggestions{typed: tidied(values.Get("q"))}
	keeping := suggestAge
	if out.typed != "" && utf8.RuneCountInString(out.typed) <= maxTyped && !s.complete(r.Context(), site, out) {
		keeping = "no-store"
	}
	body, err := json.Marshal(out)
	if err != nil { // strings always marshal
		body = []byte("[]")
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-suggestions+json; charset=utf-8")
	h.Set("Cache-Control", keeping)
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may have gone
	}
}

// complete asks tags; false if it does not answer.
func (s *Site) complete(ctx context.Context, site host.Site, out *suggestions) bool {
	ctx, cancel := context.WithTimeout(ctx, suggestTimeout)
	defer cancel()
	leave, err := s.searches.Enter(ctx)
	if err != nil {
		return false
	}
	defer leave()
	// Whoever asks, the answer is the same.
	resp, err := s.tags.Suggest(identity.With(ctx, identity.Principal{}), &tagsv1.SuggestRequest{Q: out.typed, Site: site.ID, Size: suggestSize})
	if err != nil {
		s.log.DebugContext(ctx, "nobody goes on from what is typed", "error", err)
		return false
	}
	for _, q := range resp.GetQueries() {
		out.add(q, "", searchPath+"?"+url.Values{"q": {q}}.Encode())
	}
	for _, t := range resp.GetTags() {
		if !t.GetInternal() {
			out.add(nameIn(t, site.Language), "#"+t.GetSlug(), escaped(tagsPath+t.GetSlug()))
		}
	}
	for _, p := range resp.GetPosts() {
		out.add(typography.Text(p.GetTitle(), p.GetLanguage()), "", escaped("/posts/"+p.GetSlug()))
	}
	return true
}

// nameIn is what a tag is called in a language, or in the one that it is a kind of.
func nameIn(t *tagsv1.Tag, language string) string {
	for language != "" {
		for tag, name := range t.GetNames() {
			if strings.EqualFold(tag, language) {
				return name
			}
		}
		language = language[:max(strings.LastIndexByte(language, '-'), 0)]
	}
	return t.GetName()
}

func escaped(path string) string {
	return (&url.URL{Path: "/" + strings.TrimLeft(path, "/")}).EscapedPath()
}
