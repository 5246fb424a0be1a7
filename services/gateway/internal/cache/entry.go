package cache

import (
	"bytes"
	"cmp"
	"container/list"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"

	"github.com/parution/parution/services/gateway/internal/headers"
)

const (
	// leastCompressed is the size below which compressing gains nothing.
	leastCompressed = 512
	brotliLevel     = 5
	gzipLevel       = 6
	// What never changes is compressed once and read by everybody: it is worth brotli's
	// best, up to a size that takes it some tenths of a second.
	bestLevel = brotli.BestCompression
	bestUpTo  = 64 << 10
	// overhead is what an entry takes beside its bodies, roughly.
	overhead = 2 << 10
)

// Entry is a page with its finished answers. Safe for concurrent use.
type Entry struct {
	cache *Cache
	key   Key
	page  Page
	// generation is that of the cache when the page was last current; 0 once dropped.
	generation atomic.Uint64
	// confirmed, in Unix nanoseconds, is when the source last said that the page is current.
	confirmed atomic.Int64
	used      atomic.Bool
	variants  [encodings]atomic.Pointer[variant]
	squeeze   sync.Mutex // one compression of a page at a time

	// Guarded by cache.mu.
	keys  []string
	start uint64 // the drops that the source knew of when it was asked
	bytes int64
	place *list.Element
}

// variant is one finished answer.
type variant struct {
	status       int
	body         []byte
	etag         string
	lastModified string
	full         []headers.Field // of an answer with the body
	unchanged    []headers.Field // of a 304
}

func newEntry(c *Cache, k Key, page Page) *Entry {
	e := &Entry{cache: c, key: k, page: page, keys: page.Keys, bytes: int64(len(page.Body)) + overhead}
	for _, key := range page.Keys {
		e.bytes += int64(len(key)) + 100
	}
	e.confirmed.Store(c.now().UnixNano())
	e.variants[identity].Store(e.finish(identity, page.Body))
	return e
}

// Status is the page's HTTP status.
func (e *Entry) Status() int { return e.page.Status }

// Respond answers r, a GET or HEAD request, with the page.
func (e *Entry) Respond(w http.ResponseWriter, r *http.Request) { e.respond(w, r, "", 0) }

// RespondPrivately is Respond for one reader: nobody on the way keeps the answer.
func (e *Entry) RespondPrivately(w http.ResponseWriter, r *http.Request) {
	e.respond(w, r, "private, no-cache", 0)
}

// RespondOnce is Respond where nobody at all keeps the answer.
func (e *Entry) RespondOnce(w http.ResponseWriter, r *http.Request) {
	e.respond(w, r, "no-store", 0)
}

// RespondAs is RespondOnce with another status.
func (e *Entry) RespondAs(w http.ResponseWriter, r *http.Request, status int) {
	e.respond(w, r, "no-store", status)
}

// respond answers; keeping says who may keep the answer, empty for what the page says,
// and as is the status if it is not the page's.
func (e *Entry) respond(w http.ResponseWriter, r *http.Request, keeping string, as int) {
	v := e.variant(r.Header["Accept-Encoding"])
	status, fields := cmp.Or(as, v.status), v.full
	if as == 0 && status == http.StatusOK && v.matches(r.Header) {
		status, fields = http.StatusNotModified, v.unchanged
	}
	headers.Apply(w.Header(), fields)
	if keeping != "" && !e.page.Immutable {
		w.Header().Set("Cache-Control", keeping)
	}
	w.WriteHeader(status)
	if status == http.StatusNotModified {
		return
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(v.body) // the client may have gone
	}
}

func (e *Entry) variant(accept []string) *variant {
	if !e.compressible() {
		return e.variants[identity].Load()
	}
	enc := negotiate(accept)
	if v := e.variants[enc].Load(); v != nil {
		return v
	}
	return e.compress(enc)
}

func (e *Entry) compressible() bool {
	return len(e.page.Body) > leastCompressed && isText(e.page.ContentType)
}

func isText(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch kind {
	case "application/rss+xml", "application/atom+xml", "application/feed+json", "application/json", "application/xml", "image/svg+xml":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

func isFeed(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch kind {
	case "application/rss+xml", "application/atom+xml", "application/feed+json":
		return true
	}
	return false
}

func (e *Entry) compress(enc encoding) *variant {
	e.squeeze.Lock()
	defer e.squeeze.Unlock()
	if v := e.variants[enc].Load(); v != nil {
		return v
	}
	var out bytes.Buffer
	if err := squeezeInto(&out, enc, e.page.Body, e.brotliLevel()); err != nil {
		return e.variants[identity].Load()
	}
	v := e.finish(enc, bytes.Clone(out.Bytes()))
	e.variants[enc].Store(v)
	e.cache.grow(e, int64(len(v.body)))
	return v
}

func (e *Entry) brotliLevel() int {
	if e.page.Immutable && len(e.page.Body) <= bestUpTo {
		return bestLevel
	}
	return brotliLevel
}

// squeezeInto writes body in enc, at a level if that is brotli. A bytes.Buffer takes everything, so errors are the encoder's own.
func squeezeInto(out *bytes.Buffer, enc encoding, body []byte, level int) error {
	if enc == br {
		w := brotli.NewWriterLevel(out, level)
		if _, err := w.Write(body); err != nil {
			return err
		}
		return w.Close()
	}
	w, err := gzip.NewWriterLevel(out, gzipLevel)
	if err != nil {
		return err
	}
	if _, err := w.Write(body); err != nil {
		return err
	}
	return w.Close()
}

// finish prepares everything that an answer needs, so that a hit only copies references.
func (e *Entry) finish(enc encoding, body []byte) *variant {
	v := &variant{status: e.page.Status, body: body, etag: tagFor(e.page.ETag, enc)}
	set := func(name, value string) headers.Field { return headers.Field{Name: name, Values: []string{value}} }
	common := headers.Page()
	if isFeed(e.page.ContentType) {
		common = headers.Feed()
	}
	if e.page.Immutable {
		common = append(common, set("Cache-Control", "public, max-age=31536000, immutable"))
	} else {
		// Readers ask each time, and mostly hear "not modified".
		common = append(common, set("Cache-Control", "no-cache"))
	}
	if e.compressible() {
		common = append(common, set("Vary", "Accept-Encoding"))
	}
	if v.etag != "" {
		common = append(common, set("Etag", v.etag))
	}
	if !e.page.LastModified.IsZero() {
		v.lastModified = e.page.LastModified.UTC().Format(http.TimeFormat)
		common = append(common, set("Last-Modified", v.lastModified))
	}
	v.unchanged = slices.Clip(common)
	v.full = append(v.unchanged, set("Content-Length", strconv.Itoa(len(body))))
	if e.page.ContentType != "" {
		v.full = append(v.full, set("Content-Type", e.page.ContentType))
	}
	if enc != identity {
		v.full = append(v.full, set("Content-Encoding", enc.name()))
	}
	if e.page.Location != "" {
		v.full = append(v.full, set("Location", e.page.Location))
	}
	return v
}

// tagFor makes the validator of one encoding: they are different bytes.
func tagFor(etag string, enc encoding) string {
	if enc == identity || len(etag) < 2 {
		return etag
	}
	return etag[:len(etag)-1] + "-" + enc.name() + `"`
}
