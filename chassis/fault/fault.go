// Package fault says what went wrong in terms that a caller can act on. A
// fault's text is fit to show; its cause is for operators. How kinds travel is
// decided in chassis/rpc (gRPC) and chassis/web (HTTP), and nowhere else.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Kind is what a caller can do about a fault.
type Kind uint8

// The kinds. The zero Kind is what every other error is.
const (
	KindInternal        Kind = iota // nothing: it is our fault
	KindMalformed                   // the request cannot be read
	KindInvalid                     // a field's value is refused
	KindTooLarge                    // send less
	KindNotFound                    // there is no such thing, or not for this caller
	KindConflict                    // somebody else holds what is asked for
	KindPending                     // ask again: the same request is being worked on
	KindStale                       // read it again: it was changed since
	KindUnconditional               // say which version is meant
	KindUnauthenticated             // say who you are
	KindDenied                      // ask somebody who may
	KindExhausted                   // come back later, and less often
	KindUnavailable                 // try again
)

// Violation is one refused field.
type Violation struct {
	// Field is the name that the caller knows it by: "title", "tags[3]".
	Field string
	// Message says what is wrong with it, with the limit and the value's size.
	Message string
	// Code is a word for programs, if there is one: "unbalanced_quote".
	Code string
	// Place is where in the field's text it is; nil if it is about the whole.
	Place *Place
}

// Place is a part of a text: Length characters from Offset on. A length of 0 is the
// place before a character.
type Place struct{ Offset, Length int }

// Error is a fault.
type Error struct {
	kind       Kind
	text       string
	violations []Violation
	cause      error
}

// Error implements error: the text and, behind it, the cause.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.text + ": " + e.cause.Error()
	}
	return e.text
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.cause }

// New makes a fault of a kind that is known at run time only.
func New(kind Kind, text string, violations ...Violation) error {
	return &Error{kind: kind, text: text, violations: violations}
}

// Wrap gives err a kind and a text that is fit to show.
func Wrap(kind Kind, err error, format string, args ...any) error {
	return &Error{kind: kind, text: fmt.Sprintf(format, args...), cause: err}
}

// Invalid refuses the value of one field.
func Invalid(field, format string, args ...any) error {
	v := Violation{Field: field, Message: fmt.Sprintf(format, args...)}
	return InvalidFields(v)
}

// InvalidFields refuses the values of several fields; nil if there are none.
func InvalidFields(violations ...Violation) error {
	if len(violations) == 0 {
		return nil
	}
	return &Error{kind: KindInvalid, text: violations[0].Field + " " + violations[0].Message, violations: violations}
}

// Malformed refuses a request that cannot be read; field may be empty.
func Malformed(field, format string, args ...any) error {
	return withField(KindMalformed, field, fmt.Sprintf(format, args...))
}

// TooLarge refuses a value over its limit.
func TooLarge(field, format string, args ...any) error {
	return withField(KindTooLarge, field, fmt.Sprintf(format, args...))
}

func withField(kind Kind, field, message string) error {
	e := &Error{kind: kind, text: message}
	if field != "" {
		e.text = field + " " + message
		e.violations = []Violation{{Field: field, Message: message}}
	}
	return e
}

// NotFound says that there is no such thing.
func NotFound(format string, args ...any) error { return plain(KindNotFound, format, args) }

// Conflict says that something else is in the way.
func Conflict(format string, args ...any) error { return plain(KindConflict, format, args) }

// Pending says that the same request is being worked on.
func Pending(format string, args ...any) error { return plain(KindPending, format, args) }

// Stale says that the thing was changed since the caller read it.
func Stale(format string, args ...any) error { return plain(KindStale, format, args) }

// Unconditional asks for the version that the caller means.
func Unconditional(format string, args ...any) error { return plain(KindUnconditional, format, args) }

// Unauthenticated says that the caller is not known.
func Unauthenticated(format string, args ...any) error {
	return plain(KindUnauthenticated, format, args)
}

// Denied says that the caller may not.
func Denied(format string, args ...any) error { return plain(KindDenied, format, args) }

// Exhausted says that the caller asks too much.
func Exhausted(format string, args ...any) error { return plain(KindExhausted, format, args) }

// Unavailable says that trying again may help.
func Unavailable(format string, args ...any) error { return plain(KindUnavailable, format, args) }

func plain(kind Kind, format string, args []any) error {
	return &Error{kind: kind, text: fmt.Sprintf(format, args...)}
}

// KindOf is the kind of err. An ended deadline or a cancelled call is
// Unavailable; whatever is no fault is Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.kind
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return KindUnavailable
	}
	return KindInternal
}

// TextOf is what may be shown of err: never its cause.
func TextOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.kind != KindInternal {
		return e.text
	}
	if KindOf(err) == KindUnavailable {
		return "the answer took too long"
	}
	return "internal error"
}

// ViolationsOf lists the fields that err refuses.
func ViolationsOf(err error) []Violation {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.violations
	}
	return nil
}
