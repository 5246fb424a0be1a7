package server

import (
	"context"
	"fmt"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/paging"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/tag"
	"github.com/parution/parution/services/tags/internal/text"
	"github.com/parution/parution/services/tags/internal/wire"
)

const (
	usualOperations = 20
	// maxParts bounds the parts of a split, maxChosen the posts that one names.
	maxParts, maxChosen = 20, 1000
)

// taxonomy is where tags are changed.
type taxonomy interface {
	Operate(ctx context.Context, d tag.Deed) (tag.Outcome, error)
	Undo(ctx context.Context, site, id, by string, at time.Time) (tag.Outcome, error)
	Operation(ctx context.Context, site, id string) (tag.Outcome, error)
	Operations(ctx context.Context, site, slug string, before int64, size int32) ([]tag.Outcome, error)
	TagAt(ctx context.Context, site, slug string) (tag.View, error)
}

// Editing is what changing tags stands on.
type Editing struct {
	Tags taxonomy
	Now  func() time.Time
}

// DescribeTag implements tagsv1.TagsServiceServer.
func (s *Server) DescribeTag(ctx context.Context, r *tagsv1.DescribeTagRequest) (*tagsv1.DescribeTagResponse, error) {
	if r.GetExpectedVersion() == 0 {
		return nil, fault.Unconditional("say which version the change was made on: If-Match: \"version\"")
	}
	patch, err := wire.Patch(r.GetTag(), r.GetUpdateMask().GetPaths())
	if err != nil {
		return nil, err
	}
	op, err := s.operate(ctx, tag.Described, r.GetSlug(), r.GetExpectedVersion(), func(x *tag.Taxonomy, id string) ([]string, error) {
		return []string{id}, x.Describe(id, patch)
	})
	if err != nil {
		return nil, err
	}
	return &tagsv1.DescribeTagResponse{Operation: op}, nil
}

// RenameTag implements tagsv1.TagsServiceServer.
func (s *Server) RenameTag(ctx context.Context, r *tagsv1.RenameTagRequest) (*tagsv1.RenameTagResponse, error) {
	op, err := s.operate(ctx, tag.Renamed, r.GetSlug(), r.GetExpectedVersion(), func(x *tag.Taxonomy, id string) ([]string, error) {
		return []string{id}, x.Rename(id, r.GetName(), r.GetNewSlug())
	})
	if err != nil {
		return nil, err
	}
	return &tagsv1.RenameTagResponse{Operation: op}, nil
}

// MergeTag implements tagsv1.TagsServiceServer.
func (s *Server) MergeTag(ctx context.Context, r *tagsv1.MergeTagRequest) (*tagsv1.MergeTagResponse, error) {
	op, err := s.operate(ctx, tag.Merged, r.GetSlug(), r.GetExpectedVersion(), func(x *tag.Taxonomy, id string) ([]string, error) {
		into := x.At(r.GetInto())
		if into == nil {
			return nil, fault.Invalid("into", "%q is no tag", r.GetInto())
		}
		return []string{into.ID}, x.Merge(id, into.ID)
	})
	if err != nil {
		return nil, err
	}
	return &tagsv1.MergeTagResponse{Operation: op}, nil
}

// SplitTag implements tagsv1.TagsServiceServer.
func (s *Server) SplitTag(ctx context.Context, r *tagsv1.SplitTagRequest) (*tagsv1.SplitTagResponse, error) {
	if n := len(r.GetParts()); n > maxParts {
		return nil, fault.Invalid("parts", "has %d parts; at most %d", n, maxParts)
	}
	who := identity.From(ctx)
	parts, posts, all := make([]tag.Part, len(r.GetParts())), make([][]string, len(r.GetParts())), true
	for i, p := range r.GetParts() {
		parts[i] = tag.Part{Name: p.GetName(), Aliases: p.GetAliases(), ID: ids.New()}
		if n := len(p.GetPosts()); n > maxChosen {
			return nil, fault.Invalid("parts", "has a part with %d posts; at most %d", n, maxChosen)
		}
		for _, id := range p.GetPosts() {
			if !ids.Valid(id) {
				return nil, parts[i].Refused(": %q is no id of a post", id)
			}
		}
		posts[i] = p.GetPosts()
		if p.GetQ() != "" {
			found, err := s.found(ctx, who.Site, r.GetSlug(), p)
			if err != nil {
				return nil, err
			}
			posts[i] = append(found, p.GetPosts()...)
			if len(posts[i])+len(p.GetAliases()) == 0 {
				return nil, parts[i].Refused(" would have no posts: no post of the tag is found by %q", p.GetQ())
			}
		}
		all = all && p.GetQ() == "" && len(p.GetPosts()) == 0 && len(p.GetAliases()) == 0
	}
	d := s.deed(ctx, tag.Split, r.GetSlug(), r.GetExpectedVersion(), func(x *tag.Taxonomy, id string) ([]string, error) {
		into, err := x.Split(id, parts, all)
		for i := range into {
			if !all && into[i] != id && len(posts[i])+len(parts[i].Aliases) == 0 {
				return nil, parts[i].Refused(" would have no posts: say which go there")
			}
		}
		return into, err
	})
	if !all {
		d.Posts = posts
	}
	op, err := s.editing.Tags.Operate(ctx, d)
	if err != nil {
		return nil, err
	}
	return &tagsv1.SplitTagResponse{Operation: wire.Operation(op.Operation, op.Tags)}, nil
}

