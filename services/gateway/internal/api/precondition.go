package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/parution/parution/chassis/fault"
)

// precondition is what a request's header says about versions, and about which call.
type precondition struct {
	given    bool
	required bool
	version  int32
	// call is the gRPC name of the call; read: it changes nothing.
	call string
	read bool
	// tags are the If-None-Match of a read, one each.
	tags []string
}

type preconditionKey struct{}

func withPrecondition(ctx context.Context, p precondition) context.Context {
	return context.WithValue(ctx, preconditionKey{}, p)
}

func preconditionOf(ctx context.Context) precondition {
	p, _ := ctx.Value(preconditionKey{}).(precondition)
	return p
}

// readPrecondition reads If-Match: one strong version tag, such as "7". A weak
// tag and "*" name no version, so they are refused.
func (r *route) readPrecondition(h http.Header) (precondition, error) {
	p := precondition{
		call: r.name(), read: r.method == http.MethodGet, required: r.method == http.MethodPatch && r.conditional(),
	}
	for _, line := range h.Values("If-None-Match") {
		for tag := range strings.SplitSeq(line, ",") {
			p.tags = append(p.tags, strings.TrimPrefix(strings.TrimSpace(tag), "W/"))
		}
	}
	tags := h.Values("If-Match")
	if len(tags) == 0 || !r.conditional() {
		return p, nil
	}
	text, ok := strings.CutPrefix(strings.Join(tags, ","), `"`)
	text, closed := strings.CutSuffix(text, `"`)
	n, err := strconv.ParseInt(text, 10, 32)
	if !ok || !closed || err != nil || n < 1 || text != strconv.FormatInt(n, 10) {
		return p, fault.Malformed("If-Match", `is not one version in quotes, such as "7"`)
	}
	p.given, p.version = true, int32(n)
	return p, nil
}
