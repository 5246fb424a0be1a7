// Package routename tells the span and the metrics of a request which of the
// few kinds of request it is: paths are too many to be names.
package routename

import (
	"context"
	"net/http"
	"slices"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Set names the request of ctx: "GET /api/v1/posts/{id}".
func Set(ctx context.Context, method, template string) {
	route := attribute.String("http.route", template)
	if l, ok := otelhttp.LabelerFromContext(ctx); ok {
		l.Add(route)
	}
	if !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete}, method) {
		method = "HTTP" // clients may invent methods
	}
	span := trace.SpanFromContext(ctx)
	span.SetName(method + " " + template)
	span.SetAttributes(route)
}