// found are the posts that the query of a part finds among those that carry a tag, as the index
// of this replica knows them. Faults: Invalid q.
func (s *Server) found(ctx context.Context, site, slug string, part *tagsv1.SplitTagRequest_Part) ([]string, error) {
	v, err := s.editing.Tags.TagAt(ctx, site, slug)
	if err != nil {
		return nil, err
	}
	// Every word is as meant: a space ends the last one.
	asked, problem := query.Parse(part.GetQ()+" ", messages)
	if problem != nil {
		return nil, refused("parts", fmt.Sprintf("the query of %q: ", part.GetName()), problem)
	}
	asks := []query.Node{query.Tag{Name: v.Slug}}
	if asked != nil {
		asks = append(asks, text.Refine(asked))
	}
	done, err := s.reading.ask(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	found, err := s.reading.Memory.Posts(ctx, index.Question{
		Site: site, Asks: query.And{Parts: asks}, Internal: true,
	})
	if err != nil {
		return nil, err
	}
	return s.reading.Memory.IDs(found), nil
}

// ListTagOperations implements tagsv1.TagsServiceServer.
func (s *Server) ListTagOperations(ctx context.Context, r *tagsv1.ListTagOperationsRequest) (*tagsv1.ListTagOperationsResponse, error) {
	site := identity.From(ctx).Site
	filters := []string{"operations", site, r.GetSlug()}
	size, err := paging.Size(r.GetPageSize(), usualOperations)
	if err != nil {
		return nil, err
	}
	var before int64
	if _, err := paging.Read(r.GetPageToken(), &before, filters...); err != nil {
		return nil, err
	}
	// One more than asked tells whether there is a next page.
	list, err := s.editing.Tags.Operations(ctx, site, r.GetSlug(), max(0, before), size+1)
	if err != nil {
		return nil, err
	}
	out := &tagsv1.ListTagOperationsResponse{}
	if len(list) > int(size) {
		list = list[:size]
		if out.NextPageToken, err = paging.Token(list[size-1].Number, filters...); err != nil {
			return nil, err
		}
	}
	for _, o := range list {
		out.Operations = append(out.Operations, wire.Operation(o.Operation, o.Tags))
	}
	return out, nil
}

// GetTagOperation implements tagsv1.TagsServiceServer.
func (s *Server) GetTagOperation(ctx context.Context, r *tagsv1.GetTagOperationRequest) (*tagsv1.GetTagOperationResponse, error) {
	o, err := s.editing.Tags.Operation(ctx, identity.From(ctx).Site, r.GetId())
	if err != nil {
		return nil, err
	}
	return &tagsv1.GetTagOperationResponse{Operation: wire.Operation(o.Operation, o.Tags)}, nil
}

// UndoTagOperation implements tagsv1.TagsServiceServer.
func (s *Server) UndoTagOperation(ctx context.Context, r *tagsv1.UndoTagOperationRequest) (*tagsv1.UndoTagOperationResponse, error) {
	who := identity.From(ctx)
	o, err := s.editing.Tags.Undo(ctx, who.Site, r.GetId(), who.Name, s.moment())
	if err != nil {
		return nil, err
	}
	return &tagsv1.UndoTagOperationResponse{Operation: wire.Operation(o.Operation, o.Tags)}, nil
}

func (s *Server) operate(
	ctx context.Context, kind tag.Kind, slug string, expected int32, do func(x *tag.Taxonomy, id string) ([]string, error),
) (*tagsv1.TagOperation, error) {
	o, err := s.editing.Tags.Operate(ctx, s.deed(ctx, kind, slug, expected, do))
	if err != nil {
		return nil, err
	}
	return wire.Operation(o.Operation, o.Tags), nil
}

func (s *Server) deed(ctx context.Context, kind tag.Kind, slug string, expected int32, do func(x *tag.Taxonomy, id string) ([]string, error)) tag.Deed {
	who := identity.From(ctx)
	return tag.Deed{Site: who.Site, Slug: slug, Expected: expected, Kind: kind, By: who.Name, At: s.moment(), Do: do}
}

// moment is the time in the precision that is kept.
func (s *Server) moment() time.Time { return s.editing.Now().UTC().Truncate(time.Microsecond) }
