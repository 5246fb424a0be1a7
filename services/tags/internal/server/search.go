package server

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/paging"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
)

// maxSkip bounds how many posts can be left out, and how far pages go by score.
const maxSkip = 10_000

// messages is the language of messages to who does not ask for another: programs get all
// of theirs in it.
const messages = "en"

// search is a question with what its answer shows.
type search struct {
	index.Question

	// asked is the query as it was typed, without filters; filters make its page tokens.
	asked   query.Node
	filters []string
	posts   []postVersion
}

// Search implements tagsv1.TagsServiceServer.
func (s *Server) Search(ctx context.Context, r *tagsv1.SearchRequest) (*tagsv1.SearchResponse, error) {
	site, err := siteOf(ctx, r.GetSite())
	if err != nil {
		return nil, err
	}
	q, problem, err := s.read(ctx, site, r)
	switch {
	case err != nil:
		return nil, err
	case problem != nil && identity.From(ctx).Role == identity.Service:
		return &tagsv1.SearchResponse{Problem: wireProblem(problem), Position: position(s.reading.Memory.Position())}, nil
	case problem != nil:
		return nil, refused("q", "", problem)
	}
	behind, err := s.reading.await(ctx, q.posts, r.GetPosition())
	if err != nil {
		return nil, err
	}
	done, err := s.reading.ask(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	found, err := s.reading.Memory.Ask(ctx, q.Question)
	if err != nil {
		return nil, err
	}
	out := &tagsv1.SearchResponse{
		Total: int32(found.Total), Facets: s.reading.facets(site, found.Tags, q.Internal), Authors: wireFacets(found.Authors), //nolint:gosec // below 2^31
		Languages: languageFacets(found.Languages, r.GetInterfaceLanguage()), Years: wireFacets(found.Years), Position: position(found.Position), Ignored: found.Ignored, Behind: behind,
	}
	if found.Next != nil && found.Next.Rank <= maxSkip {
		if out.NextPageToken, err = paging.Token(found.Next, q.filters...); err != nil {
			return nil, err
		}
	}
	if out.Posts, err = s.shown(ctx, q, found.Posts); err != nil {
		return nil, err
	}
	if found.Total == 0 && q.asked != nil {
		if err := s.meant(ctx, q, r, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// shown are the posts of a page with the passages that answer.
func (s *Server) shown(ctx context.Context, q search, places []index.Place) ([]*tagsv1.TaggedPost, error) {
	numbers := make([]uint32, len(places))
	for i, p := range places {
		numbers[i] = p.Number
	}
	found, err := s.reading.Pages.Sources(ctx, numbers)
	if err != nil {
		return nil, err
	}
	out, passages := make([]*tagsv1.TaggedPost, 0, len(places)), text.NewCutter(q.Terms)
	for _, n := range numbers {
		f, ok := found[n]
		if !ok {
			continue // withdrawn this moment
		}
		p := tagged(f.Entry, q.Internal)
		passage := passages.Cut(f.Text, f.Language)
		p.TitleHtml, p.SnippetHtml = passage.TitleHTML, passage.SnippetHTML
		out = append(out, p)
	}
	return out, nil
}

// meant says what was probably meant, if that finds something.
func (s *Server) meant(ctx context.Context, q search, r *tagsv1.SearchRequest, out *tagsv1.SearchResponse) error {
	texts, err := s.reading.Texts.Of(q.Site)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, waiting)
	defer cancel()
	changes, err := text.Improve(limited, texts, q.asked)
	changes = append(changes, s.reading.Memory.Meant(limited, q.Site, q.asked)...)
	if err != nil || len(changes) == 0 {
		return ctx.Err() // an answer without a proposal is one too
	}
	slices.SortFunc(changes, func(a, b query.Change) int { return cmp.Compare(a.Offset, b.Offset) })
	plain, marked := query.Rewrite(r.GetQ(), changes)
	better, problem := query.Parse(plain, "")
	if problem != nil {
		return nil
	}
	again, nodes := q.Question, q.Asks
	if and, ok := nodes.(query.And); ok && len(and.Parts) > 1 {
		nodes = query.And{Parts: append([]query.Node{text.Refine(better)}, and.Parts[1:]...)}
	} else {
		nodes = query.And{Parts: []query.Node{text.Refine(better)}}
	}
	again.Asks, again.Order, again.Size, again.Facets = nodes, index.Newest, 0, false
	found, err := s.reading.Memory.Ask(limited, again)
	if err == nil && found.Total > 0 {
		out.DidYouMean, out.DidYouMeanHtml = plain, marked
	}
	return ctx.Err()
}

// read makes a question of a request.
func (s *Server) read(ctx context.Context, site string, r *tagsv1.SearchRequest) (search, *query.Problem, error) {
	q := search{Question: index.Question{Site: site, Internal: sees(ctx), Facets: true, Skip: int(r.GetSkip())}}
	size, err := paging.Size(r.GetPageSize(), usualPosts)
	if err != nil {
		return q, nil, err
	}
	q.Size = int(size)
	if q.posts, err = atLeast(r.GetAtLeast()); err != nil {
		return q, nil, err
	}
	parts, err := filters(r)
	if err != nil {
		return q, nil, err
	}
	typed := r.GetQ()
	if r.GetComplete() {
		typed += " "
	}
	asked, problem := query.Parse(typed, cmp.Or(r.GetInterfaceLanguage(), messages))
	if problem != nil {
		return q, problem, nil
	}
	q.asked, q.Terms = asked, query.Terms(asked)
	if asked != nil {
		parts = append([]query.Node{text.Refine(asked)}, parts...)
	}
	if len(parts) > 0 {
		q.Asks = query.And{Parts: parts}
	}
	if err := q.order(r.GetOrder()); err != nil {
		return q, nil, err
	}
	return q, nil, q.page(r)
}

func (q *search) order(asked string) error {
	switch asked {
	case "", "best":
		if len(q.Terms) == 0 {
			q.Order = index.Newest
		}
	case "newest":
		q.Order = index.Newest
	default:
		return fault.Invalid("order", `must be "best" or "newest"`)
	}
	return nil
}

func (q *search) page(r *tagsv1.SearchRequest) error {
	list := func(values []string) string { return strings.Join(values, "\x00") }
	q.filters = []string{
		"search", q.Site, r.GetQ(), list(r.GetTag()), list(r.GetNot()), list(r.GetAny()), list(r.GetAuthor()), list(r.GetLanguage()),
		r.GetSince(), r.GetUntil(), fmt.Sprint(q.Order, r.GetComplete()),
	}
	further, err := paging.Read(r.GetPageToken(), &q.After, q.filters...)
	switch {
	case err != nil:
		return err
	case further && (q.After.Rank < 0 || q.After.Rank > maxSkip || q.Order == index.Newest && q.After.At.IsZero()):
		return forged()
	case further && r.GetSkip() != 0:
		return fault.Invalid("skip", "does not go together with page_token")
	case r.GetSkip() < 0 || r.GetSkip() > maxSkip:
		return fault.Invalid("skip", "is %d; must be 0 to %d", r.GetSkip(), maxSkip)
	}
	return nil
}

// filters are what a request asks for beside its query.
func filters(r *tagsv1.SearchRequest) ([]query.Node, error) {
	if err := bounded("tag", r.GetTag()); err != nil {
		return nil, err
	}
	parts, err := withTags(tagNodes(r.GetTag()), r.GetAny(), r.GetNot())
	if err != nil {
		return nil, err
	}
	for _, list := range []struct {
		field  string
		values []string
		node   func(string) query.Node
	}{
		{"author", r.GetAuthor(), func(v string) query.Node { return query.Author{Name: v} }},
		{"language", r.GetLanguage(), func(v string) query.Node { return query.Language{Tag: v} }},
	} {
		if err := bounded(list.field, list.values); err != nil {
			return nil, err
		}
		some := make([]query.Node, len(list.values))
		for i, v := range list.values {
			some[i] = list.node(v)
		}
		if len(some) > 0 {
			parts = append(parts, query.Or{Parts: some})
		}
	}
	var dates query.Published
	if dates.Since, err = day("since", r.GetSince()); err != nil {
		return nil, err
	}
	if dates.Until, err = day("until", r.GetUntil()); err != nil {
		return nil, err
	}
	if !dates.Since.IsZero() || !dates.Until.IsZero() {
		parts = append(parts, dates)
	}
	return parts, nil
}

// day is the first moment of a year, a month or a day.
func day(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{"2006", "2006-01", time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			if t.IsZero() {
				t = t.Add(1) // the first moment of all stands for no bound
			}
			return t, nil
		}
	}
	return time.Time{}, fault.Invalid(field, `must be "2020", "2020-05" or "2020-05-17"`)
}

func wireProblem(p *query.Problem) *tagsv1.QueryProblem {
	return &tagsv1.QueryProblem{Offset: int32(p.Offset), Length: int32(p.Length), Code: string(p.Code), Message: p.Message} //nolint:gosec // places in a text
}

// refused is a problem as programs get it; of says of what it is, if of one of several.
func refused(field, of string, p *query.Problem) error {
	// The message is a sentence of its own: the field is not put before it.
	return fault.New(fault.KindInvalid, of+p.Message, fault.Violation{
		Field: field, Message: p.Message, Code: string(p.Code), Place: &fault.Place{Offset: p.Offset, Length: p.Length},
	})
}

func wireFacets(counts []index.Count) []*tagsv1.Facet {
	out := make([]*tagsv1.Facet, len(counts))
	for i, c := range counts {
		out[i] = &tagsv1.Facet{Value: c.Value, Name: c.Name, Count: int32(c.Posts)} //nolint:gosec // below 2^31
	}
	return out
}

// languageFacets have the names of languages for who asks.
func languageFacets(counts []index.Count, asker string) []*tagsv1.Facet {
	in, err := language.Parse(cmp.Or(asker, messages))
	if err != nil {
		in = language.English
	}
	names := display.Tags(in)
	out := wireFacets(counts)
	for _, f := range out {
		tag, err := language.Parse(f.GetValue())
		if err != nil || names == nil {
			continue
		}
		f.Name = cmp.Or(names.Name(tag), f.GetName())
	}
	return out
}
