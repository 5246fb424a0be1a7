package web

import (
	"encoding/json"
	"net/http"

	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/fault"
)

// Problem is the body of an error answer (RFC 9457).
type Problem struct {
	// Type is a stable name of the kind of problem: "/problems/invalid". ProblemKinds explains them.
	Type   string  `json:"type"`
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail"`
	Errors []Field `json:"errors,omitempty"`
	// Trace finds the request in the logs.
	Trace string `json:"trace,omitempty"`
}

// Field is a refused field.
type Field struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
	// Code is a word for programs; empty if there is none.
	Code string `json:"code,omitempty"`
	// Offset and Length are the place in a text, in characters; both or none.
	Offset *int `json:"offset,omitempty"`
	Length *int `json:"length,omitempty"`
}

// Status is the one table between fault kinds and HTTP.
func Status(k fault.Kind) int {
	switch k {
	case fault.KindMalformed:
		return http.StatusBadRequest
	case fault.KindInvalid:
		return http.StatusUnprocessableEntity
	case fault.KindTooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.KindNotFound:
		return http.StatusNotFound
	case fault.KindConflict, fault.KindPending:
		return http.StatusConflict
	case fault.KindStale:
		return http.StatusPreconditionFailed
	case fault.KindUnconditional:
		return http.StatusPreconditionRequired
	case fault.KindUnauthenticated:
		return http.StatusUnauthorized
	case fault.KindDenied:
		return http.StatusForbidden
	case fault.KindExhausted:
		return http.StatusTooManyRequests
	case fault.KindUnavailable:
		return http.StatusServiceUnavailable
	case fault.KindInternal:
	}
	return http.StatusInternalServerError
}

// pending is the type of the one conflict that ends by itself.
const pending = "/problems/pending"

func problemType(k fault.Kind) string {
	switch k {
	case fault.KindMalformed:
		return "/problems/malformed"
	case fault.KindInvalid:
		return "/problems/invalid"
	case fault.KindTooLarge:
		return "/problems/too-large"
	case fault.KindNotFound:
		return "/problems/not-found"
	case fault.KindConflict:
		return "/problems/conflict"
	case fault.KindPending:
		return pending
	case fault.KindStale:
		return "/problems/stale"
	case fault.KindUnconditional:
		return "/problems/unconditional"
	case fault.KindUnauthenticated:
		return "/problems/unauthenticated"
	case fault.KindDenied:
		return "/problems/denied"
	case fault.KindExhausted:
		return "/problems/exhausted"
	case fault.KindUnavailable:
		return "/problems/unavailable"
	case fault.KindInternal:
	}
	return "/problems/internal"
}

// NewProblem is what may be told about err.
func NewProblem(r *http.Request, err error) Problem {
	kind := fault.KindOf(err)
	status := Status(kind)
	p := Problem{Type: problemType(kind), Title: http.StatusText(status), Status: status, Detail: fault.TextOf(err)}
	for _, v := range fault.ViolationsOf(err) {
		f := Field{Field: v.Field, Detail: v.Message, Code: v.Code}
		if v.Place != nil {
			f.Offset, f.Length = &v.Place.Offset, &v.Place.Length
		}
		p.Errors = append(p.Errors, f)
	}
	if sc := trace.SpanContextFromContext(r.Context()); sc.IsValid() {
		p.Trace = sc.TraceID().String()
	}
	return p
}

// WriteProblem answers r with err as application/problem+json. The cause of an
// internal error is never shown.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	WriteProblemAs(w, NewProblem(r, err))
}

// WriteProblemAs answers with p; for statuses that no fault kind stands for.
func WriteProblemAs(w http.ResponseWriter, p Problem) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	switch {
	case p.Status == http.StatusServiceUnavailable, p.Type == pending:
		h.Set("Retry-After", "1")
	case p.Status == http.StatusTooManyRequests:
		h.Set("Retry-After", "5")
	case p.Status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="parution"`)
	}
	body, err := json.Marshal(p)
	if err != nil { // strings and integers only
		body = []byte(`{"type":"/problems/internal","status":500}`)
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n')) // the client may have gone
}

// KindOf is the kind that an answer's status stands for: the way back for
// clients of the JSON API.
func KindOf(status int) fault.Kind {
	for k := fault.KindMalformed; k <= fault.KindUnavailable; k++ {
		if Status(k) == status {
			return k
		}
	}
	return fault.KindInternal
}
