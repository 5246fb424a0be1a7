package terminal

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Progress is told how far something is.
type Progress interface {
	Step(done, total int)
	End()
}

// NewProgress tells people of what is done: with a bar if screen is a terminal,
// otherwise with a line on lines for each step. deed is such as "rebuilding", and
// line such as "rebuilt %d of %d aggregates".
func NewProgress(screen *os.File, lines io.Writer, deed, line string) Progress {
	if term.IsTerminal(int(screen.Fd())) {
		return &Bar{w: screen, deed: deed}
	}
	return NewLines(lines, line)
}

// Bar draws a progress bar for people at a terminal.
type Bar struct {
	w    io.Writer
	deed string
	bar  *progressbar.ProgressBar
}

// Step implements Progress.
func (b *Bar) Step(done, total int) {
	if b.bar == nil {
		b.bar = progressbar.NewOptions(max(1, total), progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription(b.deed),
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
	line string
	last string
}

// NewLines writes to w; line has places for what is done and for all.
func NewLines(w io.Writer, line string) *Lines { return &Lines{w: w, line: line} }

// Step implements Progress.
func (l *Lines) Step(done, total int) {
	line := fmt.Sprintf(l.line, done, total)
	if line != l.last {
		_, _ = fmt.Fprintln(l.w, line) // progress that cannot be shown is no reason to stop
		l.last = line
	}
}

// End implements Progress.
func (l *Lines) End() {}
