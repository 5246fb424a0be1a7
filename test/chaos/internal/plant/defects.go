package plant

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/parution/parution/test/chaos/internal/checker"
	"github.com/parution/parution/test/chaos/internal/journal"
)

// defects are all that the checker must find.
func defects() []defect {
	return append(dataDefects(), append(pageDefects(), journalDefects()...)...)
}

func dataDefects() []defect {
	return []defect{
		{name: "a lost notice: the read model misses a post", want: checker.I1, damage: func(v *victim) error {
			id := v.public().ID
			return v.all([]any{checker.Render, "DELETE FROM doc WHERE post_id = ?", id},
				[]any{checker.Render, "DELETE FROM projection_version WHERE aggregate_id = ? AND source = 'posts'", id})
		}},
		{name: "a resurrected post", want: checker.I4, damage: func(v *victim) error {
			return v.exec(checker.Render, "UPDATE doc SET state = 1 WHERE post_id = ?", v.gone().ID)
		}},
		{name: "a skipped guard: an older version in the read model", want: checker.I2, damage: func(v *victim) error {
			return v.exec(checker.Render, "UPDATE doc SET version = version - 1 WHERE post_id = ?", v.revised().ID)
		}},
		{name: "a read model ahead of its owner", want: checker.I2, damage: func(v *victim) error {
			return v.exec(checker.Tags, "UPDATE projection_version SET version = version + 1 WHERE aggregate_id = ?", v.public().ID)
		}},
		{name: "a duplicate effect", want: checker.I6, damage: func(v *victim) error {
			p := v.revised()
			return v.all([]any{checker.Posts, "UPDATE post SET version = version + 1 WHERE id = ?", p.ID},
				[]any{checker.Posts, `INSERT INTO outbox (n, id, site, aggregate_type, aggregate_id, version, kind, public_hash, facts, trace, created_at, epoch, pos, stream_seq)
					SELECT (SELECT max(n) + 1 FROM outbox), 'twice', site, aggregate_type, aggregate_id, version + 1, kind, public_hash, facts, trace, created_at, epoch,
					(SELECT max(pos) + 1 FROM outbox), 1 FROM outbox WHERE aggregate_id = ? AND version = ?`, p.ID, p.Version})
		}},
		{name: "a gap in the positions", want: checker.I9, damage: func(v *victim) error {
			return v.exec(checker.Posts, "UPDATE outbox SET pos = pos + 1 WHERE pos = (SELECT max(pos) FROM outbox)")
		}},
		{name: "a notice that has no place", want: checker.I9, damage: func(v *victim) error {
			return v.exec(checker.Tags, "UPDATE outbox SET pos = NULL, epoch = NULL WHERE pos = (SELECT max(pos) FROM outbox)")
		}},
		{name: "a wrong tag count", want: checker.I3, damage: func(v *victim) error {
			return v.exec(checker.Render, "UPDATE tag SET count = count + 1 WHERE slug = (SELECT min(slug) FROM tag WHERE count > 0)")
		}},
		{name: "a tag that is called otherwise where it is shown", want: checker.I3, damage: func(v *victim) error {
			return v.exec(checker.Tags, "UPDATE tag SET slug = 'elsewhere' WHERE id = (SELECT min(tag_id) FROM entry_tag WHERE found = true)")
		}},
		{name: "a tag that took its own place", want: checker.I3, damage: func(v *victim) error {
			return v.exec(checker.Tags, "UPDATE tag SET moved_to = id WHERE id = (SELECT min(tag_id) FROM entry_tag WHERE found = true)")
		}},
		{name: "a tag that does not lead to its post", want: checker.I3, damage: func(v *victim) error {
			return v.exec(checker.Tags, "DELETE FROM entry_tag WHERE post_id = ?", v.tagged().ID)
		}},
		{name: "a lost acknowledged write", want: checker.I1, damage: func(v *victim) error {
			p := v.revised()
			return v.all([]any{checker.Posts, "UPDATE post SET version = version - 1 WHERE id = ?", p.ID},
				[]any{checker.Posts, "DELETE FROM post_revision WHERE post_id = ? AND number = ?", p.ID, p.Version},
				[]any{checker.Posts, "DELETE FROM outbox WHERE aggregate_id = ? AND version = ?", p.ID, p.Version})
		}},
		{name: "a lost text: the version is there, the words are another's", want: checker.I1, damage: func(v *victim) error {
			return v.exec(checker.Posts, "UPDATE post SET title = 'Another' WHERE id = ?", v.public().ID)
		}},
		{name: "a scheduled post that is never published", want: checker.I1, damage: func(v *victim) error {
			return v.exec(checker.Posts, "UPDATE post SET status = 'scheduled', scheduled_for = '2020-01-01 00:00:00+00:00' WHERE id = ?", v.public().ID)
		}},
		{name: "a dead letter that nobody planted", want: checker.I10, damage: func(v *victim) error {
			return v.exec(checker.Render, `INSERT INTO dead_letter (source, aggregate_type, aggregate_id, site, event_id, epoch, pos, version, kind, occurred_at, attempts, reason, parked_at)
				VALUES ('posts', 'post', ?, 'main', 'e', 1, 1, 1, 'revised', '2020-01-01 00:00:00+00:00', 8, 'planted', '2020-01-01 00:00:00+00:00')`, v.public().ID)
		}},
		{name: "a notice that was never sent", want: checker.I1, damage: func(v *victim) error {
			return v.exec(checker.Render, "UPDATE outbox SET stream_seq = NULL WHERE pos = (SELECT max(pos) FROM outbox)")
		}},
	}
}

