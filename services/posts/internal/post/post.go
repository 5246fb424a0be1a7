// Package post holds the rules of a post: what it may contain, which states it
// goes through, and what each change tells the others.
package post

import (
	"slices"
	"time"

	"github.com/parution/parution/chassis/fault"
)

// Status is a state in a post's life.
type Status string

// The states.
const (
	Draft     Status = "draft"     // written, not shown
	Scheduled Status = "scheduled" // will be shown at its time
	Published Status = "published" // shown
	Withdrawn Status = "withdrawn" // was shown, is not
	Deleted   Status = "deleted"   // gone for good
)

// Kind is what happened to a post, in the past tense, as its notices say it.
type Kind string

// The kinds.
const (
	KindCreated   Kind = "created"
	KindRevised   Kind = "revised"
	KindScheduled Kind = "scheduled"
	KindHeld      Kind = "held" // no longer scheduled
	KindPublished Kind = "published"
	KindWithdrawn Kind = "withdrawn"
	KindDeleted   Kind = "deleted"
)

// Snapshot is all that is known of a post: the form in which it is stored and
// told.
type Snapshot struct {
	ID         string
	Site       string
	Version    int32
	Status     Status
	Content    Content
	ExternalID string
	// CreatedBy is the principal who may change it beside editors.
	CreatedBy string
	CreatedAt time.Time
	UpdatedAt time.Time
	// EditedAt is when what one reads in the post last changed: title, body, excerpt
	// or cover image. Tags, addresses, dates and states do not count. As long as
	// nothing changed it is when the post was written: CreatedAt, or the date that it
	// came with if that is earlier, for an import edits nothing.
	EditedAt    time.Time
	PublishedAt *time.Time
	// ScheduledFor is when a scheduled post is published.
	ScheduledFor *time.Time
	// WasPublic is true once readers could see it.
	WasPublic bool
}

// Post is a post. It cannot be invalid: its methods decide, change it and
// remember what happened, or return a fault and change nothing. Not safe for
// concurrent use.
type Post struct {
	s    Snapshot
	kind Kind
}

// NewPost is what a post is made from.
type NewPost struct {
	ID, Site, ExternalID, CreatedBy string
	Content                         Content
	// PublishedAt is the date that readers see; nil: when it is published.
	PublishedAt *time.Time
	// Publish shows the post at once.
	Publish bool
}

// New makes a post of version 1. Faults: Invalid, TooLarge with the field.
func New(n NewPost, limits Limits, now time.Time) (*Post, error) {
	content := n.Content.Clean()
	if err := content.Check(limits); err != nil {
		return nil, err
	}
	if err := checkDate(n.PublishedAt); err != nil {
		return nil, err
	}
	if len(n.ExternalID) > limits.ExternalIDBytes {
		return nil, fault.Invalid("external_id", "has %d bytes; at most %d", len(n.ExternalID), limits.ExternalIDBytes)
	}
	p := &Post{kind: KindCreated, s: Snapshot{
		ID: n.ID, Site: n.Site, Version: 1, Status: Draft, Content: content, ExternalID: n.ExternalID,
		CreatedBy: n.CreatedBy, CreatedAt: now, UpdatedAt: now, EditedAt: now, PublishedAt: n.PublishedAt,
	}}
	if n.PublishedAt != nil && n.PublishedAt.Before(now) {
		p.s.EditedAt = *n.PublishedAt
	}
	if n.Publish {
		if err := p.Publish(now); err != nil {
			return nil, err
		}
		p.s.Version = 1 // one change, not two
	}
	return p, nil
}

// Restore makes a post from what was stored.
func Restore(s Snapshot) *Post { return &Post{s: s} }

// Snapshot is the post's present state.
func (p *Post) Snapshot() Snapshot { return p.s }

// Happened is what the last change was; empty if nothing changed.
func (p *Post) Happened() Kind { return p.kind }

// EditableBy tells whether subject, who may be an editor, may change the post.
func (p *Post) EditableBy(subject string, editor bool) bool {
	return editor || subject != "" && p.s.CreatedBy == subject
}

// Expect refuses a change that was made on another version; 0 means any.
func (p *Post) Expect(version int32) error {
	if version != 0 && version != p.s.Version {
		return fault.Stale("the post is at version %d, not %d", p.s.Version, version)
	}
	return nil
}

// Revise gives the post new content. Equal content changes nothing.
func (p *Post) Revise(c Content, publishedAt *time.Time, limits Limits, now time.Time) error {
	if p.s.Status == Deleted {
		return gone()
	}
	c = c.Clean()
	if err := c.Check(limits); err != nil {
		return err
	}
	if err := checkDate(publishedAt); err != nil {
		return err
	}
	if p.s.Status == Published && (publishedAt == nil || publishedAt.After(now)) {
		return fault.Invalid("published_at", "of a published post must be in the past")
	}
	if c.Equal(p.s.Content) && sameTime(publishedAt, p.s.PublishedAt) {
		return nil
	}
	if c.reads() != p.s.Content.reads() {
		p.s.EditedAt = now
	}
	p.s.Content, p.s.PublishedAt = c, publishedAt
	p.happen(KindRevised, now)
	return nil
}

