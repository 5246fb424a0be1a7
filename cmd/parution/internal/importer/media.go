package importer

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"
	"sync"

	"github.com/parution/parution/chassis/fault"
)

// isMediaPath tells whether a path looks like that of an image, a sound, a film
// or a document. Pages, data and settings are never copied.
func isMediaPath(p string) bool {
	switch extension(p) {
	case ".png", ".jpg", ".jpeg", ".jfif", ".gif", ".webp", ".avif", ".svg", ".bmp", ".ico", ".apng", ".tif", ".tiff",
		".mp4", ".m4v", ".webm", ".mov", ".ogv", ".mp3", ".ogg", ".oga", ".opus", ".wav", ".m4a", ".flac", ".vtt",
		".pdf", ".epub", ".odt", ".ods", ".odp", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".csv", ".zip":
		return true
	}
	return false
}

// media finds the file that a path means. The path is unescaped already.
func (x *index) media(it *item, p string, image bool) target {
	if image && !isMediaPath(p) {
		return target{verdict: isMissing, reason: "is no file that can be shown"}
	}
	var outside string
	for _, c := range x.source.candidates(it, p) {
		c = strings.TrimPrefix(path.Clean("/"+c), "/")
		if x.reader.folder.has(c) {
			return target{verdict: isMedia, file: c}
		}
		if x.reader.folder.leaves(c) {
			outside = c
		}
	}
	if outside != "" {
		return target{verdict: isMissing, reason: "leads out of the folder"}
	}
	return target{verdict: isMissing, reason: "is not there"}
}

// library brings files over, each once. Safe for concurrent use.
type library struct {
	site   Site
	folder folder

	mu       sync.Mutex
	files    map[string]*shelf
	copied   int
	existing int
	problems []Problem
}

// shelf is one file on its way.
type shelf struct {
	once    sync.Once
	address string
	refusal string
	err     error
}

func newLibrary(site Site, f folder) *library {
	return &library{site: site, folder: f, files: make(map[string]*shelf)}
}

// address brings a file over and answers with its address on the site; or with
// why it was refused. An error ends the import.
func (l *library) address(ctx context.Context, file string) (address, refusal string, err error) {
	l.mu.Lock()
	s := l.files[file]
	if s == nil {
		s = new(shelf)
		l.files[file] = s
	}
	l.mu.Unlock()
	s.once.Do(func() { l.bring(ctx, file, s) })
	return s.address, s.refusal, s.err
}

func (l *library) bring(ctx context.Context, file string, s *shelf) {
	data, err := l.folder.read(file, maxMediaBytes)
	switch {
	case err != nil:
		s.refusal = err.Error()
	case len(data) == 0:
		s.refusal = "is empty"
	default:
		var existed bool
		s.address, existed, err = l.site.Media(ctx, path.Base(file), data)
		switch {
		case err != nil && refuses(err):
			s.refusal = fault.TextOf(err)
		case err != nil:
			s.err = fmt.Errorf("bring %s over: %w", file, err)
		default:
			l.count(existed)
			return
		}
	}
	if s.refusal != "" {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.problems = append(l.problems, Problem{File: file, Severity: Refused, Topic: "media", Reason: s.refusal})
	}
}

func (l *library) count(existed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if existed {
		l.existing++
		return
	}
	l.copied++
}

// refuses tells whether an error is about one value, not about the site.
func refuses(err error) bool {
	switch fault.KindOf(err) {
	case fault.KindInvalid, fault.KindMalformed, fault.KindTooLarge, fault.KindConflict:
		return true
	case fault.KindInternal, fault.KindNotFound, fault.KindStale, fault.KindUnconditional, fault.KindUnauthenticated,
		fault.KindDenied, fault.KindExhausted, fault.KindUnavailable, fault.KindPending:
	}
	return false
}

// coverAddress settles the post's cover.
func (c *carrying) coverAddress(ctx context.Context) error {
	p := &c.it.post
	if c.it.cover == "" {
		return nil
	}
	t := c.index.find(c.it, c.it.cover, true)
	if t.verdict == isMissing && !strings.Contains(c.it.cover, "/") {
		t = c.index.byName(c.it.cover, t)
	}
	if t.note != "" {
		c.it.warn(c.it.coverLine, "cover", "%s", t.note)
	}
	switch t.verdict {
	case isOutside:
		c.outside++
		if u, err := url.Parse(c.it.cover); err == nil && u.Scheme != "" && len(c.it.cover) <= maxAddress {
			p.Image = u.String()
			return nil
		}
		c.it.warn(c.it.coverLine, "cover", "image %q is no address", c.it.cover)
	case isMedia:
		address, refusal, err := c.library.address(ctx, t.file)
		if err != nil {
			return err
		}
		if p.Image = address; refusal != "" {
			c.it.warn(c.it.coverLine, "missing image", "the cover %s %s; the post has none", t.file, refusal)
		}
	case isMissing:
		c.it.warn(c.it.coverLine, "missing image", "the cover %s %s; the post has none", c.it.cover, t.reason)
	case keep, leadsTo:
		c.it.warn(c.it.coverLine, "missing image", "the cover %s is no image; the post has none", c.it.cover)
	}
	if p.Image == "" {
		p.ImageAlt, p.ImageCaption = "", ""
	}
	return nil
}

// byName finds the one file of that name, wherever it is: themes may have put
// the folder before it.
func (x *index) byName(name string, otherwise target) target {
	if files := x.reader.names[name]; len(files) == 1 && isMediaPath(name) {
		return target{verdict: isMedia, file: files[0], note: fmt.Sprintf("image %q is taken to be %s, the only file of that name", name, files[0])}
	}
	return otherwise
}
