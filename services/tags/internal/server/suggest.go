package server

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
	"github.com/parution/parution/services/tags/internal/wire"
)

const (
	usualSuggested = 5
	maxSuggested   = 10
	maxTyped       = 100
	usualProposed  = 10
	maxProposed    = 30
	maxSourceBytes = 1 << 20
	// formsOfOne is how many words are read for each that is suggested: others are forms
	// of these.
	formsOfOne = 3
)

// Suggest implements tagsv1.TagsServiceServer.
func (s *Server) Suggest(ctx context.Context, r *tagsv1.SuggestRequest) (*tagsv1.SuggestResponse, error) {
	site, err := siteOf(ctx, r.GetSite())
	if err != nil {
		return nil, err
	}
	size := int(r.GetSize())
	switch {
	case size < 0 || size > maxSuggested:
		return nil, fault.Invalid("size", "is %d; must be 1 to %d", size, maxSuggested)
	case size == 0:
		size = usualSuggested
	}
	if n := utf8.RuneCountInString(r.GetQ()); n > maxTyped {
		return nil, fault.Invalid("q", "has %d characters; at most %d", n, maxTyped)
	}
	out := &tagsv1.SuggestResponse{}
	typed := strings.ToValidUTF8(strings.TrimLeft(r.GetQ(), " \t\u00a0"), "")
	if typed == "" {
		return out, nil
	}
	done, err := s.reading.ask(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	list, _ := s.reading.Memory.Tags(index.Listing{Site: site, MostFirst: true, Prefix: typed, Size: size})
	// With their names in all languages: who shows them knows in which.
	if out.Tags, err = s.tags(ctx, site, list[:min(len(list), size)], false); err != nil {
		return nil, err
	}
	if out.Queries, err = s.completed(ctx, site, typed, size, out.GetTags()); err != nil {
		return nil, err
	}
	node, problem := query.Parse(typed, "")
	if problem != nil || node == nil {
		return out, nil // it is not finished
	}
	terms := query.Terms(node)
	parts := make([]query.Node, len(terms))
	for i, n := range terms {
		switch n := n.(type) {
		case query.Word:
			n.In = query.InTitle
			parts[i] = n
		case query.Phrase:
			n.In = query.InTitle
			parts[i] = n
		}
	}
	if len(parts) == 0 {
		return out, nil
	}
	found, err := s.reading.Memory.Ask(ctx, index.Question{Site: site, Asks: text.Refine(query.And{Parts: parts}), Terms: parts, Order: index.Best, Size: size})
	if err != nil {
		return nil, err
	}
	out.Posts, err = s.shown(ctx, search{Question: index.Question{Terms: parts}}, found.Posts)
	return out, err
}

// completed are queries that go on from what is typed: its last word finished. Of forms
// of one word, which find the same, there is the most frequent only; and none that is the
// name of a tag that is suggested beside it.
func (s *Server) completed(ctx context.Context, site, typed string, size int, beside []*tagsv1.Tag) ([]string, error) {
	cut := strings.LastIndexAny(typed, " \u00a0'’(\"«") + 1
	for cut > 0 && cut < len(typed) && !utf8.RuneStart(typed[cut]) {
		cut++
	}
	last := typed[cut:]
	if last == "" || strings.ContainsAny(last, ":-") {
		return nil, nil
	}
	texts, err := s.reading.Texts.Of(site)
	if err != nil {
		return nil, err
	}
	words, err := texts.Complete(ctx, last, formsOfOne*size)
	if err != nil {
		return nil, err
	}
	kept, named := make([]text.Name, 0, size), namesOf(beside)
	out := make([]string, 0, size)
	for _, w := range words {
		if len(out) == size {
			break
		}
		one, whole := text.NameOf(w), text.NameOf(typed[:cut]+w)
		if slices.ContainsFunc(kept, one.Alike) || slices.ContainsFunc(named, whole.Alike) || isElided(w, words) {
			continue
		}
		if q, ok := query.Closed(typed[:cut] + w); ok { // who takes it finds something
			kept, out = append(kept, one), append(out, q)
		}
	}
	return out, nil
}

// namesOf are the names of tags in all languages.
func namesOf(list []*tagsv1.Tag) []text.Name {
	var out []text.Name
	for _, t := range list {
		out = append(out, text.NameOf(t.GetName()))
		for _, name := range t.GetNames() {
			out = append(out, text.NameOf(name))
		}
	}
	return out
}

// isElided tells of what stands before an apostrophe in one of some words, and nowhere
// else: the "aujourd" of "aujourd'hui".
func isElided(w string, words []string) bool {
	return slices.ContainsFunc(words, func(other string) bool {
		rest, ok := strings.CutPrefix(other, w)
		return ok && (strings.HasPrefix(rest, "'") || strings.HasPrefix(rest, "’"))
	})
}

// SuggestTags implements tagsv1.TagsServiceServer.
func (s *Server) SuggestTags(ctx context.Context, r *tagsv1.SuggestTagsRequest) (*tagsv1.SuggestTagsResponse, error) {
	size := int(r.GetSize())
	switch {
	case size < 0 || size > maxProposed:
		return nil, fault.Invalid("size", "is %d; must be 1 to %d", size, maxProposed)
	case size == 0:
		size = usualProposed
	case len(r.GetBody()) > maxSourceBytes:
		return nil, fault.Invalid("body", "has %d bytes; at most %d", len(r.GetBody()), maxSourceBytes)
	}
	site := identity.From(ctx).Site
	done, err := s.reading.ask(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	source := wire.Text(&postsv1.Post{Title: r.GetTitle(), Body: r.GetBody(), Format: r.GetFormat()})
	list, err := s.reading.Memory.ProposeTags(ctx, site, r.GetLanguage(), source, r.GetTags(), size)
	if err != nil {
		return nil, err
	}
	out := &tagsv1.SuggestTagsResponse{}
	for _, t := range list {
		out.Tags = append(out.Tags, &tagsv1.Tag{Id: t.ID, Slug: t.Slug, Name: t.Name, Count: int32(t.Posts)}) //nolint:gosec // below 2^31
	}
	return out, nil
}