// Publish shows the post to readers. A published post stays as it is.
func (p *Post) Publish(now time.Time) error {
	switch p.s.Status {
	case Published:
		return nil
	case Deleted:
		return gone()
	case Draft, Scheduled, Withdrawn:
	}
	if p.s.PublishedAt != nil && p.s.PublishedAt.After(now) {
		return fault.Invalid("published_at", "is in the future: %s", p.s.PublishedAt.Format(time.RFC3339))
	}
	if p.s.PublishedAt == nil {
		p.s.PublishedAt = &now
	}
	p.s.Status, p.s.WasPublic, p.s.ScheduledFor = Published, true, nil
	p.happen(KindPublished, now)
	return nil
}

// farthest is how long ahead a post may be scheduled.
const farthest = 10 * 366 * 24 * time.Hour

// Schedule has the post published at a moment to come.
func (p *Post) Schedule(at, now time.Time) error {
	switch p.s.Status {
	case Published:
		return fault.Conflict("the post is published already")
	case Deleted:
		return gone()
	case Draft, Scheduled, Withdrawn:
	}
	if !at.After(now) {
		return fault.Invalid("at", "is in the past: %s", at.Format(time.RFC3339))
	}
	if at.Sub(now) > farthest {
		return fault.Invalid("at", "is more than ten years ahead")
	}
	if p.s.Status == Scheduled && sameTime(p.s.ScheduledFor, &at) {
		return nil
	}
	p.s.Status, p.s.ScheduledFor = Scheduled, &at
	p.happen(KindScheduled, now)
	return nil
}

// PublishDue publishes a scheduled post whose moment has come; any other post
// stays as it is. Readers see the moment that was promised.
func (p *Post) PublishDue(now time.Time) error {
	if p.s.Status != Scheduled || p.s.ScheduledFor.After(now) {
		return nil
	}
	if p.s.PublishedAt == nil || p.s.PublishedAt.After(*p.s.ScheduledFor) {
		p.s.PublishedAt = p.s.ScheduledFor
	}
	return p.Publish(now)
}

// Withdraw takes the post away from readers. A withdrawn post stays as it is.
func (p *Post) Withdraw(now time.Time) error {
	switch p.s.Status {
	case Withdrawn:
		return nil
	case Deleted:
		return gone()
	case Draft:
		return fault.Conflict("a draft cannot be withdrawn: readers do not see it")
	case Scheduled:
		p.s.Status, p.s.ScheduledFor = Draft, nil
		if p.s.WasPublic {
			p.s.Status = Withdrawn
		}
		p.happen(KindHeld, now)
		return nil
	case Published:
	}
	p.s.Status = Withdrawn
	p.happen(KindWithdrawn, now)
	return nil
}

// Delete removes the post for good: its content is forgotten, its addresses stay known.
func (p *Post) Delete(now time.Time) error {
	if p.s.Status == Deleted {
		return gone()
	}
	c := p.s.Content
	p.s.Status, p.s.ScheduledFor = Deleted, nil
	p.s.Content = Content{Slug: c.Slug, Aliases: c.Aliases, Format: c.Format, Language: c.Language}
	p.happen(KindDeleted, now)
	return nil
}

// happen counts a change.
func (p *Post) happen(kind Kind, now time.Time) {
	p.kind = kind
	p.s.Version++
	p.s.UpdatedAt = now
}

func gone() error { return fault.NotFound("the post was deleted") }

// earliest is where dates begin that a calendar on a page makes sense of.
const earliest = 1000

func checkDate(t *time.Time) error {
	if t != nil && (t.Year() < earliest || t.Year() > 9999) {
		return fault.Invalid("published_at", "is in the year %d; must be between %d and 9999", t.Year(), earliest)
	}
	return nil
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// Public tells whether readers see the post.
func (s Snapshot) Public() bool { return s.Status == Published }

// SortAt is the time that lists go by.
func (s Snapshot) SortAt() time.Time {
	if s.PublishedAt != nil {
		return *s.PublishedAt
	}
	return s.CreatedAt
}

// Statuses lists what a list may be filtered by.
func Statuses() []string {
	return []string{string(Draft), string(Scheduled), string(Published), string(Withdrawn)}
}

// KnownStatus tells whether s is one of Statuses.
func KnownStatus(s string) bool { return slices.Contains(Statuses(), s) }

// SetSlug gives a post that has none its address; only before it is stored.
func (p *Post) SetSlug(s string) { p.s.Content.Slug = s }
