// Package events shows what happens on a site as it happens, and how the read
// models of an installation stand.
package events

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/cmd/parution/internal/client"
	operationsv1 "github.com/parution/parution/proto/gen/parution/operations/v1"
)

// API is what the package needs of a client.
type API interface {
	Call(ctx context.Context, method, path string, in, out proto.Message, headers ...client.Header) (int, error)
}

// Output is where answers go, and what is said about them.
type Output struct{ Out, Err io.Writer }

// say writes a line of the answer; a closed pipe ends the reader, not us.
func (o Output) say(format string, args ...any) { _, _ = fmt.Fprintf(o.Out, format+"\n", args...) }

// note writes a line about it.
func (o Output) note(format string, args ...any) { _, _ = fmt.Fprintf(o.Err, format+"\n", args...) }

// json writes a message as one line or, for people too, as several.
func (o Output) json(m proto.Message, multiline bool) error {
	text, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true, Multiline: multiline}.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	o.say("%s", text)
	return nil
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

// plain is text that does nothing to a terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return '?'
	}, s)
}

// isRefusal tells whether trying the same call again cannot help.
func isRefusal(err error) bool {
	status := client.StatusOf(err)
	return status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout
}
