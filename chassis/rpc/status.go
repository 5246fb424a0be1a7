package rpc

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/parution/parution/chassis/fault"
)

// domain marks our own error details among others'.
const domain = "parution"

// table is the one table between fault kinds and gRPC codes. The reason travels
// with the status, since several kinds share a code.
func table(k fault.Kind) (codes.Code, string) {
	switch k {
	case fault.KindMalformed:
		return codes.InvalidArgument, "MALFORMED"
	case fault.KindInvalid:
		return codes.InvalidArgument, "INVALID"
	case fault.KindTooLarge:
		return codes.InvalidArgument, "TOO_LARGE"
	case fault.KindNotFound:
		return codes.NotFound, "NOT_FOUND"
	case fault.KindConflict:
		return codes.AlreadyExists, "CONFLICT"
	case fault.KindPending:
		return codes.Aborted, "PENDING"
	case fault.KindStale:
		return codes.FailedPrecondition, "STALE"
	case fault.KindUnconditional:
		return codes.FailedPrecondition, "UNCONDITIONAL"
	case fault.KindUnauthenticated:
		return codes.Unauthenticated, "UNAUTHENTICATED"
	case fault.KindDenied:
		return codes.PermissionDenied, "DENIED"
	case fault.KindExhausted:
		return codes.ResourceExhausted, "EXHAUSTED"
	case fault.KindUnavailable:
		return codes.Unavailable, "UNAVAILABLE"
	case fault.KindInternal:
	}
	return codes.Internal, "INTERNAL"
}

// kindOf is the way back: by reason if the status is ours, otherwise by code.
func kindOf(s *status.Status) fault.Kind {
	for k := fault.KindInternal; k <= fault.KindUnavailable; k++ {
		c, reason := table(k)
		if c == s.Code() && reasonOf(s) == reason {
			return k
		}
	}
	switch s.Code() { // what grpc itself answers; the rest is internal
	case codes.DeadlineExceeded, codes.Unavailable, codes.Canceled, codes.Aborted:
		return fault.KindUnavailable
	case codes.InvalidArgument, codes.OutOfRange:
		return fault.KindMalformed
	case codes.NotFound:
		return fault.KindNotFound
	case codes.Unauthenticated:
		return fault.KindUnauthenticated
	case codes.PermissionDenied:
		return fault.KindDenied
	case codes.ResourceExhausted:
		return fault.KindExhausted
	}
	return fault.KindInternal
}

func reasonOf(s *status.Status) string {
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetDomain() == domain {
			return info.GetReason()
		}
	}
	return ""
}

// toStatus is what a client may know of err.
func toStatus(err error) error {
	if err == nil {
		return nil
	}
	kind := fault.KindOf(err)
	c, reason := table(kind)
	s := status.New(c, fault.TextOf(err))
	info := &errdetails.ErrorInfo{Domain: domain, Reason: reason}
	details := []protoadapt.MessageV1{info}
	if violations := fault.ViolationsOf(err); len(violations) > 0 {
		bad := &errdetails.BadRequest{}
		for i, v := range violations {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: v.Field, Description: v.Message, Reason: v.Code})
			putPlace(info, i, v.Place)
		}
		details = append(details, bad)
	}
	if with, err := s.WithDetails(details...); err == nil {
		s = with
	}
	return s.Err()
}

// putPlace notes where in a field the ith violation is: their own message has no
// place for it.
func putPlace(info *errdetails.ErrorInfo, i int, place *fault.Place) {
	if place == nil {
		return
	}
	if info.Metadata == nil {
		info.Metadata = make(map[string]string)
	}
	info.Metadata[placeKey(i)] = fmt.Sprintf("%d+%d", place.Offset, place.Length)
}

func placeKey(i int) string { return "place." + strconv.Itoa(i) }

// placeOf is what putPlace noted; nil if it noted nothing.
func placeOf(s *status.Status, i int) *fault.Place {
	for _, d := range s.Details() {
		info, ok := d.(*errdetails.ErrorInfo)
		if !ok || info.GetDomain() != domain {
			continue
		}
		var p fault.Place
		if n, err := fmt.Sscanf(info.GetMetadata()[placeKey(i)], "%d+%d", &p.Offset, &p.Length); err == nil && n == 2 {
			return &p
		}
	}
	return nil
}

// statusError is an error that is an answer of gRPC.
type statusError interface {
	error
	GRPCStatus() *status.Status
}

// FromStatus turns the error of a call back into the fault that the server
// meant. Clients made by Dial do so themselves; it is exported for errors that
// come from grpc-gateway.
func FromStatus(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(fault.KindUnavailable, err, "the answer took too long")
	}
	// Not status.FromError: that puts the text of what is wrapped around the
	// status, such as grpc's count of retries, into its message.
	answer, ok := errors.AsType[statusError](err)
	if !ok {
		return err
	}
	s := answer.GRPCStatus()
	kind := kindOf(s)
	if kind == fault.KindInternal {
		return err
	}
	var violations []fault.Violation
	for _, d := range s.Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			for i, v := range bad.GetFieldViolations() {
				violations = append(violations, fault.Violation{Field: v.GetField(), Message: v.GetDescription(), Code: v.GetReason(), Place: placeOf(s, i)})
			}
		}
	}
	text := s.Message()
	if kind == fault.KindUnavailable && reasonOf(s) == "" {
		text = "a service does not answer" // grpc's own text names addresses
	}
	return fault.New(kind, text, violations...)
}
