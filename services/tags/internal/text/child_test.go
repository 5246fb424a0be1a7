package text_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
)

// TestChild is no test: it is what other tests start as a process of its own.
func TestChild(t *testing.T) {
	dir := os.Getenv("PARUTION_TEXT_CHILD")
	if dir == "" {
		t.Skip("only as a child of another test")
	}
	if most := os.Getenv("PARUTION_TEXT_CHILD_FILE"); most != "" {
		bytes, err := strconv.ParseUint(most, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		// The limit answers EFBIG as a full disk answers ENOSPC.
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: bytes}); err != nil {
			t.Fatal(err)
		}
	}
	lost := make(chan error, 1)
	options := text.Options{Dir: dir, Lost: func(_ string, err error) { lost <- err }}
	idle := os.Getenv("PARUTION_TEXT_CHILD_IDLE") != ""
	if idle {
		options.Idle = time.Millisecond
	}
	sites, err := text.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	ix := sites.Of("site")
	if idle {
		many := make([]text.Document, 3000)
		for i := range many {
			many[i] = post(uint32(i+1), "fr", "Billet", fmt.Sprintf("numéro n%d x%d y%d", i, i*7, i*13))
		}
		say("put:", ix.Put(many, text.Position{Epoch: 1, Pos: 1}))
		say("lost:", <-lost)
		return
	}
	at, err := ix.Position()
	if err != nil {
		t.Fatal(err)
	}
	for n := uint32(at.Pos) + 1; ; n++ {
		err := ix.Put([]text.Document{post(n, "fr", "Billet", "numéro n"+strconv.Itoa(int(n))+strings.Repeat(" mot", int(n%50)))}, text.Position{Epoch: 1, Pos: int64(n)})
		if err != nil {
			say("error:", err)
			found, err := ix.Match(t.Context(), query.Word{Text: "numero"})
			if err != nil {
				t.Fatal(err)
			}
			say("still found:", found.GetCardinality() == uint64(n))
			return
		}
		say("put", n)
	}
}

func say(what ...any) { _, _ = fmt.Fprintln(os.Stdout, what...) }

func child(t *testing.T, dir string, more ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	c.Env = append(os.Environ(), append(more, "PARUTION_TEXT_CHILD="+dir)...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewScanner(out)
}

// startAgain has another process use what is in a folder; it answers what that logs.
func startAgain(t *testing.T, dir string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	c.Env = append(os.Environ(), "PARUTION_TEXT_CHILD="+dir)
	var logged strings.Builder
	c.Stderr = &logged
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && !strings.HasPrefix(lines.Text(), "put "); {
		continue
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // killed
	return logged.String()
}

func TestWhatIsOnDiskSurvivesAKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kept := int64(0)
	for round := range 4 {
		c, lines := child(t, dir)
		put := int64(0)
		for puts := 0; puts < 150+100*round && lines.Scan(); {
			if n, ok := strings.CutPrefix(lines.Text(), "put "); ok {
				put, _ = strconv.ParseInt(n, 10, 64)
				puts++
			}
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // killed
		if put <= kept {
			t.Fatalf("round %d put nothing: %d after %d", round, put, kept)
		}
		sites, err := text.Open(text.Options{Dir: dir, Lost: func(_ string, err error) {
			if kept > 0 { // before that there may be segments without a list of them
				t.Errorf("lost: %v", err)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		ix := sites.Of("site")
		at, err := ix.Position()
		if err != nil {
			t.Fatal(err)
		}
		if at.Pos < kept {
			t.Errorf("position %d went back: it was %d", at.Pos, kept)
		}
		kept = at.Pos
		if got := int64(len(match(t, ix, query.Word{Text: "numéro"}))); got < kept {
			t.Errorf("%d posts at position %d", got, kept)
		}
		if kept > 0 {
			if got := match(t, ix, query.Word{Text: "n" + strconv.FormatInt(kept, 10)}); len(got) != 1 {
				t.Errorf("the post of position %d is not found: %v", kept, got)
			}
		}
		if err := sites.Close(); err != nil {
			t.Error(err)
		}
	}
	if kept == 0 {
		t.Error("nothing was ever on disk")
	}
}

func TestAFullDiskIsAnError(t *testing.T) {
	t.Parallel()
	c, lines := child(t, t.TempDir(), "PARUTION_TEXT_CHILD_FILE=150000")
	var said []string
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), "put ") {
			said = append(said, lines.Text())
		}
	}
	_ = c.Wait()
	all := strings.Join(said, "\n")
	if !strings.Contains(all, "error: the full text cannot be written to disk") || !strings.Contains(all, "still found: true") {
		t.Errorf("the child said:\n%s", all)
	}
}

// Put does not always wait for the disk: what a closed index could not write is told.
func TestWhatCouldNotBeWrittenWhenItWasClosedIsLost(t *testing.T) {
	t.Parallel()
	_, lines := child(t, t.TempDir(), "PARUTION_TEXT_CHILD_FILE=150000", "PARUTION_TEXT_CHILD_IDLE=1")
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.HasPrefix(lines.Text(), "lost: ") {
			break
		}
	}
	all := strings.Join(said, "\n")
	if !strings.Contains(all, "lost: the full text cannot be written to disk") {
		t.Errorf("the child said:\n%s", all)
	}
}
