package api

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

const (
	readTimeout  = 2 * time.Second
	writeTimeout = 10 * time.Second
)

// conn is a client of a service that sets on each call what the HTTP request
// said beside its body: the deadline and the expected version.
type conn struct {
	grpc.ClientConnInterface

	routes *routeTable
}

// Invoke implements grpc.ClientConnInterface.
func (c conn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	timeout := writeTimeout
	if r := c.routes.byName[method]; r != nil && r.rule.GetReadOnly() {
		timeout = readTimeout
	}
	if in, ok := args.(*postsv1.ListChangesRequest); ok {
		timeout += time.Duration(min(max(in.GetWait(), 0), maxWait)) * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if msg, ok := args.(proto.Message); ok {
		if err := expect(ctx, msg.ProtoReflect()); err != nil {
			return err
		}
		sortMask(msg.ProtoReflect())
	}
	return c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}

// expect puts the version of If-Match into a request that has a place for it. It
// is the only place that does: a version in the body or query is refused.
func expect(ctx context.Context, msg protoreflect.Message) error {
	field := msg.Descriptor().Fields().ByName(expectedVersion)
	if field == nil {
		return nil
	}
	if msg.Get(field).Int() != 0 {
		return fault.Malformed(expectedVersion, "is no field of the body; send the version as If-Match")
	}
	p := preconditionOf(ctx)
	switch {
	case p.given:
		msg.Set(field, protoreflect.ValueOfInt32(p.version))
	case p.required && identity.From(ctx).Role != identity.Public: // who may not write is told that first
		return fault.Unconditional(`this needs If-Match with the version that the change was made on, such as If-Match: "7"`)
	}
	return nil
}

// sortMask gives equal requests one form: the mask that is made from a body is
// in random order, and an Idempotency-Key holds for one request only.
func sortMask(msg protoreflect.Message) {
	field := msg.Descriptor().Fields().ByName("update_mask")
	if field == nil || field.Message() == nil || field.Message().FullName() != maskName || !msg.Has(field) {
		return
	}
	if mask, ok := msg.Get(field).Message().Interface().(*fieldmaskpb.FieldMask); ok {
		paths := slices.Compact(slices.Sorted(slices.Values(mask.GetPaths())))
		msg.Set(field, protoreflect.ValueOfMessage((&fieldmaskpb.FieldMask{Paths: paths}).ProtoReflect()))
	}
}
