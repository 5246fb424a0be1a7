package events

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Bar draws a progress bar for people at a terminal.
type Bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

// NewBar draws on w, which is a terminal.
func NewBar(w io.Writer) *Bar { return &Bar{w: w} }

// Step implements Progress.
func (b *Bar) Step(done, total int) {
	if b.bar == nil {
		b.bar = progressbar.NewOptions(max(1, total), progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription("rebuilding"),
			progressbar.OptionShowCount(), progressbar.OptionThrottle(50*time.Millisecond), progressbar.OptionFullWidth())
	}
	b.bar.ChangeMax(max(1, total))
	_ = b.bar.Set(done) // a bar that cannot be drawn is no reason to stop
}

// End implements Progress.
func (b *Bar) End() {
	if b.bar != nil {
		_ = b.bar.Exit()
		_, _ = fmt.Fprintln(b.w)
	}
}

// Lines writes a line for each step that got on, for logs.
type Lines struct {
	w    io.Writer
	last string
}

// NewLines writes to w.
func NewLines(w io.Writer) *Lines { return &Lines{w: w} }

// Step implements Progress.
func (l *Lines) Step(done, total int) {
	line := fmt.Sprintf("rebuilt %d of %d aggregates", done, total)
	if line != l.last {
		_, _ = fmt.Fprintln(l.w, line) // progress that cannot be shown is no reason to stop
		l.last = line
	}
}

// End implements Progress.
func (l *Lines) End() {}
