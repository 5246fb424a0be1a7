package importer

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress is told how far an import is. Its methods are called one at a time.
type Progress interface {
	// Step says that so many of all posts are done, last the one of that file.
	Step(done, total int, name string)
	// End says that no further step follows.
	End()
}

// Bar draws a progress bar for people at a terminal.
type Bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

// NewBar draws on w, which is a terminal.
func NewBar(w io.Writer) *Bar { return &Bar{w: w} }

// Step implements Progress.
func (b *Bar) Step(done, total int, _ string) {
	if b.bar == nil {
		b.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription("importing"),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("posts"),
			progressbar.OptionThrottle(50*time.Millisecond), progressbar.OptionFullWidth())
	}
	_ = b.bar.Set(done) // a bar that cannot be drawn is no reason to stop
}

// End implements Progress.
func (b *Bar) End() {
	if b.bar != nil {
		_ = b.bar.Exit()
		_, _ = fmt.Fprintln(b.w)
	}
}

// Lines writes a line at each tick, for logs.
type Lines struct {
	w    io.Writer
	tick <-chan time.Time
	last string
}

// NewLines writes to w when tick has fired: time.NewTicker(time.Second).C for
// one line a second at most.
func NewLines(w io.Writer, tick <-chan time.Time) *Lines { return &Lines{w: w, tick: tick} }

// Step implements Progress.
func (l *Lines) Step(done, total int, name string) {
	l.last = fmt.Sprintf("imported %d of %s, last %s", done, plural(total, "post"), name)
	select {
	case <-l.tick:
		l.write()
	default:
	}
}

// End implements Progress.
func (l *Lines) End() { l.write() }

func (l *Lines) write() {
	if l.last != "" {
		_, _ = fmt.Fprintln(l.w, l.last) // progress that cannot be shown is no reason to stop
		l.last = ""
	}
}
