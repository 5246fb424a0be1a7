package rpc

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	accessv1 "github.com/parution/parution/proto/gen/parution/access/v1"
)

// isOpen tells whether method is one of gRPC's own that anyone may call.
func isOpen(method string) bool {
	return strings.HasPrefix(method, "/grpc.health.v1.Health/") || strings.HasPrefix(method, "/grpc.reflection.")
}

// Access is the rule of each method: who may call it.
type Access map[string]*accessv1.Rule

// AccessOf collects the rules of the services of s from their contracts. A
// method without a rule is an error: it would be refused to everybody.
func AccessOf(s interface {
	GetServiceInfo() map[string]grpc.ServiceInfo
},
) (Access, error) {
	access := make(Access)
	for name := range s.GetServiceInfo() {
		if strings.HasPrefix(name, "grpc.") {
			continue
		}
		d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			return nil, fmt.Errorf("find the contract of %s: %w", name, err)
		}
		service, ok := d.(protoreflect.ServiceDescriptor)
		if !ok {
			return nil, fmt.Errorf("%s is not a service", name)
		}
		methods := service.Methods()
		for i := range methods.Len() {
			m := methods.Get(i)
			rule, ok := proto.GetExtension(m.Options(), accessv1.E_Rule).(*accessv1.Rule)
			if !ok || len(rule.GetAllow()) == 0 {
				return nil, fmt.Errorf("method %s has no access rule", m.FullName())
			}
			access[fmt.Sprintf("/%s/%s", name, m.Name())] = rule
		}
	}
	return access, nil
}

// Check refuses a caller whom the rule of method does not name.
func (a Access) Check(ctx context.Context, method string) error {
	if isOpen(method) {
		return nil
	}
	p := identity.From(ctx)
	rule, ok := a[method]
	if ok && slices.Contains(rule.GetAllow(), wireRole(p.Role)) {
		return nil
	}
	if p.Role == "" || p.Role == identity.Public {
		return fault.Unauthenticated("this needs a token: Authorization: Bearer …")
	}
	return fault.Denied("the role %q may not do this", p.Role)
}

// readOnly tells whether method changes nothing.
func (a Access) readOnly(method string) bool { return a[method].GetReadOnly() }

func wireRole(r identity.Role) accessv1.Role {
	switch r {
	case identity.Public:
		return accessv1.Role_ROLE_PUBLIC
	case identity.Author:
		return accessv1.Role_ROLE_AUTHOR
	case identity.Editor:
		return accessv1.Role_ROLE_EDITOR
	case identity.Owner:
		return accessv1.Role_ROLE_OWNER
	case identity.Operator:
		return accessv1.Role_ROLE_OPERATOR
	case identity.Service:
		return accessv1.Role_ROLE_SERVICE
	}
	return accessv1.Role_ROLE_UNSPECIFIED
}
