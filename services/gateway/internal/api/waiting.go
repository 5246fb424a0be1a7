package api

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/process"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

// waiting is a client that bounds how many calls wait for changes, since they
// would take the places of all others, and ends their waiting when the server stops.
type waiting struct {
	grpc.ClientConnInterface

	// slots holds one element for each call that waits.
	slots chan struct{}
}

// Invoke implements grpc.ClientConnInterface.
func (w waiting) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	in, ok := args.(*postsv1.ListChangesRequest)
	if !ok || in.GetWait() <= 0 {
		return w.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
	}
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	default:
		return fault.Exhausted("%d calls wait for changes already; ask without waiting, or later", cap(w.slots))
	}
	serving, end := process.UntilStopping(ctx)
	defer end()
	err := w.ClientConnInterface.Invoke(serving, method, args, reply, opts...)
	if err == nil || serving.Err() == nil || ctx.Err() != nil {
		return err
	}
	// The server is about to stop: answer now with what there is.
	now, ok := proto.Clone(in).(*postsv1.ListChangesRequest)
	if !ok { // a clone has its original's type
		return err
	}
	now.Wait = 0
	return w.ClientConnInterface.Invoke(ctx, method, now, reply, opts...)
}

// maxWait is the longest wait for changes, in seconds; posts refuses more.
const maxWait = 25
