package api

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/rpc"
)

// local is a client of services of this process. Without a server in between it
// asks itself who may call.
type local struct {
	access  rpc.Access
	methods map[string]func(ctx context.Context, args proto.Message) (any, error)
}

// newLocal registers services. A method without an access rule is an error.
func newLocal(register func(grpc.ServiceRegistrar)) (*local, error) {
	l := &local{methods: make(map[string]func(context.Context, proto.Message) (any, error))}
	names := registered{l, make(map[string]grpc.ServiceInfo)}
	register(names)
	var err error
	l.access, err = rpc.AccessOf(names)
	return l, err
}

// registered is what a local client is made from.
type registered struct {
	*local

	services map[string]grpc.ServiceInfo
}

// GetServiceInfo tells which services are registered.
func (r registered) GetServiceInfo() map[string]grpc.ServiceInfo { return r.services }

// RegisterService implements grpc.ServiceRegistrar.
func (r registered) RegisterService(desc *grpc.ServiceDesc, impl any) {
	r.services[desc.ServiceName] = grpc.ServiceInfo{}
	for _, m := range desc.Methods {
		r.methods["/"+desc.ServiceName+"/"+m.MethodName] = func(ctx context.Context, args proto.Message) (any, error) {
			read := func(into any) error {
				if msg, ok := into.(proto.Message); ok {
					proto.Merge(msg, args)
				}
				return nil
			}
			return m.Handler(impl, ctx, read, nil)
		}
	}
}

// Invoke implements grpc.ClientConnInterface.
func (l *local) Invoke(ctx context.Context, method string, args, reply any, _ ...grpc.CallOption) error {
	in, isIn := args.(proto.Message)
	into, isInto := reply.(proto.Message)
	call := l.methods[method]
	if call == nil || !isIn || !isInto {
		return fmt.Errorf("call %s: it is not served here", method)
	}
	if err := l.access.Check(ctx, method); err != nil {
		return err
	}
	answer, err := call(ctx, in)
	if err != nil {
		return err
	}
	if msg, ok := answer.(proto.Message); ok {
		proto.Merge(into, msg)
	}
	return nil
}

// NewStream implements grpc.ClientConnInterface: there are none.
func (l *local) NewStream(_ context.Context, _ *grpc.StreamDesc, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, fmt.Errorf("call %s: streams are not served", method)
}
