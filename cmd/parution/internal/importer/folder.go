package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// folder is what is imported: nothing outside of it is ever read. Safe for concurrent use.
type folder struct{ root *os.Root }

// file is one found in a folder.
type file struct {
	path     string
	modified time.Time
}

// folders that hold no posts of the site itself.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains([]string{"node_modules", "vendor", "_site", "__MACOSX"}, name)
}

// list finds the regular files below dir that match, in the order of their
// paths. Links to folders are not followed; links that lead out are refused.
func (f folder) list(ctx context.Context, dir string, match func(string) bool) ([]file, []Problem, error) {
	var out []file
	var problems []Problem
	err := fs.WalkDir(f.root.FS(), dir, func(p string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			if p == dir {
				return err
			}
			problems = append(problems, Problem{File: p, Severity: Refused, Topic: "unreadable file", Reason: plainError(err)})
			return nil
		}
		if d.IsDir() {
			if p != dir && ignored(d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if ignored(d.Name()) {
			return nil
		}
		problem := f.look(p, d, match)
		switch {
		case problem != nil:
			problems = append(problems, *problem)
		case match(p):
			info, err := d.Info()
			if err != nil {
				return fmt.Errorf("read %s: %w", p, err)
			}
			out = append(out, file{p, info.ModTime()})
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) && dir != "." {
		err = nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list %s: %w", dir, err)
	}
	return out, problems, nil
}

// look tells what is wrong with an entry, if it is one that is sought, or a link.
func (f folder) look(p string, d fs.DirEntry, match func(string) bool) *Problem {
	isLink := d.Type()&fs.ModeSymlink != 0
	if !match(p) && !isLink {
		return nil
	}
	info, err := f.root.Stat(p)
	switch {
	case err != nil:
		return &Problem{File: p, Severity: Refused, Topic: "unreadable file", Reason: plainError(err)}
	case info.IsDir():
		return &Problem{File: p, Topic: "unreadable file", Reason: "is a link to a folder; not followed"}
	case !info.Mode().IsRegular() && match(p):
		return &Problem{File: p, Severity: Refused, Topic: "unreadable file", Reason: "is no regular file"}
	}
	return nil
}

// plainError says what is wrong with a file, without the system's way of saying it.
func plainError(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is not there"
	case errors.Is(err, fs.ErrPermission):
		return "may not be read"
	case strings.Contains(err.Error(), "escapes"):
		return "leads out of the folder"
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return "cannot be read: " + pe.Err.Error()
	}
	return "cannot be read: " + err.Error()
}

// read is a regular file's content, of at most that many bytes.
func (f folder) read(name string, most int64) ([]byte, error) {
	info, err := f.root.Stat(name)
	if err != nil {
		return nil, errors.New(plainError(err))
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is no regular file")
	}
	if info.Size() > most {
		return nil, fmt.Errorf("has %d bytes; at most %d", info.Size(), most)
	}
	r, err := f.root.Open(name)
	if err != nil {
		return nil, errors.New(plainError(err))
	}
	defer func() { _ = r.Close() }() // only read from
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, errors.New(plainError(err))
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("has more than %d bytes", most)
	}
	return data, nil
}

// has tells whether there is a regular file of that name in the folder.
func (f folder) has(name string) bool {
	if name == "" || !fs.ValidPath(name) {
		return false
	}
	info, err := f.root.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// leaves tells whether that name exists but leads out of the folder.
func (f folder) leaves(name string) bool {
	if !fs.ValidPath(name) {
		return false
	}
	_, err := f.root.Stat(name)
	return err != nil && strings.Contains(err.Error(), "escapes")
}

// decode is a file's text with "\n" line ends. What is not UTF-8 is taken as
// Windows-1252, which holds Latin-1, and said to be so.
func decode(data []byte) (text, note string, err error) {
	s := strings.TrimPrefix(string(data), "\ufeff")
	switch {
	case strings.HasPrefix(s, "\xff\xfe"), strings.HasPrefix(s, "\xfe\xff"):
		return "", "", errors.New("is UTF-16; must be UTF-8")
	case strings.ContainsRune(s, 0):
		return "", "", errors.New("holds NUL bytes: it is no text")
	case !utf8.ValidString(s):
		if s, err = charmap.Windows1252.NewDecoder().String(s); err != nil {
			return "", "", errors.New("is not UTF-8")
		}
		note = "is not UTF-8; taken as Latin-1 (Windows-1252)"
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.ReplaceAll(s, "\r", "\n"), note, nil
}

// extension is a path's ending in lower case, with the dot.
func extension(p string) string { return strings.ToLower(path.Ext(p)) }
