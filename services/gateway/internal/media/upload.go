package media

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/picture"
	"github.com/parution/parution/chassis/web"
	"github.com/parution/parution/services/gateway/internal/drain"
	"github.com/parution/parution/services/gateway/internal/media/raster"
)

const (
	// partial begins the names of files that are being received.
	partial = ".upload-"
	// uploadTimeout is how long an upload may take, longer than other requests.
	uploadTimeout = 60 * time.Second
	// answerTimeout is for the answer to one that took all of it.
	answerTimeout = 10 * time.Second
	// abandonedAfter is when a file that is still being received is not.
	abandonedAfter = time.Hour
)

func abandoned(modified time.Time) bool { return time.Since(modified) > abandonedAfter }

// Uploaded is the answer to an upload.
type Uploaded struct {
	// URL is the file's path.
	URL string `json:"url"`
	// Width and Height are those of the image as it is shown, in pixels.
	Width  int `json:"width"`
	Height int `json:"height"`
	// Existing is true if the site had the same content before.
	Existing bool `json:"existing"`
}

// Upload keeps the image in the body of r for the site of the caller in r's
// context and answers its address: 201, or 200 if the site had the same content before.
func (s *Store) Upload(w http.ResponseWriter, r *http.Request) {
	answer, err := s.receive(w, r)
	if err != nil {
		if kind, ok := errors.AsType[*unsupportedError](err); ok {
			web.WriteProblemAs(w, kind.problem())
			return
		}
		if fault.KindOf(err) == fault.KindTooLarge {
			drain.Body(r, s.max)
		}
		if fault.KindOf(err) == fault.KindInternal {
			s.log.ErrorContext(r.Context(), "an upload could not be kept", "error", err)
		}
		web.WriteProblem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", answer.URL)
	if answer.Existing {
		w.WriteHeader(http.StatusOK)
	} else {
		w.WriteHeader(http.StatusCreated)
	}
	_ = json.NewEncoder(w).Encode(answer) // the client may have gone
}

// unsupportedError is a media type that is not kept.
type unsupportedError struct{ mime string }

// Error implements error.
func (e *unsupportedError) Error() string { return "media type " + e.mime + " is not kept" }

func (e *unsupportedError) problem() web.Problem {
	return web.Problem{
		Type: "/problems/unsupported-media-type", Title: http.StatusText(http.StatusUnsupportedMediaType), Status: http.StatusUnsupportedMediaType,
		Detail: fmt.Sprintf("Content-Type is %q; send image/png, image/jpeg, image/gif, image/webp or image/svg+xml", e.mime),
		Errors: []web.Field{{Field: "Content-Type", Detail: "is not the type of an image that is kept"}},
	}
}

func (s *Store) receive(w http.ResponseWriter, r *http.Request) (Uploaded, error) {
	declared, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if _, known := kindByMIME(declared); err != nil || !known {
		return Uploaded{}, &unsupportedError{r.Header.Get("Content-Type")}
	}
	if s.dir == "" {
		return Uploaded{}, fault.Unavailable("this installation keeps no media")
	}
	if r.ContentLength > s.max {
		return Uploaded{}, s.tooLarge(fmt.Sprintf("has %d bytes", r.ContentLength))
	}
	// Not every writer can move its deadline; then the server's own holds.
	deadlines, now := http.NewResponseController(w), time.Now()
	_ = deadlines.SetReadDeadline(now.Add(uploadTimeout))
	_ = deadlines.SetWriteDeadline(now.Add(uploadTimeout + answerTimeout))
	site := identity.From(r.Context()).Site
	root, err := s.openSite(site)
	if err != nil {
		return Uploaded{}, err
	}
	raw, err := newFile(root, site)
	if err != nil {
		return Uploaded{}, err
	}
	defer raw.drop()
	clean, err := newFile(root, site)
	if err != nil {
		return Uploaded{}, err
	}
	defer clean.drop()
	p, err := s.keep(raw.File, clean.File, http.MaxBytesReader(w, r.Body, s.max), declared)
	if err != nil {
		return Uploaded{}, err
	}
	existing, err := clean.name(path.Base(p.Path()))
	if err != nil {
		return Uploaded{}, err
	}
	if err := syncFolder(root, site); err != nil {
		return Uploaded{}, err
	}
	// They are made when somebody asks for them if they cannot be now.
	if err := s.copier.makeNow(r.Context(), root, site, p); err != nil {
		s.log.WarnContext(r.Context(), "copies of a picture could not be made", "site", site, "file", p.Path(), "error", err)
	}
	return Uploaded{URL: p.Path(), Width: p.Width, Height: p.Height, Existing: existing}, nil
}

// openSite opens the whole folder once that of the site is in it.
func (s *Store) openSite(site string) (*os.Root, error) {
	if !isFolder(site) {
		return nil, fmt.Errorf("the site %q has no folder", site)
	}
	root, err := s.open(true)
	if err != nil {
		return nil, err
	}
	if err := root.MkdirAll(site, 0o750); err != nil {
		return nil, fmt.Errorf("create the media folder of the site %s: %w", site, err)
	}
	return root, nil
}

func (s *Store) tooLarge(size string) error {
	return fault.TooLarge("body", "%s; at most %d", size, s.max)
}

// keep writes body to raw, checks that it is what it says it is, writes of it to
// clean what is needed to show it, and answers what that is.
func (s *Store) keep(raw, clean *os.File, body io.Reader, declared string) (picture.Picture, error) {
	n, err := io.Copy(raw, body)
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return picture.Picture{}, s.tooLarge("has more bytes than are taken")
	}
	if err != nil {
		return picture.Picture{}, fault.Wrap(fault.KindMalformed, err, "the body could not be read")
	}
	if n == 0 {
		return picture.Picture{}, fault.Invalid("body", "is empty")
	}
	found, ok, err := sniff(raw, declared)
	if err != nil {
		return picture.Picture{}, err
	}
	if !ok || found.mime != declared {
		is := "no image that is kept"
		if ok {
			is = found.mime
		}
		return picture.Picture{}, fault.Invalid("body", "is %s, not %s as Content-Type says", is, declared)
	}
	size, err := inspect(found.mime, whole(raw))
	if err != nil {
		return picture.Picture{}, err
	}
	hash := sha256.New()
	facts, err := raster.Clean(io.MultiWriter(clean, hash), io.NewSectionReader(raw, 0, n), found.mime)
	if errors.Is(err, raster.ErrMalformed) {
		return picture.Picture{}, fault.Invalid("body", "is a broken %s: %v", found.mime, err)
	}
	if err != nil {
		return picture.Picture{}, fmt.Errorf("write the file: %w", err)
	}
	if facts.Turned() {
		size.X, size.Y = size.Y, size.X
	}
	return picture.Picture{Hash: hex.EncodeToString(hash.Sum(nil))[:32], Width: size.X, Height: size.Y, Ext: found.extension}, nil
}
