package index

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/parution/parution/services/tags/internal/text"
)

const (
	magic = "parution tags index\n"
	// format is that of the file. A file of another one is not read: the index is
	// made anew from the database.
	format = 1
	// maxLength bounds what a length in a file is believed.
	maxLength = 1 << 30
)

// ErrSnapshot is a file that is no snapshot, or not one that this release reads.
var ErrSnapshot = errors.New("not a snapshot of the index")

// Save writes the index into a file, which is there as a whole or not at all.
// Questions are answered meanwhile; a Put waits until all is read, not until the
// disk has it.
func (m *Memory) Save(path string, edition int32) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // err says what is wrong
		}
	}()
	err = m.write(f, edition)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the snapshot: %w", err)
	}
	return os.Rename(f.Name(), path)
}

func (m *Memory) write(f io.Writer, edition int32) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	buffer := bufio.NewWriterSize(f, 1<<18)
	w := writer{out: io.MultiWriter(buffer, sum)}
	w.bytes([]byte(magic))
	w.numbers(format, uint64(edition), uint64(m.at.Epoch), uint64(m.at.Pos)) //nolint:gosec // read back as they were
	w.numbers(uint64(len(m.numbered) - 1))                                   //nolint:gosec // there is one at least
	for _, s := range m.numbered[1:] {
		w.site(s)
	}
	w.numbers(uint64(len(m.posts.chunks)))
	for _, c := range m.posts.chunks {
		w.chunk(c)
	}
	if w.err != nil {
		return w.err
	}
	if err := binary.Write(buffer, binary.LittleEndian, sum.Sum32()); err != nil {
		return err
	}
	return buffer.Flush()
}

// writer writes until something fails.
type writer struct {
	out io.Writer
	buf []byte
	err error
}

func (w *writer) bytes(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
}

func (w *writer) numbers(list ...uint64) {
	w.buf = w.buf[:0]
	for _, n := range list {
		w.buf = binary.AppendUvarint(w.buf, n)
	}
	w.bytes(w.buf)
}

func (w *writer) text(s string) {
	w.numbers(uint64(len(s)))
	w.bytes([]byte(s))
}

func (w *writer) site(s *site) {
	w.text(s.name)
	w.numbers(uint64(len(s.terms)))
	for _, t := range s.terms {
		w.numbers(uint64(t.kind))
		w.text(t.value)
		if t.kind == kindTag {
			known, err := json.Marshal(t.tag)
			w.err = errors.Join(w.err, err)
			w.text(string(known))
		}
		posts, err := t.posts.ToBytes()
		w.err = errors.Join(w.err, err)
		w.text(string(posts))
	}
}

func (w *writer) chunk(c *chunk) {
	if c == nil {
		w.numbers(0)
		return
	}
	w.numbers(1)
	buf := make([]byte, 0, chunkSize*64)
	for i := range uint32(chunkSize) {
		p := &c.posts[i]
		buf = append(buf, p.id[:]...)
		buf = binary.LittleEndian.AppendUint64(buf, uint64(p.at))      //nolint:gosec // read back as it was
		buf = binary.LittleEndian.AppendUint32(buf, uint32(p.version)) //nolint:gosec // read back as it was
		buf = binary.LittleEndian.AppendUint32(buf, p.site)
		buf = binary.LittleEndian.AppendUint16(buf, c.length[i])
		for _, t := range c.terms(i) {
			buf = binary.LittleEndian.AppendUint32(buf, t)
		}
	}
	w.numbers(uint64(len(buf)))
	w.bytes(buf)
}

// Load reads what Save wrote in its place. If the file is damaged, or not of this
// edition, the index stays as it was and the error is ErrSnapshot; that of a
// file that is not there is fs.ErrNotExist.
func (m *Memory) Load(path string, edition int32) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	r := reader{in: bufio.NewReaderSize(f, 1<<18), sum: crc32.New(crc32.MakeTable(crc32.Castagnoli))}
	fresh := New(nil)
	if err := r.read(fresh, edition); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.become(fresh)
	return nil
}

// reader reads until something is wrong.
type reader struct {
	in  *bufio.Reader
	sum hash.Hash32
	err error
}

