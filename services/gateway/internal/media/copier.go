package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/parution/parution/chassis/picture"
	"github.com/parution/parution/services/gateway/internal/media/raster"
)

const (
	// soon is how long a reader waits for a copy that is not there.
	soon = 5 * time.Second
	// muchMemory is given back to the system at once: the next picture may not come
	// for hours.
	muchMemory = 64 << 20
)

// copier makes the smaller copies of pictures.
type copier struct {
	memory int64
	// room holds as many bytes as may be used at a time.
	room *semaphore.Weighted
	log  *slog.Logger
}

func newCopier(memory int64, log *slog.Logger) *copier {
	return &copier{memory: memory, room: semaphore.NewWeighted(memory), log: log}
}

// makeSoon makes the copies of a picture that are not there while somebody waits.
// One picture at a time: who asks for the same ones meanwhile finds them made.
func (c *copier) makeSoon(ctx context.Context, root *os.Root, site string, p picture.Picture) error {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	return c.within(ctx, c.memory, func() error { return c.makeMissing(ctx, root, site, p) })
}

// makeNow makes the copies of a picture that are not there, at most two pictures at
// a time.
func (c *copier) makeNow(ctx context.Context, root *os.Root, site string, p picture.Picture) error {
	if len(missing(root, site, p)) == 0 {
		return nil
	}
	facts, err := inspectFile(root, site, p)
	if err != nil {
		return err
	}
	return c.within(ctx, min(max(need(facts, p), c.memory/2), c.memory), func() error { return c.makeMissing(ctx, root, site, p) })
}

func (c *copier) within(ctx context.Context, bytes int64, fn func() error) error {
	if err := c.room.Acquire(ctx, bytes); err != nil {
		return fmt.Errorf("wait for room: %w", err)
	}
	defer c.room.Release(bytes)
	return fn()
}

// makeMissing makes those copies that are not there. Where none can be made that
// is smaller than the picture, the picture itself answers to the copy's name: too
// large to decode, moving, in a form that only browsers know, or packed so well
// that a copy would have more bytes.
func (c *copier) makeMissing(ctx context.Context, root *os.Root, site string, p picture.Picture) error {
	left := missing(root, site, p)
	if len(left) == 0 {
		return nil
	}
	facts, err := inspectFile(root, site, p)
	if err != nil {
		return err
	}
	if reason := c.unfit(facts, p); reason != "" {
		c.log.DebugContext(ctx, "a picture stands in for its copies", "site", site, "file", p.Path(), "reason", reason)
		return c.standIn(root, site, p, left)
	}
	if need(facts, p) > muchMemory {
		defer debug.FreeOSMemory()
	}
	// A disk that takes nothing is noticed before the work, not after it.
	probe, err := newFile(root, site)
	if err != nil {
		return err
	}
	probe.drop()
	err = c.decode(root, site, p, facts, left)
	if broken, ok := errors.AsType[*undecodedError](err); ok {
		c.log.InfoContext(ctx, "a picture cannot be decoded and stands in for its copies", "site", site, "file", p.Path(), "error", broken)
		return c.standIn(root, site, p, left)
	}
	return err
}

// undecodedError is about the picture, not about where it is kept.
type undecodedError struct{ error }

// Unwrap is the decoder's error.
func (e *undecodedError) Unwrap() error { return e.error }

func (c *copier) decode(root *os.Root, site string, p picture.Picture, facts raster.Facts, left []picture.Copy) error {
	f, err := root.Open(original(site, p))
	if err != nil {
		return fmt.Errorf("open the picture: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("open the picture: %w", err)
	}
	widths := make([]int, len(left))
	for i, l := range left {
		widths[i] = l.Width
	}
	var failed error
	r := &reader{r: f}
	err = raster.Copies(r, kindOf(p.Path()).mime, facts, widths, func(width int, content []byte) error {
		for _, l := range left {
			if l.Width == width {
				failed = c.keep(root, site, p, l, content, info.Size())
			}
		}
		return failed
	})
	if err = errors.Join(failed, r.err, err); failed == nil && r.err == nil && err != nil {
		return &undecodedError{err}
	}
	return err
}

// keep stores a copy, if it is worth it.
func (c *copier) keep(root *os.Root, site string, p picture.Picture, l picture.Copy, content []byte, size int64) error {
	if int64(len(content)) >= size {
		return c.standIn(root, site, p, []picture.Copy{l})
	}
	f, err := newFile(root, site)
	if err != nil {
		return err
	}
	defer f.drop()
	if _, err := io.Copy(f, bytes.NewReader(content)); err != nil {
		return fmt.Errorf("write a copy: %w", err)
	}
	_, err = f.name(path.Base(l.Path))
	return err
}

// standIn lets the picture itself answer to the names of copies.
func (c *copier) standIn(root *os.Root, site string, p picture.Picture, left []picture.Copy) error {
	for _, l := range left {
		if _, err := link(root, original(site, p), path.Join(site, path.Base(l.Path))); err != nil {
			return err
		}
	}
	return nil
}

// unfit tells why there is no use in decoding a picture; empty: there is.
func (c *copier) unfit(f raster.Facts, p picture.Picture) string {
	switch {
	case f.Moving:
		return "it moves"
	case need(f, p) > c.memory:
		return "it needs more memory than there is for it"
	}
	return ""
}

func need(f raster.Facts, p picture.Picture) int64 {
	copies := p.Copies()
	if len(copies) == 0 {
		return 0
	}
	return f.Memory(copies[len(copies)-1].Width)
}

func original(site string, p picture.Picture) string {
	return path.Join(site, strings.TrimPrefix(p.Path(), Prefix))
}

// missing lists the copies that are not there, narrowest first.
func missing(root *os.Root, site string, p picture.Picture) []picture.Copy {
	var out []picture.Copy
	for _, l := range p.Copies() {
		if _, err := root.Stat(path.Join(site, path.Base(l.Path))); errors.Is(err, fs.ErrNotExist) {
			out = append(out, l)
		}
	}
	return out
}

func inspectFile(root *os.Root, site string, p picture.Picture) (raster.Facts, error) {
	f, err := root.Open(original(site, p))
	if err != nil {
		return raster.Facts{}, fmt.Errorf("open the picture: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return raster.Facts{}, fmt.Errorf("open the picture: %w", err)
	}
	facts, err := raster.Inspect(io.NewSectionReader(f, 0, info.Size()), kindOf(p.Path()).mime)
	if err != nil {
		return facts, fmt.Errorf("read the picture: %w", err)
	}
	return facts, nil
}
