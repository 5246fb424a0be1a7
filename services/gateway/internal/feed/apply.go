package feed

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	"github.com/parution/parution/services/gateway/internal/cache"
)

// apply tells the cache of n and answers when the change was committed if pages
// depend on it. It may be applied again, and late.
func (f *Feed) apply(ctx context.Context, n *eventsv1.Notice) (caused time.Time) {
	if n.GetOwner() == postsOwner {
		f.raise(ctx, n)
		return caused
	}
	var facts renderv1.PressFacts
	if err := n.GetFacts().UnmarshalTo(&facts); err != nil {
		// Something changed that this version cannot name.
		f.distrust(ctx, "a notice could not be read")
		return caused
	}
	post := cache.Version{
		Post: facts.GetPost().GetId(), Epoch: facts.GetPost().GetEpoch(), Version: facts.GetPost().GetVersion(), Gone: facts.GetPost().GetGone(),
	}
	dropped := f.deps.Cache.Drop(n.GetSite(), facts.GetKeys(), post)
	trace.SpanFromContext(ctx).SetAttributes(attribute.Int("parution.pages_dropped", dropped), attribute.StringSlice("parution.keys", facts.GetKeys()))
	if at := facts.GetCausedAt(); at.IsValid() {
		caused = at.AsTime()
	}
	return caused
}

// raise tells the cache where a post is. A change that leaves a post where
// readers cannot see it says nothing: whether it is gone is known by what took it away.
func (f *Feed) raise(ctx context.Context, n *eventsv1.Notice) {
	if n.GetAggregateType() != "post" {
		return
	}
	v := cache.Version{Post: n.GetAggregateId(), Epoch: n.GetEpoch(), Version: n.GetVersion()}
	switch n.GetKind() {
	case "withdrawn", "deleted":
		v.Gone = true
	default:
		var facts postsv1.PostFacts
		if err := n.GetFacts().UnmarshalTo(&facts); err != nil || facts.GetSlug() == "" {
			return
		}
	}
	dropped := f.deps.Cache.Raise(n.GetSite(), v)
	trace.SpanFromContext(ctx).SetAttributes(attribute.Int("parution.pages_dropped", dropped))
}
