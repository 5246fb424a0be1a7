package replica

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/parution/parution/chassis/outbox"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/text"
)

// The aggregates of the notices of tags.
const (
	typeEntry = "entry"
	typeTag   = "tag"
)

// apply brings the index up to what the notices tell of. It reads the present
// states: what a notice says may be older.
func (r *Replica) apply(ctx context.Context, notices []*eventsv1.Notice, at text.Position) error {
	posts, tags := make(map[string]bool), make(map[string]bool)
	for _, n := range notices {
		switch n.GetAggregateType() {
		case typeEntry:
			posts[n.GetAggregateId()] = true
		case typeTag:
			tags[n.GetAggregateId()] = true
		}
	}
	words := r.following(at)
	var records []index.Record
	// Some at a time: texts may be long.
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(posts)), page) {
		some, err := r.deps.Records.RecordsOf(ctx, ids)
		if err != nil {
			return err
		}
		some = append(some, r.deps.Memory.Others(some)...)
		words.add(ctx, some)
		records = append(records, some...)
	}
	known, err := r.tagsOf(ctx, tags, records)
	if err != nil {
		return err
	}
	words.end(ctx)
	r.deps.Memory.Put(known, records, at)
	r.move()
	if len(notices) > 0 {
		r.touched = time.Now()
		if len(notices) >= many {
			r.streamed = r.touched
		}
		if r.changed.IsZero() {
			r.changed = r.touched
		}
	}
	return nil
}

func (r *Replica) recordsOf(ctx context.Context, posts map[string]bool) ([]index.Record, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	return r.deps.Records.RecordsOf(ctx, slices.Sorted(maps.Keys(posts)))
}

// tagsOf reads tags, and those of records that the index does not know yet.
func (r *Replica) tagsOf(ctx context.Context, tags map[string]bool, records []index.Record) ([]index.Tag, error) {
	for _, id := range r.deps.Memory.Unknown(records) {
		tags[id] = true
	}
	if len(tags) == 0 {
		return nil, nil
	}
	return r.deps.Records.TagsOf(ctx, slices.Sorted(maps.Keys(tags)))
}

func (r *Replica) putText(site string, documents []text.Document, at text.Position) error {
	texts, err := r.deps.Texts.Of(site)
	if err != nil {
		return err
	}
	return texts.Put(documents, at)
}

func document(rec index.Record) text.Document {
	d := text.Document{Number: rec.Number}
	if rec.Public {
		source := rec.Text
		d.Language, d.PublishedAt, d.Source = rec.Language, rec.PublishedAt, &source
	}
	return d
}

func (r *Replica) isLost(site string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, lost := r.lost[site]
	return lost
}

// lacked is what is known of a full text that is not complete.
func (r *Replica) lacked(site string) missing {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost[site]
}

// found forgets that a site lacked something, unless that was said again since.
func (r *Replica) found(site string, was missing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost[site] == was {
		delete(r.lost, site)
	}
}

// rebuild reads everything into a new index, which then takes the place of the old.
func (r *Replica) rebuild(ctx context.Context) error {
	started := time.Now()
	// Whatever is committed after this place has a later one.
	end, err := r.tail.End(ctx)
	if err != nil {
		return err
	}
	at := text.Position(end)
	fresh := index.New(r.deps.Texts)
	fresh.Put(nil, nil, at) // also where there is nothing to put
	if err := r.readTags(ctx, fresh, at); err != nil {
		return err
	}
	filling, posts := r.filling(at), 0
	defer func() { _ = filling.leave() }() // another error is told
	for after := uint32(0); ; {
		records, err := r.deps.Records.Records(ctx, after, page)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			break
		}
		if err := filling.add(records); err != nil {
			return err
		}
		fresh.Put(nil, records, at)
		posts, after = posts+len(records), records[len(records)-1].Number
	}
	if err := filling.end(); err != nil {
		return err
	}
	fresh.Put(nil, nil, at)
	r.deps.Memory.Become(fresh)
	r.move()
	r.touched = time.Now()
	r.changed = r.touched
	r.log.InfoContext(ctx, "the index was made anew", "posts", posts, "took", time.Since(started).Round(time.Millisecond).String())
	return r.mendAll(ctx, filling.empty)
}

