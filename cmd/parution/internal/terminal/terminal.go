// Package terminal is how commands answer: text for people and JSON for programs
// to standard output, and what is said about it, and how far it is, beside it.
package terminal

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Output is where answers go, and what is said about them.
type Output struct{ Out, Err io.Writer }

// Say writes a line of the answer; a closed pipe ends the reader, not us.
func (o Output) Say(format string, args ...any) { _, _ = fmt.Fprintf(o.Out, format+"\n", args...) }

// Note writes a line about it.
func (o Output) Note(format string, args ...any) { _, _ = fmt.Fprintf(o.Err, format+"\n", args...) }

// JSON writes a message as one line or, for people too, as several.
func (o Output) JSON(m proto.Message, multiline bool) error {
	text, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true, Multiline: multiline}.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	o.Say("%s", text)
	return nil
}

// Plain is text that does nothing to a terminal.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return '?'
	}, s)
}
