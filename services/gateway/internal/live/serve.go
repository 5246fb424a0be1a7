package live

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/web"
	"github.com/parution/parution/services/gateway/internal/headers"
)

// Path is where readers listen.
const Path = "/events"

const (
	// writeTimeout is how long a reader may take for what it is told at the beginning.
	writeTimeout = 10 * time.Second
	// maxAge bounds the age that a reader may name, in seconds.
	maxAge = 3600
	// slack is added to an age: the page may come from a replica that hears later.
	slack = 3 * time.Second
)

var errFull = fault.Unavailable("as many readers listen as there is room for; pages are served all the same")

// Serve answers r, a GET or HEAD request for events of site. It returns at once for
// readers whose connection can be taken over, and for others when they leave.
//
// A reader goes on where it was by the field Last-Event-ID, which browsers send,
// or the parameter after; with the parameter age, in seconds, it is told what
// happened since it asked for its page.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, site string) {
	headers.Apply(w.Header(), headers.Page())
	from, err := h.begin(r, site)
	if err != nil {
		web.WriteProblem(w, r, err)
		return
	}
	fields := w.Header()
	fields.Set("Content-Type", "text/event-stream")
	fields.Set("Cache-Control", "no-store")
	fields.Set("X-Accel-Buffering", "no") // nginx would wait for more
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return
	}
	if err := h.seat(r); err != nil {
		fields.Del("X-Accel-Buffering")
		web.WriteProblem(w, r, err)
		return
	}
	h.reach(r.Context(), from)                        // who has a seat only: it may take a while
	listening := &reader{phase: uint8(rand.N(beats))} //nolint:gosec // spreads the load, keeps no secret
	if conn := takeOver(w, r); conn != nil {
		h.serveSocket(conn, w.Header(), listening, site, from)
		return
	}
	h.serveStream(w, r, listening, site, from)
}

// begin is the place from which r goes on.
func (h *Hub) begin(r *http.Request, site string) (place, error) {
	query := r.URL.Query()
	id := r.Header.Get("Last-Event-ID") // that of a browser which connects again, newer than what its address says
	if id == "" {
		id = query.Get("after")
		if _, ok := parsePlace(id); id != "" && !ok {
			return place{}, fault.Malformed("after", "is not the id of an event, such as 1.105")
		}
	}
	switch age := query.Get("age"); {
	case id != "":
		from, _ := parsePlace(id) // an id that is none is of no known place
		return from, nil
	case age != "":
		seconds, err := strconv.Atoi(age)
		if err != nil || seconds < 0 || seconds > maxAge {
			return place{}, fault.Malformed("age", "is not a number of seconds from 0 to %d", maxAge)
		}
		return h.ago(time.Duration(seconds)*time.Second + slack), nil
	}
	return h.here(site), nil
}

// seat takes a place for a reader.
func (h *Hub) seat(r *http.Request) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.stopping:
		return errStopping
	case h.readers < h.max:
		h.readers++
		return nil
	case !h.full:
		h.full = true
		h.deps.Telemetry.Log.WarnContext(r.Context(), "no more readers can listen for changes", "readers", h.readers)
	}
	return errFull
}

// exit lets r go, whether it listens yet or not.
func (h *Hub) exit(r *reader) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.topic == nil {
		h.unseat()
		return
	}
	h.remove(r)
}

// admit tells r what it has to know first, by write, and makes it listen.
func (h *Hub) admit(site string, r *reader, from place, write func([]byte) error) error {
	// Where all connections break at once readers come back at different times.
	first := retryFrame(2*time.Second + rand.N(3*time.Second)) //nolint:gosec // jitter, not a secret
	if from != (place{}) {
		first = append(first, placeFrame(from)...)
	}
	if err := write(first); err != nil {
		return err
	}
	for {
		frame, to, err := h.enter(site, r, from)
		if err != nil || frame == nil {
			return err
		}
		if err := write(frame); err != nil {
			return err
		}
		from = to
	}
}

// takeOver takes the connection of r from the HTTP server, so that a reader who
// only waits costs neither a goroutine nor buffers. It is nil where that does not
// work: HTTP/2, TLS, systems without such sockets.
func takeOver(w http.ResponseWriter, r *http.Request) net.Conn {
	if r.ProtoMajor != 1 || r.TLS != nil || !canTakeOver {
		return nil
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil
	}
	return conn
}

func (h *Hub) serveSocket(conn net.Conn, fields http.Header, r *reader, site string, from place) {
	// Without a length the answer ends with the connection, which is the form that
	// everything on the way understands, and to a browser no error.
	fields.Set("Connection", "close")
	fields.Set("Date", h.deps.Now().UTC().Format(http.TimeFormat))
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 200 OK\r\n")
	_ = fields.Write(&head) // a buffer takes everything
	head.WriteString("\r\n")
	write := func(frame []byte) error {
		if err := conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return err
		}
		_, err := conn.Write(append(head.Bytes(), frame...))
		head.Reset()
		return errors.Join(err, conn.SetWriteDeadline(time.Time{}))
	}
	s, err := newSocket(conn)
	if err == nil {
		r.sink = s
		err = h.admit(site, r, from, write)
	}
	if err != nil { // the reader has left, or has to
		h.exit(r)
		_ = conn.Close()
	}
}