func pageDefects() []defect {
	return []defect{
		{name: "a stale page", want: checker.I3, show: func(v *victim, path string, p checker.Page) checker.Page {
			post := v.public()
			if path == "/posts/"+post.Slug {
				p.Body = strings.ReplaceAll(p.Body, post.Title, "An older title")
			}
			return p
		}},
		{name: "a withdrawn post in the feed", want: checker.I4, show: func(v *victim, path string, p checker.Page) checker.Page {
			if path == "/feed.xml" {
				p.Body = strings.Replace(p.Body, "/posts/"+firstIn(p.Body), "/posts/"+v.gone().Slug, 1)
			}
			return p
		}},
		{name: "a withdrawn post that still answers", want: checker.I4, show: func(v *victim, path string, p checker.Page) checker.Page {
			if path == "/posts/"+v.gone().Slug {
				p.Status = 200
			}
			return p
		}},
		{name: "a list in the wrong order", want: checker.I3, show: func(_ *victim, path string, p checker.Page) checker.Page {
			if path == "/page/2" {
				p.Body = swapped(p.Body)
			}
			return p
		}},
		{name: "a search that misses a post", want: checker.I1, show: func(v *victim, path string, p checker.Page) checker.Page {
			if strings.HasPrefix(path, "/api/v1/search?") {
				p.Body = strings.ReplaceAll(p.Body, v.tagged().ID, strings.Repeat("0", 36))
			}
			return p
		}},
		{name: "a search that finds a withdrawn post", want: checker.I4, show: func(v *victim, path string, p checker.Page) checker.Page {
			if strings.HasPrefix(path, "/api/v1/search?") {
				p.Body = strings.ReplaceAll(p.Body, v.public().ID, v.gone().ID)
			}
			return p
		}},
		{name: "a search in the wrong order", want: checker.I3, show: func(_ *victim, path string, p checker.Page) checker.Page {
			if strings.HasPrefix(path, "/api/v1/search?") {
				p.Body = reversed(p.Body)
			}
			return p
		}},
		{name: "a search that counts what is not there", want: checker.I3, show: func(_ *victim, path string, p checker.Page) checker.Page {
			if strings.HasPrefix(path, "/api/v1/search?") {
				p.Body = strings.Replace(p.Body, `"total":`, `"total":1`, 1)
			}
			return p
		}},
		{name: "a published post that no list has", want: checker.I1, show: func(_ *victim, path string, p checker.Page) checker.Page {
			if path == "/" {
				p.Body = shortened(p.Body)
			}
			return p
		}},
	}
}

func journalDefects() []defect {
	return []defect{
		{name: "an author who reads an older version than they wrote", want: checker.I5, tell: func(_ *victim, ops []journal.Op) {
			ops[len(ops)-1].Stale = "GET tells version 1 after version 2 was written"
		}},
		{name: "a refused request with an effect", want: checker.I6, tell: func(_ *victim, ops []journal.Op) {
			for i, op := range ops {
				if op.Kind == journal.Revise && op.Outcome == journal.OK {
					ops[i].Outcome, ops[i].Version = journal.Fail, 0
					return
				}
			}
		}},
		{name: "a scheduled post that is published twice", want: checker.I6, tell: func(v *victim, ops []journal.Op) {
			for i, op := range ops {
				if op.Kind == journal.Schedule && op.Outcome == journal.OK {
					ops[i].At = op.At.AddDate(1, 0, 0) // so it was published before its time
					if _, ok := v.state.Posts[op.Post]; ok && publishedByTime(v, op) {
						return
					}
					ops[i].At = op.At
				}
			}
		}},
	}
}

// publishedByTime tells whether the version after a schedule is its publication.
func publishedByTime(v *victim, op journal.Op) bool {
	for _, n := range v.state.Outbox[checker.Posts] {
		if n.Aggregate == op.Post && n.Version == op.Version+1 {
			return n.Kind == "published"
		}
	}
	return false
}

// firstIn is the slug of the first post that a feed has.
func firstIn(body string) string {
	_, rest, _ := strings.Cut(body, "<item>")
	_, rest, _ = strings.Cut(rest, "/posts/")
	slug, _, _ := strings.Cut(rest, "<")
	return slug
}

// reversed has the posts that a search found the other way round.
func reversed(body string) string {
	var all map[string]json.RawMessage
	var posts []json.RawMessage
	if json.Unmarshal([]byte(body), &all) != nil || json.Unmarshal(all["posts"], &posts) != nil {
		return body
	}
	slices.Reverse(posts)
	list, err := json.Marshal(posts)
	if err != nil { // it was read a moment ago
		return body
	}
	all["posts"] = list
	out, err := json.Marshal(all)
	if err != nil {
		return body
	}
	return string(out)
}

const article = `<li data-post=`

// swapped changes the places of the first two cards of a list.
func swapped(body string) string {
	parts := strings.SplitN(body, article, 4)
	if len(parts) < 4 {
		return body
	}
	return parts[0] + article + parts[2] + article + parts[1] + article + parts[3]
}

// shortened leaves out the first card of a list.
func shortened(body string) string {
	parts := strings.SplitN(body, article, 3)
	if len(parts) < 3 {
		return body
	}
	return parts[0] + article + parts[2]
}
