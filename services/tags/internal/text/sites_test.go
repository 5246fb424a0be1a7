package text_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
)

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
			// It was written to more often than after the damage.
			for range 9 {
				put(t, sites.Of("site"), post(1, "fr", "Un", "mot"))
				if err := sites.Of("site").Close(); err != nil {
					t.Fatal(err)
				}
			}
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
			if err := sites.Close(); err != nil {
				t.Fatal(err)
			}
			if said := startAgain(t, dir); said != "" {
				t.Errorf("the next start says:\n%s", said)
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
