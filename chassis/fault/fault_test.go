package fault_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
)

func TestKindOfLooksThroughWrapping(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"malformed", fault.Malformed("body", "is not JSON"), fault.KindMalformed},
		{"invalid", fault.Invalid("title", "is empty"), fault.KindInvalid},
		{"too large", fault.TooLarge("body", "has 2 MiB"), fault.KindTooLarge},
		{"not found", fault.NotFound("no such post"), fault.KindNotFound},
		{"conflict", fault.Conflict("slug is taken"), fault.KindConflict},
		{"pending", fault.Pending("it is being done"), fault.KindPending},
		{"stale", fault.Stale("version 2 is current"), fault.KindStale},
		{"unconditional", fault.Unconditional("say If-Match"), fault.KindUnconditional},
		{"unauthenticated", fault.Unauthenticated("no token"), fault.KindUnauthenticated},
		{"denied", fault.Denied("not yours"), fault.KindDenied},
		{"exhausted", fault.Exhausted("slow down"), fault.KindExhausted},
		{"unavailable", fault.Unavailable("try again"), fault.KindUnavailable},
		{"deadline", context.DeadlineExceeded, fault.KindUnavailable},
		{"cancelled", context.Canceled, fault.KindUnavailable},
		{"anything else", errors.New("disk full"), fault.KindInternal},
		{"nothing", nil, fault.KindInternal},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := fault.KindOf(c.err); got != c.want {
				t.Errorf("KindOf(%v) = %v, want %v", c.err, got, c.want)
			}
			if c.err == nil {
				return
			}
			if got := fault.KindOf(fmt.Errorf("load post: %w", c.err)); got != c.want {
				t.Errorf("KindOf of the wrapped %v = %v, want %v", c.err, got, c.want)
			}
		})
	}
}

func TestTextOfNeverShowsACause(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial 10.0.0.7:5432: password=hunter2")
	for _, err := range []error{
		cause,
		fault.Wrap(fault.KindUnavailable, cause, "the database does not answer"),
		fault.Wrap(fault.KindInternal, cause, "dial 10.0.0.7:5432 again"),
		fmt.Errorf("load 10.0.0.7:5432: %w", fault.Wrap(fault.KindConflict, cause, "taken")),
		fmt.Errorf("at 10.0.0.7:5432: %w", context.DeadlineExceeded),
	} {
		if got := fault.TextOf(err); got == "" || strings.Contains(got, "10.0.0.7") {
			t.Errorf("TextOf(%v) = %q, want a text without the cause", err, got)
		}
		if !strings.Contains(err.Error(), "10.0.0.7") {
			t.Errorf("Error() = %q, want the cause in it for operators", err)
		}
	}
}

func TestInvalidFieldsKeepsAllFields(t *testing.T) {
	t.Parallel()
	want := []fault.Violation{{Field: "title", Message: "is empty"}, {Field: "tags[3]", Message: "is too long"}}
	err := fault.InvalidFields(want...)
	if diff := cmp.Diff(want, fault.ViolationsOf(fmt.Errorf("create: %w", err))); diff != "" {
		t.Errorf("ViolationsOf (-want +got):\n%s", diff)
	}
	if got := fault.TextOf(err); got != "title is empty" {
		t.Errorf("TextOf = %q, want %q", got, "title is empty")
	}
	if err := fault.InvalidFields(); err != nil {
		t.Errorf("InvalidFields() = %v, want nil", err)
	}
	if got := fault.ViolationsOf(errors.New("other")); got != nil {
		t.Errorf("ViolationsOf another error = %v, want none", got)
	}
}

func TestWrapKeepsTheCauseForErrorsIs(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	if err := fault.Wrap(fault.KindStale, cause, "changed"); !errors.Is(err, cause) {
		t.Errorf("errors.Is(%v, cause) = false, want true", err)
	}
}
