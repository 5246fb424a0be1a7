package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/web"
	"github.com/parution/parution/services/gateway/internal/drain"
	"github.com/parution/parution/services/gateway/internal/routename"
)

// unsupportedError is a body that is no JSON by its own word.
type unsupportedError struct{ contentType string }

// Error implements error.
func (e *unsupportedError) Error() string { return "unsupported media type " + e.contentType }

// admit checks a request against the contract of its call before anything reads
// it, so that what is refused is refused with its name.
func (a *API) admit(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, variables map[string]string) {
		pattern, _ := runtime.HTTPPattern(r.Context())
		route := a.routes.byPattern[r.Method+" "+pattern.String()]
		if route == nil {
			a.misroute(r.Context(), a.mux, nil, w, r, http.StatusNotFound)
			return
		}
		routename.Set(r.Context(), route.method, route.template)
		p, err := a.check(w, r, route, variables)
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		next(w, r.WithContext(withPrecondition(r.Context(), p)), variables)
	}
}

func (a *API) check(w http.ResponseWriter, r *http.Request, route *route, variables map[string]string) (precondition, error) {
	if err := route.checkPath(variables); err != nil {
		return precondition{}, err
	}
	if err := route.checkQuery(r.URL.RawQuery); err != nil {
		return precondition{}, err
	}
	if err := checkKey(r.Header.Values("Idempotency-Key")); err != nil {
		return precondition{}, err
	}
	if err := a.checkBody(w, r, route); err != nil {
		return precondition{}, err
	}
	return route.readPrecondition(r.Header)
}

// checkKey refuses a key that could not be passed on: a write that looks safe to
// repeat must be.
func checkKey(keys []string) error {
	if len(keys) > 1 {
		return fault.Malformed("Idempotency-Key", "is given %d times", len(keys))
	}
	for _, key := range keys {
		if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
			return fault.Malformed("Idempotency-Key", "is empty or not printable ASCII")
		}
	}
	return nil
}

func (a *API) checkBody(w http.ResponseWriter, r *http.Request, route *route) error {
	limit := a.deps.MaxBodyBytes
	if r.ContentLength > limit {
		drain.Body(r, limit)
		return fault.TooLarge("request", "has %d bytes; at most %d", r.ContentLength, limit)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		drain.Body(r, limit)
		return fault.TooLarge("request", "has more than %d bytes; at most %d", limit, limit)
	}
	if err != nil {
		return fault.Wrap(fault.KindMalformed, err, "the request body could not be read")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) == 0 {
		return nil
	}
	if route.body == nil {
		return fault.Malformed("", "this call takes no request body")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &unsupportedError{r.Header.Get("Content-Type")}
	}
	return checkBody(body, route.body, route.hidden)
}

// refuse answers with what is wrong.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if e, ok := errors.AsType[*unsupportedError](err); ok {
		web.WriteProblemAs(w, web.Problem{
			Type: "/problems/unsupported-media-type", Title: http.StatusText(http.StatusUnsupportedMediaType), Status: http.StatusUnsupportedMediaType,
			Detail: "Content-Type is \"" + strings.ToValidUTF8(e.contentType, "?") + "\"; send application/json",
			Errors: []web.Field{{Field: "Content-Type", Detail: "is not application/json"}},
		})
		return
	}
	if errors.Is(err, errMisdirected) {
		web.WriteProblemAs(w, web.Problem{
			Type: "/problems/misdirected", Title: http.StatusText(http.StatusMisdirectedRequest), Status: http.StatusMisdirectedRequest,
			Detail: errMisdirected.Error(),
		})
		return
	}
	if fault.KindOf(err) == fault.KindInternal {
		a.deps.Log.ErrorContext(r.Context(), "an API call failed", "error", err)
	}
	web.WriteProblem(w, r, err)
}

// fail answers with the error of a call.
func (a *API) fail(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	if status, ok := errors.AsType[*runtime.HTTPStatusError](err); ok && status.HTTPStatus == http.StatusBadRequest {
		err = fault.Wrap(fault.KindMalformed, err, "the path could not be read")
	}
	a.refuse(w, r, rpc.FromStatus(err))
}

// misroute answers where there is no call.
func (a *API) misroute(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, status int) {
	if verbs := a.routes.verbs(r.URL.Path); len(verbs) > 0 {
		a.refuse(w, r, fault.NotFound("there is no such verb; what is here takes :%s", strings.Join(verbs, ", :")))
		return
	}
	if methods := a.routes.methods(r.URL.Path); status == http.StatusMethodNotAllowed && len(methods) > 0 {
		methodNotAllowed(w, methods...)
		return
	}
	a.refuse(w, r, fault.NotFound("there is no such call; %s lists them", root))
}
