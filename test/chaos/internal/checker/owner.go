package checker

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/test/chaos/internal/journal"
)

// Window is a span of time.
type Window struct{ From, To time.Time }

// overlaps tells whether something that began and ended then may have been in it.
func (w Window) overlaps(began, ended time.Time) bool {
	return ended.After(w.From) && began.Before(w.To)
}

// History is what authors asked for, and what an owner's database may have lost
// because it was set back: what was acknowledged in such a window may be gone.
type History struct {
	Ops  []journal.Op
	Lost []Window

	byPost map[string][]journal.Op
}

// NewHistory works ops up.
func NewHistory(ops []journal.Op, lost ...Window) *History {
	h := &History{Ops: slices.Clone(ops), Lost: lost, byPost: make(map[string][]journal.Op)}
	for i, op := range h.Ops {
		for _, w := range lost {
			if op.Outcome == journal.OK && w.overlaps(op.Sent, op.Answered) {
				h.Ops[i].Outcome = journal.Unknown
			}
		}
		if op.Post != "" {
			h.byPost[op.Post] = append(h.byPost[op.Post], h.Ops[i])
		}
	}
	return h
}

// about is the end of what is known of a post, for people.
func (h *History) about(s *State, post string) []string {
	const most = 14
	type line struct {
		at   time.Time
		text string
	}
	var lines []line
	for _, op := range h.byPost[post] {
		lines = append(lines, line{op.Sent, fmt.Sprintf("%s op %d %s on %d → %s %d version %d (%d attempts) %s",
			op.Sent.Format("15:04:05.000"), op.N, op.Kind, op.Expected, op.Outcome, op.Status, op.Version, op.Attempts, op.Mark)})
	}
	for _, n := range s.Outbox[Posts] {
		if n.Aggregate == post {
			lines = append(lines, line{n.At, fmt.Sprintf("%s outbox version %d %s at (%d, %d)", n.At.Format("15:04:05.000"), n.Version, n.Kind, n.Epoch, n.Pos)})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	var out []string
	for _, l := range lines[max(0, len(lines)-most):] {
		out = append(out, l.text)
	}
	return out
}

// kinds are what the owner may call an operation's effect.
func kinds(op journal.Op) []string {
	switch op.Kind {
	case journal.Create:
		if op.Publish {
			return []string{"published"}
		}
		return []string{"created"}
	case journal.Revise, journal.Tag:
		return []string{"revised"}
	case journal.Publish:
		return []string{"published"}
	case journal.Withdraw:
		return []string{"withdrawn", "held"}
	case journal.Schedule:
		return []string{"scheduled"}
	case journal.Delete:
		return []string{"deleted"}
	case journal.Site, journal.Rename, journal.Merge, journal.Undo:
	}
	return nil
}

// late is how much after its time a scheduled post may be published: what the
// scheduler waits after a failure, and a start.
const late = 10 * time.Second

// checkOwner holds the owner's database against what was asked for.
func checkOwner(f *Findings, s *State, h *History, now time.Time) {
	created := make(map[string][]string) // mark → posts whose first text has it
	chains := make(map[string][]Notice)
	for _, n := range s.Outbox[Posts] {
		if n.Type == "post" {
			chains[n.Aggregate] = append(chains[n.Aggregate], n)
		}
	}
	for id, revisions := range s.Revisions {
		if r, ok := revisions[1]; ok {
			created[markOf(r.Body)] = append(created[markOf(r.Body)], id)
		}
	}
	for _, op := range h.Ops {
		switch {
		case op.Operation != "":
			if op.Outcome == journal.OK && !s.Operations[op.Operation] {
				f.Add(I1, Tags, "", "op %d (%s of %s) was acknowledged as %s, which is not there", op.N, op.Kind, op.Of, op.Operation)
			}
		case op.Kind == journal.Create && len(created[op.Mark]) > 1:
			f.Add(I6, Posts, created[op.Mark][0], "one request (op %d, %s) made %d posts", op.N, op.Mark, len(created[op.Mark]))
		case op.Kind == journal.Create && op.Outcome == journal.Fail && len(created[op.Mark]) > 0:
			f.Add(I6, Posts, created[op.Mark][0], "the refused request op %d made a post", op.N)
		case op.Kind != journal.Site && op.Outcome == journal.OK && op.Post != "":
			if _, ok := s.Posts[op.Post]; !ok {
				f.Add(I1, Posts, op.Post, "the acknowledged %s (op %d) is of a post that is not there", op.Kind, op.N)
			}
		}
	}
	for id, p := range s.Posts {
		c := chain{f: f, s: s, h: h, post: p, ops: slices.Clone(h.byPost[id])}
		for _, op := range h.Ops {
			if op.Kind == journal.Create && op.Post == "" && op.Outcome == journal.Unknown && slices.Contains(created[op.Mark], id) {
				c.ops = append(c.ops, op)
			}
		}
		c.check(chains[id])
		if p.Status == "scheduled" && now.Sub(p.ScheduledFor) > late {
			f.Add(I1, Posts, id, "was to be published at %s and is not", p.ScheduledFor.Format(time.RFC3339Nano))
		}
	}
}

// markOf is the mark in a text.
func markOf(body string) string {
	_, rest, ok := strings.Cut(body, "The text of ")
	if !ok {
		return ""
	}
	mark, _, _ := strings.Cut(rest, " ")
	return mark
}

// chain follows a post from version to version: each must be what somebody
// asked for, and what was acknowledged must be there.
type chain struct {
	f    *Findings
	s    *State
	h    *History
	post Post
	ops  []journal.Op

	title, mark string
	tags        []string
	status      string
	public      bool
	due         time.Time
}

func (c *chain) add(inv Invariant, format string, args ...any) {
	c.f.Add(inv, Posts, c.post.ID, format, args...)
}

func (c *chain) check(rows []Notice) {
	slices.SortFunc(rows, func(a, b Notice) int { return cmp.Compare(a.Version, b.Version) })
	for i, n := range rows {
		if want := int32(i + 1); n.Version != want {
			c.add(I1, "the outbox has version %d where %d is next", n.Version, want)
			return
		}
		c.step(n)
	}
	switch last := int32(len(rows)); {
	case c.post.Version > last:
		c.add(I1, "is at version %d, the outbox ends with %d", c.post.Version, last)
	case c.post.Version < last:
		c.add(I1, "is at version %d, though %d was told", c.post.Version, last)
	}
	for _, op := range c.ops {
		if op.Outcome != journal.OK || op.Version == op.Expected {
			continue // it changed nothing
		}
		if int(op.Version) > len(rows) {
			c.add(I1, "the acknowledged %s (op %d) made version %d, the post has %d", op.Kind, op.N, op.Version, len(rows))
		}
	}
	c.compare()
}

// step takes one version: who asked for it, and what it makes of the post.
func (c *chain) step(n Notice) {
	var by *journal.Op
	for i, op := range c.ops {
		if op.Outcome == journal.OK && op.Version == n.Version && op.Version != op.Expected {
			if by != nil {
				c.add(I6, "version %d was acknowledged to op %d and to op %d", n.Version, by.N, op.N)
			}
			if !slices.Contains(kinds(op), n.Kind) {
				c.add(I1, "version %d is %q, acknowledged as the %s of op %d", n.Version, n.Kind, op.Kind, op.N)
			}
			by = &c.ops[i]
		}
	}
	for i, op := range c.ops {
		if by == nil && op.Outcome == journal.Unknown && op.Expected == n.Version-1 && slices.Contains(kinds(op), n.Kind) && c.wrote(op, n.Version) {
			by = &c.ops[i]
		}
	}
	scheduled := by == nil && n.Kind == "published" && c.status == "scheduled"
	switch {
	case by != nil && !c.wrote(*by, n.Version):
		c.add(I1, "version %d does not hold what op %d wrote (%s %v)", n.Version, by.N, by.Mark, by.Tags)
	case scheduled && n.At.Add(time.Second).Before(c.due):
		c.add(I6, "was published at %s, though it was scheduled for %s", n.At, c.due)
	case by == nil && !scheduled:
		c.add(I6, "version %d (%s) is what nobody asked for%s", n.Version, n.Kind, c.refused(n))
	}
	c.take(n, by)
}

// refused names an operation that had no right to have this effect.
func (c *chain) refused(n Notice) string {
	for _, op := range c.ops {
		if op.Outcome == journal.Fail && op.Expected == n.Version-1 && slices.Contains(kinds(op), n.Kind) {
			return fmt.Sprintf(", unless it is op %d, which was refused", op.N)
		}
	}
	return ""
}

// wrote tells whether the revision of a version holds an operation's text. A
// deleted post has none any more.
func (c *chain) wrote(op journal.Op, version int32) bool {
	r, ok := c.s.Revisions[c.post.ID][version]
	if op.Mark == "" && op.Kind != journal.Tag {
		return true
	}
	if !ok {
		return c.post.Status == "deleted"
	}
	return (op.Mark == "" || markOf(r.Body) == op.Mark) && (op.Title == "" || r.Title == op.Title) &&
		(op.Kind == journal.Revise || sameTags(r.Tags, op.Tags))
}

// take makes the change of n, asked for by by, which may be nil.
func (c *chain) take(n Notice, by *journal.Op) {
	switch n.Kind {
	case "created":
		c.status = "draft"
	case "published":
		c.status, c.public = "published", true
	case "withdrawn":
		c.status = "withdrawn"
	case "held":
		c.status = "draft"
		if c.public {
			c.status = "withdrawn"
		}
	case "scheduled":
		c.status, c.due = "scheduled", time.Time{}
		if by != nil {
			c.due = by.At
		}
	case "deleted":
		c.status = "deleted"
	}
	if by == nil {
		return
	}
	if by.Title != "" {
		c.title = by.Title
	}
	if by.Mark != "" {
		c.mark = by.Mark
	}
	if by.Kind == journal.Tag || by.Kind == journal.Create {
		c.tags = by.Tags
	}
}

// compare holds the post's row against what its changes come to.
func (c *chain) compare() {
	p := c.post
	if p.Status != c.status || p.WasPublic != c.public {
		c.add(I1, "is %q (public once: %t), its changes come to %q (%t)", p.Status, p.WasPublic, c.status, c.public)
		return
	}
	if p.Status == "deleted" {
		if p.Title != "" || p.Body != "" {
			c.add(I4, "is deleted and still has its text")
		}
		return
	}
	if p.Title != c.title || markOf(p.Body) != c.mark || !sameTags(p.Tags, c.tags) {
		c.add(I1, "is %q with %s and tags %q, its changes come to %q with %s and %q", p.Title, markOf(p.Body), p.Tags, c.title, c.mark, c.tags)
	}
}

// sameTags compares lists; none is as good as an empty one.
func sameTags(a, b []string) bool { return len(a)+len(b) == 0 || slices.Equal(a, b) }
