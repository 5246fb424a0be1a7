package media

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
)

// file is a new file that has no name of its own yet. Drop it in any case.
type file struct {
	*os.File

	root   *os.Root
	folder string
	temp   string
}

func newFile(root *os.Root, folder string) (*file, error) {
	temp := path.Join(folder, partial+rand.Text())
	f, err := root.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return nil, fmt.Errorf("create a file: %w", err)
	}
	return &file{File: f, root: root, folder: folder, temp: temp}, nil
}

// name gives the file its name for good: after a crash there is the whole file or
// none. existing is true if another one has the name; that one stays.
func (f *file) name(base string) (existing bool, err error) {
	if err := f.Sync(); err != nil {
		return false, fmt.Errorf("write the file: %w", err)
	}
	return link(f.root, f.temp, path.Join(f.folder, base))
}

// drop closes the file and takes its first name away.
func (f *file) drop() {
	_ = f.Close() // what was to last was synchronised
	_ = f.root.Remove(f.temp)
}

// link gives a file a second name. A link never replaces a file: whoever comes
// second finds it there.
func link(root *os.Root, from, to string) (existing bool, err error) {
	err = root.Link(from, to)
	if errors.Is(err, fs.ErrExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("name the file: %w", err)
	}
	return false, nil
}

// syncFolder makes the names in a folder outlive a crash.
func syncFolder(root *os.Root, folder string) error {
	d, err := root.Open(folder)
	if err != nil {
		return fmt.Errorf("open the folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("write the folder: %w", err)
	}
	return nil
}
