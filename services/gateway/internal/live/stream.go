package live

import (
	"net/http"
	"time"
)

// queued is how many frames may wait for a reader: each is a round of telling.
const queued = 16

// stream is a reader whose connection stays with the HTTP server.
type stream struct{ frames chan []byte }

func (s stream) send(frame []byte) bool {
	select {
	case s.frames <- frame:
		return true
	default:
		return false
	}
}

// left is found out by who serves the stream.
func (stream) left() bool { return false }

func (s stream) end() { close(s.frames) }

// serveStream answers r until its reader leaves or has to.
func (h *Hub) serveStream(w http.ResponseWriter, r *http.Request, listening *reader, site string, from place) {
	defer h.exit(listening)
	rc := http.NewResponseController(w)
	// A server's limits are for requests with an end. One without deadlines has none to lift.
	_ = rc.SetReadDeadline(time.Time{})
	write := func(frame []byte) error {
		_ = rc.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := w.Write(frame); err != nil { //nolint:gosec // JSON, and never taken for HTML
			return err
		}
		return rc.Flush()
	}
	s := stream{make(chan []byte, queued)}
	listening.sink = s
	if err := h.admit(site, listening, from, write); err != nil {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case frame, more := <-s.frames:
			if !more || write(frame) != nil {
				return
			}
		}
	}
}