func (r *Replica) readTags(ctx context.Context, into *index.Memory, at text.Position) error {
	for after := ""; ; {
		tags, err := r.deps.Records.AllTags(ctx, after, page)
		if err != nil {
			return err
		}
		if len(tags) == 0 {
			return nil
		}
		into.Put(tags, nil, at)
		after = tags[len(tags)-1].ID
	}
}

// mendAll brings the full text of every site up to the index, but for those that were
// filled with it: what their Position says is older until the disk has them.
func (r *Replica) mendAll(ctx context.Context, filled map[string]bool) error {
	for _, site := range r.deps.Memory.Sites() {
		if filled[site] {
			continue
		}
		if err := r.mend(ctx, site); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.log.WarnContext(ctx, "words of posts cannot be found yet", "site", site, "error", err)
			r.lack(site, false)
		}
	}
	return nil
}

// mendLost tries again where it failed.
func (r *Replica) mendLost(ctx context.Context) error {
	r.mu.Lock()
	sites := slices.Sorted(maps.Keys(r.lost))
	r.mu.Unlock()
	for _, site := range sites {
		if err := r.mend(ctx, site); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.log.WarnContext(ctx, "words of posts cannot be found yet", "site", site, "error", err)
		}
	}
	return nil
}

// mend puts into a full text what it lacks of what the index has: what was told of
// since its place, or everything.
func (r *Replica) mend(ctx context.Context, site string) error {
	texts, err := r.deps.Texts.Of(site)
	if err != nil {
		return err
	}
	has, err := texts.Position()
	if err != nil {
		return err
	}
	at := r.deps.Memory.Position()
	was := r.lacked(site)
	if was.all || has.Epoch != at.Epoch {
		err = r.refill(ctx, site, at)
	} else {
		err = r.follow(ctx, site, texts, has, at)
	}
	if err == nil {
		r.found(site, was)
	}
	return err
}

// follow puts in what was told of since a place.
func (r *Replica) follow(ctx context.Context, site string, texts text.Index, has, at text.Position) error {
	for after := outbox.Place(has); after.Pos < at.Pos; {
		p, err := r.tail.ListSite(ctx, site, after, outbox.Place(at), page)
		if err != nil {
			return err
		}
		posts := make(map[string]bool)
		for _, n := range p.Notices {
			if n.GetAggregateType() == typeEntry {
				posts[n.GetAggregateId()] = true
			}
		}
		records, err := r.recordsOf(ctx, posts)
		if err != nil {
			return err
		}
		if len(records) > 0 {
			documents := make([]text.Document, len(records))
			for i, rec := range records {
				documents[i] = document(rec)
			}
			if err := texts.Put(documents, text.Position(p.Next)); err != nil {
				return err
			}
		}
		after = p.Next
	}
	return nil
}

// refill puts all posts of a site into its full text.
func (r *Replica) refill(ctx context.Context, site string, at text.Position) error {
	if err := r.deps.Texts.Remove(site); err != nil {
		return err
	}
	filling := r.filling(at)
	defer func() { _ = filling.leave() }() // another error is told
	filling.empty[site] = true
	for above := int64(-1); ; {
		ids, last := r.deps.Memory.PostIDs(site, above, page)
		if len(ids) == 0 {
			if err := filling.end(); err != nil {
				return fmt.Errorf("put the words of site %s in again: %w", site, err)
			}
			return nil
		}
		records, err := r.deps.Records.RecordsOf(ctx, ids)
		if err != nil {
			return err
		}
		if err := filling.add(records); err != nil {
			return fmt.Errorf("put the words of site %s in again: %w", site, err)
		}
		above = last
	}
}
