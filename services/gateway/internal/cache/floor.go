package cache

import (
	"container/list"
	"slices"
)

// floors is how many posts the cache remembers a floor of: those that changed last.
const floors = 16384

// Version is a place in the life of a post.
type Version struct {
	Post string
	// Epoch is that of posts; 0: whichever is present.
	Epoch, Version int32
	// Gone says that the post was taken from readers at that version.
	Gone bool
}

func (v Version) olderThan(o Version) bool {
	return v.Epoch < o.Epoch || v.Epoch == o.Epoch && v.Version < o.Version
}

// floor is what is known of a post: nothing that shows less may be served.
type floor struct {
	at Version // the newest heard of
	// pressed is the version that the source has taken in, and seq the drop that told.
	pressed Version
	seq     uint64
	place   *list.Element
}

// floorMap is a bounded map of floors.
type floorMap struct {
	epoch int32 // of posts; 0: not known yet
	byID  map[string]*floor
	order *list.List // of post ids; the one that was raised last is at the back
}

func newFloors() floorMap { return floorMap{byID: make(map[string]*floor), order: list.New()} }

// raise notes v; pressed says that the source shows it since the drop seq. It
// tells whether the post is gone as far as is known.
func (m *floorMap) raise(v Version, pressed bool, seq uint64) (gone bool) {
	if v.Epoch == 0 {
		v.Epoch = m.epoch
	}
	if m.epoch != 0 && v.Epoch != m.epoch {
		return false // of a time that ended, or did not begin
	}
	f := m.byID[v.Post]
	if f == nil {
		f = &floor{place: m.order.PushBack(v.Post)}
		m.byID[v.Post] = f
		m.bound()
	}
	m.order.MoveToBack(f.place)
	if !v.olderThan(f.at) {
		f.at = v
	}
	if pressed && !v.olderThan(f.pressed) {
		f.pressed, f.seq = v, seq
	}
	return f.at.Gone
}

// bound forgets the floor that was not raised for longest. The pages that it
// kept from readers are dropped already.
func (m *floorMap) bound() {
	for len(m.byID) > floors {
		front := m.order.Front()
		if id, ok := m.order.Remove(front).(string); ok {
			delete(m.byID, id)
		}
	}
}

// begin forgets what was known of another epoch.
func (m *floorMap) begin(epoch int32) {
	if epoch == m.epoch {
		return
	}
	m.epoch = epoch
	for id, f := range m.byID {
		if f.at.Epoch != epoch {
			m.order.Remove(f.place)
			delete(m.byID, id)
		}
	}
}

// gone are the floors of posts that a page with keys shows although they are
// gone; whole: the page is that of one of them.
func (m *floorMap) gone(keys []string) (all []Version, whole bool) {
	if len(m.byID) == 0 {
		return nil, false
	}
	for _, key := range keys {
		id, isWhole := shown(key)
		if f := m.byID[id]; id == "" || f == nil || !f.at.Gone {
			continue
		} else if !slices.Contains(all, f.at) {
			all = append(all, f.at)
		}
		whole = whole || isWhole
	}
	return all, whole
}

// satisfied tells whether what the source answered to a question that began
// after the drop start shows every one of wanted.
func (m *floorMap) satisfied(start uint64, wanted []Version) bool {
	for _, v := range wanted {
		f := m.byID[v.Post]
		if f == nil || f.seq == 0 || f.seq > start {
			return false
		}
		if v.Epoch == 0 {
			v.Epoch = f.pressed.Epoch // floors of another one are forgotten
		}
		if f.pressed.olderThan(v) {
			return false
		}
	}
	return true
}
