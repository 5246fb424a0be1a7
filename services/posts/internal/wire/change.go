package wire

import (
	"fmt"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

// Change is a notice as those outside get it.
func Change(n *eventsv1.Notice) (*postsv1.Change, error) {
	out := &postsv1.Change{
		Id: n.GetId(), Type: n.GetAggregateType(), AggregateId: n.GetAggregateId(), Version: n.GetVersion(), Epoch: n.GetEpoch(),
		Position: n.GetPos(), Kind: n.GetKind(), OccurredAt: n.GetOccurredAt(),
	}
	if !n.GetFacts().MessageIs((*postsv1.PostFacts)(nil)) {
		return out, nil
	}
	facts := &postsv1.PostFacts{}
	if err := n.GetFacts().UnmarshalTo(facts); err != nil {
		return nil, fmt.Errorf("read the facts of notice %s: %w", n.GetId(), err)
	}
	if facts.GetSlug() == "" { // every post that is public has a slug
		return out, nil
	}
	out.Facts = &postsv1.ChangeFacts{
		Slug: facts.GetSlug(), Title: facts.GetTitle(), Language: facts.GetLanguage(), Tags: facts.GetTags(), PublishedAt: facts.GetPublishedAt(),
	}
	return out, nil
}
