package replica

import (
	"context"

	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/text"
)

// heap is documents that are to be put in together.
type heap struct {
	bySite       map[string][]text.Document
	posts, bytes int
}

func (h *heap) add(rec index.Record) {
	if h.bySite == nil {
		h.bySite = make(map[string][]text.Document)
	}
	d := document(rec)
	h.bySite[rec.Site] = append(h.bySite[rec.Site], d)
	h.posts++
	if d.Source != nil {
		h.bytes += len(d.Source.Body)
	}
}

func (h *heap) isFull() bool { return h.posts >= gathered || h.bytes >= gatheredBytes }

// following writes the words of posts that notices told of. Where that fails the rest
// goes on: the site is noted, and what it lacks is put in later.
type following struct {
	heap

	r *Replica
	// before is the place that was reached before these notices: with some of them put in
	// a full text is not further yet.
	before, at text.Position
}

func (r *Replica) following(at text.Position) *following {
	return &following{r: r, before: r.deps.Memory.Position(), at: at}
}

// add takes the texts out of records and keeps them until there are enough.
func (f *following) add(ctx context.Context, records []index.Record) {
	for i := range records {
		if f.isFull() {
			f.put(ctx, f.before)
		}
		f.heap.add(records[i])
		records[i].Text = text.Source{} // the index does not need it
	}
}

func (f *following) end(ctx context.Context) { f.put(ctx, f.at) }

func (f *following) put(ctx context.Context, at text.Position) {
	for site, documents := range f.bySite {
		if f.r.isLost(site) {
			continue // it would seem to have what it lacks
		}
		if err := f.r.putText(site, documents, at); err != nil {
			f.r.log.WarnContext(ctx, "words of posts cannot be found yet", "site", site, "error", err)
			f.r.lack(site, false)
		}
	}
	f.heap = heap{}
}

// filling puts words into full texts that have nothing, and leaves alone those that have
// their posts. It goes on with that while the next posts are read. What is not all there
// keeps the zero position until it is.
type filling struct {
	heap

	r  *Replica
	at text.Position
	// empty tells which full texts had nothing, lost what was known of them then.
	empty map[string]bool
	lost  map[string]missing
	// running is what is being put in.
	running chan error
}

// filling begins to fill; leave has to be called in the end.
func (r *Replica) filling(at text.Position) *filling {
	return &filling{r: r, at: at, empty: make(map[string]bool), lost: make(map[string]missing)}
}

func (f *filling) add(records []index.Record) error {
	for i, rec := range records {
		isEmpty, known := f.empty[rec.Site]
		if !known {
			var err error
			if isEmpty, err = f.r.isEmpty(rec.Site, f.at); err != nil {
				return err
			}
			f.empty[rec.Site] = isEmpty
			f.lost[rec.Site] = f.r.lacked(rec.Site)
		}
		if !isEmpty {
			continue
		}
		f.heap.add(rec)
		records[i].Text = text.Source{} // the index does not need it
		if f.isFull() {
			if err := f.put(); err != nil {
				return err
			}
		}
	}
	return nil
}

// put begins to put in what there is, once that of before is done.
func (f *filling) put() error {
	err := f.leave()
	if err != nil || f.posts == 0 {
		return err
	}
	bySite, done := f.bySite, make(chan error, 1)
	f.heap, f.running = heap{}, done
	go func() {
		for site, documents := range bySite {
			if err := f.r.putText(site, documents, text.Position{}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	return nil
}

// leave waits for what is being put in.
func (f *filling) leave() error {
	if f.running == nil {
		return nil
	}
	err := <-f.running
	f.running = nil
	return err
}

// end puts in what is left, and says of all full texts how far they are.
func (f *filling) end() error {
	if err := f.put(); err != nil {
		return err
	}
	if err := f.leave(); err != nil {
		return err
	}
	for site, isEmpty := range f.empty {
		if isEmpty {
			if err := f.r.putText(site, nil, f.at); err != nil {
				return err
			}
			f.r.found(site, f.lost[site])
		}
	}
	return nil
}

// isEmpty tells whether the full text of a site has nothing that can stay.
func (r *Replica) isEmpty(site string, at text.Position) (bool, error) {
	texts, err := r.deps.Texts.Of(site)
	if err != nil {
		return false, err
	}
	has, err := texts.Position()
	if err != nil {
		return false, err
	}
	// Of another timeline it may have what there is not any more.
	if has.Epoch == at.Epoch && has.Pos <= at.Pos {
		return false, nil
	}
	if has != (text.Position{}) {
		return true, r.deps.Texts.Remove(site)
	}
	return true, nil
}
