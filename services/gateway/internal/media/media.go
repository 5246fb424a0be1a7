// Package media keeps uploaded images, those of each site in a folder of its
// own, each under the hash of its content and its size, with smaller copies, and
// serves them so that none of them can do anything but be shown.
package media

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/parution/parution/chassis/picture"
	"github.com/parution/parution/services/gateway/internal/headers"
	"github.com/parution/parution/services/gateway/internal/routename"
)

// Prefix begins the paths of media.
const Prefix = picture.Prefix

// oldName is the form of the files of earlier versions: half a SHA-256 and what
// it is. They are still served; package picture has the names of today.
var oldName = regexp.MustCompile(`^[0-9a-f]{32}\.(png|jpg|gif|webp|svg)$`)

// Store is a folder of media with one folder for each site. Safe for concurrent
// use, also by several processes.
type Store struct {
	dir     string
	max     int64
	copier  *copier
	log     *slog.Logger
	file    []headers.Field
	drawing []headers.Field

	mu   sync.Mutex
	root *os.Root // opened when first needed: reading creates no folder
}

// New keeps files of at most maxBytes in dir, and makes copies of pictures in
// about memory bytes. An empty dir keeps none: reading finds nothing and uploads
// are refused.
func New(dir string, maxBytes, memory int64, log *slog.Logger) *Store {
	return &Store{dir: dir, max: maxBytes, copier: newCopier(memory, log), log: log, file: headers.File(), drawing: headers.Drawing()}
}

func (s *Store) open(create bool) (*os.Root, error) {
	if s.dir == "" {
		return nil, fs.ErrNotExist
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.root != nil {
		return s.root, nil
	}
	if create {
		if err := os.MkdirAll(s.dir, 0o750); err != nil {
			return nil, fmt.Errorf("create the media folder: %w", err)
		}
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, fmt.Errorf("open the media folder: %w", err)
	}
	s.root = root
	return root, nil
}

// Close lets the folder go.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.root == nil {
		return nil
	}
	err := s.root.Close()
	s.root = nil
	return err
}

// ServeFile answers a GET or HEAD request for a file of the site with that id,
// also for parts of it, and tells whether the site has such a file.
func (s *Store) ServeFile(w http.ResponseWriter, r *http.Request, site string) bool {
	base := strings.TrimPrefix(r.URL.Path, Prefix)
	if !isFolder(site) || !isName(r.URL.Path) {
		return false
	}
	f, info, err := s.find(path.Join(site, base))
	lasting := true
	if errors.Is(err, fs.ErrNotExist) {
		if p, _, ok := picture.ParseCopy(r.URL.Path); ok {
			f, info, lasting, err = s.findCopy(r.Context(), site, base, p)
		}
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			s.log.WarnContext(r.Context(), "a media file could not be read", "site", site, "file", base, "error", err)
		}
		return false
	}
	defer func() { _ = f.Close() }() // it was only read
	routename.Set(r.Context(), r.Method, Prefix+"{file}")
	h := w.Header()
	kind := kindOf(base)
	if kind.drawing {
		headers.Apply(h, s.drawing)
	} else {
		headers.Apply(h, s.file)
	}
	h.Set("Content-Type", kind.mime)
	if lasting {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Etag", `"`+base+`"`)
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	http.ServeContent(w, r, "", info.ModTime(), f)
	return true
}

// isName tells whether a path can be that of a file.
func isName(p string) bool {
	if _, ok := picture.Parse(p); ok {
		return true
	}
	if _, _, ok := picture.ParseCopy(p); ok {
		return true
	}
	return oldName.MatchString(strings.TrimPrefix(p, Prefix))
}

// findCopy opens a copy that is not there: it is made, or the picture itself
// stands in for it. Such a stand-in does not last.
func (s *Store) findCopy(ctx context.Context, site, base string, p picture.Picture) (f *os.File, info fs.FileInfo, lasting bool, err error) {
	original := path.Join(site, strings.TrimPrefix(p.Path(), Prefix))
	if f, info, err = s.find(original); err != nil {
		return nil, nil, false, err
	}
	root, err := s.open(false)
	if err == nil {
		err = s.copier.makeSoon(ctx, root, site, p)
	}
	if err != nil {
		s.log.WarnContext(ctx, "copies of a picture could not be made", "site", site, "file", original, "error", err)
		return f, info, false, nil
	}
	c, copied, err := s.find(path.Join(site, base))
	if err != nil {
		return f, info, false, nil //nolint:nilerr // the picture itself is there
	}
	_ = f.Close() // it was not read
	return c, copied, true, nil
}

// isFolder tells whether a site's id names one folder below ours: were it several
// or a way out, one site could reach the files of another.
func isFolder(site string) bool {
	return site != "" && !strings.HasPrefix(site, ".") && !strings.ContainsAny(site, `/\`) && fs.ValidPath(site)
}

func (s *Store) find(file string) (*os.File, fs.FileInfo, error) {
	root, err := s.open(false)
	if err != nil {
		return nil, nil, err
	}
	f, err := root.Open(file)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// Sweep takes away what interrupted uploads left behind.
func (s *Store) Sweep(ctx context.Context) error {
	root, err := s.open(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	left, err := fs.Glob(root.FS(), "*/"+partial+"*")
	if err != nil {
		return fmt.Errorf("list the media folder: %w", err)
	}
	for _, file := range left {
		if err := s.sweepOne(root, file); err != nil {
			s.log.WarnContext(ctx, "an interrupted upload stays", "file", file, "error", err)
		}
	}
	return nil
}

func (s *Store) sweepOne(root *os.Root, file string) error {
	info, err := root.Stat(file)
	if err != nil {
		return err
	}
	if !abandoned(info.ModTime()) {
		return nil // another process may be at it
	}
	return root.Remove(file)
}
