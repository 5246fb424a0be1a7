package nemesis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
)

// CopyTree copies the files of a folder as they are at that moment, even while
// somebody writes them: what a crash would leave. What vanishes meanwhile is
// left out, and so is everything that is neither a file nor a folder.
func CopyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch target := filepath.Join(to, rel); {
		case entry.IsDir():
			return os.MkdirAll(target, 0o700)
		case entry.Type().IsRegular():
			return copyFile(path, target)
		}
		return nil
	})
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}

// replaceTree puts a copy in the place of a folder.
func replaceTree(folder, older string) error {
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("remove %s: %w", folder, err)
	}
	return CopyTree(older, folder)
}

// flipBits changes n single bits in files of a folder, chosen by r.
func flipBits(r *rand.Rand, folder string, n int) (flipped []string, err error) {
	var files []string
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := entry.Info(); err == nil && entry.Type().IsRegular() && info.Size() > 0 {
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		return nil, err
	}
	for range n {
		path := files[r.IntN(len(files))]
		text, err := os.ReadFile(path)
		if err != nil {
			return flipped, err
		}
		at := r.IntN(len(text))
		text[at] ^= 1 << r.IntN(8)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return flipped, err
		}
		rel, _ := filepath.Rel(folder, path) // path came from folder
		flipped = append(flipped, fmt.Sprintf("%s[%d]", rel, at))
	}
	return flipped, nil
}

// copyOwned copies a folder with its owners, as PostgreSQL insists on.
func copyOwned(ctx context.Context, from, to string) error {
	if out, err := exec.CommandContext(ctx, "cp", "-a", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s: %w: %s", from, err, out)
	}
	return nil
}
