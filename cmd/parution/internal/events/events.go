// Package events shows what happens on a site as it happens, and how the read
// models of an installation stand.
package events

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/cmd/parution/internal/client"
	operationsv1 "github.com/parution/parution/proto/gen/parution/operations/v1"
)

// API is what the package needs of a client.
type API interface {
	Call(ctx context.Context, method, path string, in, out proto.Message, headers ...client.Header) (int, error)
}

// unanswered is an error that names the services that did not answer; nil if
// all did.
func unanswered(list []*operationsv1.Unanswered) error {
	var parts []string
	for _, u := range list {
		parts = append(parts, fmt.Sprintf("%s (%s)", u.GetName(), u.GetProblem()))
	}
	if len(parts) == 0 {
		return nil
	}
	return fmt.Errorf("no answer from %s", strings.Join(parts, ", "))
}

// isRefusal tells whether trying the same call again cannot help.
func isRefusal(err error) bool {
	status := client.StatusOf(err)
	return status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout
}
