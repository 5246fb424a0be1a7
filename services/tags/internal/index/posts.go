package index

import (
	"encoding/hex"
	"strings"
	"time"
)

// chunkSize is how many posts one chunk has. What is kept of a post stands in
// chunks and not in one slice: growing copies a chunk at most, and the collector
// has no pointer to follow for each post.
const chunkSize = 1 << 12

// post is what is kept of a post beside its bitmaps.
type post struct {
	id      [16]byte
	at      int64 // Unix microseconds
	version int32
	// site is the number of its site; 0: there is no such post (any more).
	site uint32
}

// chunk holds the posts of chunkSize numbers and the terms that each has.
type chunk struct {
	posts [chunkSize]post
	// Terms of a post are arena[start:start+length].
	start  [chunkSize]uint32
	length [chunkSize]uint16
	arena  []uint32
	// waste counts the arena's elements that no post has.
	waste int
}

func (c *chunk) terms(i uint32) []uint32 {
	return c.arena[c.start[i] : c.start[i]+uint32(c.length[i])]
}

// set gives post i its terms.
func (c *chunk) set(i uint32, terms []uint32) {
	if old := c.terms(i); len(terms) <= len(old) {
		c.waste += len(old) - len(terms)
		copy(old, terms)
		c.length[i] = uint16(len(terms)) //nolint:gosec // maxTerms bounds them
		return
	}
	c.waste += int(c.length[i])
	if c.waste > len(c.arena)/2 && c.waste > chunkSize {
		c.length[i] = 0
		c.compact()
	}
	if cap(c.arena)-len(c.arena) < len(terms) {
		// Less room to spare than append would leave.
		grown := make([]uint32, len(c.arena), len(c.arena)+len(c.arena)/8+max(len(terms), 512))
		copy(grown, c.arena)
		c.arena = grown
	}
	c.start[i], c.length[i] = uint32(len(c.arena)), uint16(len(terms)) //nolint:gosec // a chunk has far fewer than 2^32
	c.arena = append(c.arena, terms...)
}

func (c *chunk) compact() {
	fresh := make([]uint32, 0, len(c.arena)-c.waste+512)
	for i := range uint32(chunkSize) {
		old := c.terms(i)
		c.start[i] = uint32(len(fresh)) //nolint:gosec // as above
		fresh = append(fresh, old...)
	}
	c.arena, c.waste = fresh, 0
}

// posts are all posts by number.
type posts struct{ chunks []*chunk }

// at is the post with a number; nil if there never was one.
func (p *posts) at(number uint32) *post {
	if c := p.chunk(number); c != nil {
		return &c.posts[number%chunkSize]
	}
	return nil
}

func (p *posts) chunk(number uint32) *chunk {
	if i := int(number / chunkSize); i < len(p.chunks) {
		return p.chunks[i]
	}
	return nil
}

// make is the chunk of a number, made if there was none.
func (p *posts) make(number uint32) *chunk {
	i := int(number / chunkSize)
	for len(p.chunks) <= i {
		p.chunks = append(p.chunks, nil)
	}
	if p.chunks[i] == nil {
		p.chunks[i] = &chunk{}
	}
	return p.chunks[i]
}

func moment(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// packID reads a UUID; what is none becomes the zero one.
func packID(id string) (out [16]byte) {
	raw, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err == nil && len(raw) == len(out) {
		copy(out[:], raw)
	}
	return out
}

func unpackID(id [16]byte) string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
