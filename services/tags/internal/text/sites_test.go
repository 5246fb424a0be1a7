package text_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parution/parution/chassis/fault"
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

func TestADamagedIndexIsMadeAnew(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(name string, data []byte) []byte{
		"the list of segments": func(name string, data []byte) []byte {
			if filepath.Base(name) == "root.bolt" {
				return []byte(strings.Repeat("?", len(data)))
			}
			return data
		},
		"cut segments": func(name string, data []byte) []byte {
			if filepath.Ext(name) == ".zap" {
				return data[:len(data)/2]
			}
			return data
		},
		"segments with other bytes inside": func(name string, data []byte) []byte {
			if filepath.Ext(name) == ".zap" {
				for i := len(data) / 5; i < len(data)*4/5; i++ {
					data[i] ^= 0x5a
				}
			}
			return data
		},
		"other bytes inside and the checksum of these": func(name string, data []byte) []byte {
			if filepath.Ext(name) == ".zap" {
				for i := len(data) / 5; i < len(data)*4/5; i++ {
					data[i] ^= 0x5a
				}
				binary.BigEndian.PutUint32(data[len(data)-4:], crc32.ChecksumIEEE(data[:len(data)-4]))
			}
			return data
		},
		"segments with one other bit": func(name string, data []byte) []byte {
			if filepath.Ext(name) == ".zap" {
				data[len(data)/3] ^= 1
			}
			return data
		},
		"no segments": func(name string, data []byte) []byte {
			if filepath.Ext(name) == ".zap" {
				return nil
			}
			return data
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			sites, err := text.Open(text.Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			put(t, sites.Of("site"), post(1, "fr", "Un", "mot"))
			put(t, sites.Of("other"), post(1, "fr", "Un", "mot"))
			if err := sites.Close(); err != nil {
				t.Fatal(err)
			}
			files, err := filepath.Glob(filepath.Join(dir, "s-site", "*"))
			if err != nil || len(files) < 2 {
				t.Fatalf("files %q, %v", files, err)
			}
			for _, f := range files {
				data, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				if changed := damage(f, data); changed == nil {
					err = os.Remove(f)
				} else {
					err = os.WriteFile(f, changed, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			var mu sync.Mutex
			var lost []string
			sites = open(t, text.Options{Dir: dir, Lost: func(site string, err error) {
				mu.Lock()
				defer mu.Unlock()
				lost = append(lost, site)
				if !errors.Is(err, text.ErrRemoved) {
					t.Errorf("lost %s: %v, want it said that all is gone", site, err)
				}
			}})
			ix := sites.Of("site")
			// It may take a look at the words until the damage shows.
			_, err = ix.Match(t.Context(), query.Word{Text: "mot"})
			if err != nil && fault.KindOf(err) != fault.KindUnavailable {
				t.Errorf("who asks meanwhile is told %v, want Unavailable", err)
			}
			if at, again := ix.Position(); again != nil || at != (text.Position{}) {
				t.Errorf("position = %v, %v (the question: %v), want none", at, again, err)
			}
			put(t, ix, post(2, "fr", "Deux", "mot"))
			if got := match(t, ix, query.Word{Text: "mot"}); len(got) != 1 || got[0] != 2 {
				t.Errorf("found %v", got)
			}
			if got := match(t, sites.Of("other"), query.Word{Text: "mot"}); len(got) != 1 || got[0] != 1 {
				t.Errorf("found at another site: %v", got)
			}
			mu.Lock()
			defer mu.Unlock()
			if name != "no segments" && (len(lost) != 1 || lost[0] != "site") {
				t.Errorf("lost = %q", lost)
			}
		})
	}
}

func TestSitesAreApartAndClosedWhenThereAreMany(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sites := open(t, text.Options{Dir: dir, MaxOpen: 3})
	names := []string{"a", "b", "Ç/../x", "..", "e", "f", "g", "h"}
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			for range 5 {
				if err := sites.Of(name).Put([]text.Document{post(uint32(i+1), "fr", "Titre", "mot")}, text.Position{Epoch: 1, Pos: int64(i + 1)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i, name := range names {
		if got := match(t, sites.Of(name), query.Word{Text: "mot"}); len(got) != 1 || got[0] != uint32(i+1) {
			t.Errorf("site %q has %v", name, got)
		}
		// Position is of what is on disk: closing waits for that.
		if err := sites.Of(name).Close(); err != nil {
			t.Errorf("close site %q: %v", name, err)
		}
		if at, err := sites.Of(name).Position(); err != nil || at.Pos != int64(i+1) {
			t.Errorf("site %q is at %v, %v", name, at, err)
		}
	}
	if folders, err := os.ReadDir(dir); err != nil || len(folders) != len(names) {
		t.Errorf("%d folders, %v, want one for each site", len(folders), err)
	}
	if err := sites.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if got := match(t, sites.Of("a"), query.Word{Text: "mot"}); len(got) != 0 {
		t.Errorf("a removed site has %v", got)
	}
	if err := sites.Reset(); err != nil {
		t.Fatal(err)
	}
	if at, err := sites.Of("b").Position(); err != nil || at != (text.Position{}) {
		t.Errorf("after a reset: %v, %v", at, err)
	}
}

func TestAnIdleIndexIsClosedAndOpensAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sites := open(t, text.Options{Dir: dir, Idle: time.Millisecond})
	put(t, sites.Of("site"), post(1, "fr", "Un", "mot"))
	// While it is open another process cannot open it; this one shows when it is closed.
	for {
		other, err := text.Open(text.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		_, err = other.Of("site").Position()
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
		if err == nil {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("it is never closed")
		}
	}
	if got := match(t, sites.Of("site"), query.Word{Text: "mot"}); len(got) != 1 {
		t.Errorf("found %v", got)
	}
}

func TestAnIndexThatAnotherProcessHasIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, text.Options{Dir: dir})
	put(t, first.Of("site"), post(1, "fr", "Un", "mot"))
	second := open(t, text.Options{Dir: dir, Lost: func(site string, err error) { t.Errorf("lost %s: %v", site, err) }})
	if _, err := second.Of("site").Position(); err == nil {
		t.Error("two processes have one index")
	}
	if got := match(t, first.Of("site"), query.Word{Text: "mot"}); len(got) != 1 {
		t.Errorf("found %v", got)
	}
}

func TestWithoutAFolderNothingIsLeft(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	sites, err := text.Open(text.Options{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, sites.Of("site"), post(1, "fr", "Un", "mot"))
	if got := match(t, sites.Of("site"), query.Word{Text: "mot"}); len(got) != 1 {
		t.Errorf("found %v", got)
	}
	if err := sites.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := sites.Of("site").Position(); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the end: %v", err)
	}
}
