package media_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parution/parution/services/gateway/internal/media"
)

func TestSweepTakesAbandonedUploadsOfEverySite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(file string, age time.Duration) string {
		t.Helper()
		file = filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatalf("make the folder: %v", err)
		}
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatalf("write the file: %v", err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatalf("age the file: %v", err)
		}
		return file
	}
	gone := []string{put("main/.upload-a", 24*time.Hour), put("other/.upload-b", 24*time.Hour)}
	stay := []string{put("main/.upload-c", 0), put("main/0123456789abcdef0123456789abcdef.png", 24*time.Hour)}
	s := media.New(dir, 1, 1, slog.New(slog.DiscardHandler))
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatalf("sweep: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	for _, file := range gone {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want it gone", file, err)
		}
	}
	for _, file := range stay {
		if _, err := os.Stat(file); err != nil {
			t.Errorf("%s: %v, want it to stay", file, err)
		}
	}
}