func (r *reader) read(m *Memory, edition int32) error {
	if start := r.bytes(len(magic)); r.err != nil || string(start) != magic {
		return errors.Join(r.err, errors.New("it begins otherwise"))
	}
	if f, e := r.number(), r.number(); f != format || e != uint64(edition) { //nolint:gosec // as it was written
		return fmt.Errorf("format %d of edition %d", f, e)
	}
	m.at = text.Position{Epoch: int32(r.number()), Pos: int64(r.number())} //nolint:gosec // as they were written
	for range r.length() {
		if r.err != nil {
			return r.err
		}
		r.site(m)
	}
	for i := range r.length() {
		if r.err != nil {
			return r.err
		}
		r.chunk(m, uint32(i))
	}
	for _, s := range m.sites {
		s.rank()
	}
	want := r.sum.Sum32()
	var got uint32
	if err := errors.Join(r.err, binary.Read(r.in, binary.LittleEndian, &got)); err != nil {
		return err
	}
	if got != want {
		return errors.New("its sum is wrong")
	}
	return nil
}

func (r *reader) bytes(n int) []byte {
	if r.err != nil {
		return nil
	}
	// A length may be damaged: what is not there takes no memory.
	out := make([]byte, 0, min(n, 1<<20))
	for len(out) < n && r.err == nil {
		from := len(out)
		out = append(out, make([]byte, min(n-from, 1<<20))...)
		_, r.err = io.ReadFull(r.in, out[from:])
	}
	r.sum.Write(out)
	return out
}

func (r *reader) ReadByte() (byte, error) {
	b, err := r.in.ReadByte()
	if err == nil {
		r.sum.Write([]byte{b})
	}
	return b, err
}

func (r *reader) number() (n uint64) {
	if r.err == nil {
		n, r.err = binary.ReadUvarint(r)
	}
	return n
}

func (r *reader) length() int {
	n := r.number()
	if n > maxLength {
		r.err = errors.Join(r.err, fmt.Errorf("a length of %d", n))
		return 0
	}
	return int(n)
}

func (r *reader) text() []byte { return r.bytes(r.length()) }

func (r *reader) site(m *Memory) {
	s := m.siteOf(string(r.text()))
	if s == nil {
		r.err = errors.Join(r.err, errors.New("a site without a name"))
		return
	}
	for range r.length() {
		k, value := kind(r.number()), string(r.text()) //nolint:gosec // checked next
		if r.err != nil || k >= kinds {
			r.err = errors.Join(r.err, errors.New("a term of an unknown kind"))
			return
		}
		t := s.terms[s.term(k, value)]
		if k == kindTag {
			var known Tag
			if err := json.Unmarshal(r.text(), &known); err != nil {
				r.err = errors.Join(r.err, err)
				return
			}
			if known.ID == value {
				s.setTag(known)
			}
		}
		raw := r.text()
		if r.err != nil {
			return
		}
		t.posts = roaring.New()
		if err := t.posts.UnmarshalBinary(raw); err != nil {
			r.err = err
			return
		}
		t.count = int(t.posts.GetCardinality()) //nolint:gosec // below 2^32
	}
}

func (r *reader) chunk(m *Memory, number uint32) {
	if r.number() == 0 || r.err != nil {
		return
	}
	raw := r.text()
	c := m.posts.make(number * chunkSize)
	const fixed = 34
	c.arena = make([]uint32, 0, max(0, len(raw)-chunkSize*fixed)/4+64)
	for i := range uint32(chunkSize) {
		if len(raw) < fixed {
			r.err = errors.Join(r.err, io.ErrUnexpectedEOF)
			return
		}
		p := &c.posts[i]
		copy(p.id[:], raw)
		p.at = int64(binary.LittleEndian.Uint64(raw[16:]))      //nolint:gosec // as it was written
		p.version = int32(binary.LittleEndian.Uint32(raw[24:])) //nolint:gosec // as it was written
		p.site = binary.LittleEndian.Uint32(raw[28:])
		n := int(binary.LittleEndian.Uint16(raw[32:]))
		if raw = raw[fixed:]; len(raw) < 4*n || int(p.site) >= len(m.numbered) {
			r.err = errors.Join(r.err, io.ErrUnexpectedEOF)
			return
		}
		c.start[i], c.length[i] = uint32(len(c.arena)), uint16(n) //nolint:gosec // a chunk has far fewer than 2^32
		for range n {
			c.arena = append(c.arena, binary.LittleEndian.Uint32(raw))
			raw = raw[4:]
		}
		if p.site != 0 {
			m.numbered[p.site].add(number*chunkSize+i, moment(p.at))
		}
	}
}
