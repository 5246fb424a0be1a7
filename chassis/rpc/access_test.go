package rpc_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/telemetry"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// everything registers every service of the contracts, all unimplemented: who
// may call gets "unimplemented", which is no fault of access.
func everything(r grpc.ServiceRegistrar) {
	accountsv1.RegisterAccountsServiceServer(r, accountsv1.UnimplementedAccountsServiceServer{})
	eventsv1.RegisterFeedServiceServer(r, eventsv1.UnimplementedFeedServiceServer{})
	postsv1.RegisterPostsServiceServer(r, postsv1.UnimplementedPostsServiceServer{})
	postsv1.RegisterSitesServiceServer(r, postsv1.UnimplementedSitesServiceServer{})
	renderv1.RegisterRenderServiceServer(r, renderv1.UnimplementedRenderServiceServer{})
	tagsv1.RegisterTagsServiceServer(r, tagsv1.UnimplementedTagsServiceServer{})
}

func TestEveryContractHasItsRules(t *testing.T) {
	t.Parallel()
	server := grpc.NewServer()
	everything(server)
	access, err := rpc.AccessOf(server)
	if err != nil {
		t.Fatalf("AccessOf = %v, want a rule for every method", err)
	}
	for name, info := range server.GetServiceInfo() {
		for _, m := range info.Methods {
			if len(access["/"+name+"/"+m.Name].GetAllow()) == 0 {
				t.Errorf("%s/%s has no rule", name, m.Name)
			}
		}
	}
}

func TestAccessMatrix(t *testing.T) {
	t.Parallel()
	const (
		nobody    = identity.Role("")
		unheardOf = identity.Role("root")
	)
	public := []identity.Role{identity.Public, identity.Author, identity.Editor, identity.Owner, identity.Operator}
	roles := append(slices.Clone(public), identity.Service, unheardOf)
	cases := map[string][]identity.Role{
		tagsv1.TagsService_ListTags_FullMethodName:               public,
		tagsv1.TagsService_BatchGetEntries_FullMethodName:        {identity.Service},
		postsv1.PostsService_CreatePost_FullMethodName:           {identity.Author, identity.Editor, identity.Owner, identity.Operator},
		postsv1.PostsService_BatchGetPosts_FullMethodName:        {identity.Service},
		postsv1.SitesService_CreateSite_FullMethodName:           {identity.Operator},
		accountsv1.AccountsService_CreateToken_FullMethodName:    {identity.Owner, identity.Operator},
		accountsv1.AccountsService_Authenticate_FullMethodName:   {identity.Service},
		eventsv1.FeedService_ListChanges_FullMethodName:          {identity.Service, identity.Operator},
		"/parution.posts.v1.PostsService/NoSuchMethod":           nil,
		"/parution.posts.v1.NoSuchService/CreatePost":            nil,
		"/grpc.health.v1.Health/NoSuchMethod":                    nil,
		"/grpc.reflection.v1.ServerReflection/NotForReflection":  nil,
		"/parution.posts.v1.PostsService/CreatePost/parution.v1": nil,
	}
	conn := rpctest.Serve(t, everything, nil).Conn(t)
	for method, allowed := range cases {
		for _, role := range roles {
			t.Run(method+" as "+string(role), func(t *testing.T) {
				t.Parallel()
				err := conn.Invoke(rpctest.As(t.Context(), role), method, &emptypb.Empty{}, &emptypb.Empty{})
				got := fault.KindOf(err)
				refused := got == fault.KindDenied || got == fault.KindUnauthenticated
				if err == nil {
					t.Fatal("an unimplemented method answers")
				}
				if slices.Contains(allowed, role) == refused && allowed != nil {
					t.Errorf("error = %v, want it allowed for %v only", err, allowed)
				}
				want := fault.KindDenied
				if role == identity.Public || role == nobody {
					want = fault.KindUnauthenticated
				}
				if refused && got != want {
					t.Errorf("error = %v, want kind %v", err, want)
				}
			})
		}
	}
}

func TestAnonymousCallersGetNothing(t *testing.T) {
	t.Parallel()
	s := &service{answer: func(context.Context) error { return nil }}
	server := rpctest.Serve(t, s.register, nil)
	if err := rpc.FromStatus(raw(t.Context(), t, server.Pipe)); fault.KindOf(err) != fault.KindUnauthenticated || s.calls.Load() != 0 {
		t.Errorf("error = %v after %d calls, want unauthenticated after 0", err, s.calls.Load())
	}
}

// lawless registers a service whose only method has no rule.
func lawless(t testing.TB) func(grpc.ServiceRegistrar) {
	t.Helper()
	str := func(s string) *string { return &s }
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: str("chassis/rpc/lawless.proto"), Package: str("chassis.rpc.test"), Syntax: str("proto3"),
		Dependency: []string{"google/protobuf/empty.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name:   str("Lawless"),
			Method: []*descriptorpb.MethodDescriptorProto{{Name: str("Act"), InputType: str(".google.protobuf.Empty"), OutputType: str(".google.protobuf.Empty")}},
		}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatalf("describe the service: %v", err)
	}
	const name = protoreflect.FullName("chassis.rpc.test.Lawless")
	if _, err := protoregistry.GlobalFiles.FindDescriptorByName(name); err != nil {
		if err := protoregistry.GlobalFiles.RegisterFile(file); err != nil {
			t.Fatalf("register the contract: %v", err)
		}
	}
	return func(r grpc.ServiceRegistrar) {
		r.RegisterService(&grpc.ServiceDesc{ServiceName: string(name), HandlerType: (*any)(nil)}, struct{}{})
	}
}

func TestAServerWithoutARuleRefusesToServe(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		register func(grpc.ServiceRegistrar)
		want     string
	}{
		"a method without a rule": {lawless(t), "chassis.rpc.test.Lawless.Act has no access rule"},
		"a service without a contract": {func(r grpc.ServiceRegistrar) {
			r.RegisterService(&grpc.ServiceDesc{ServiceName: "chassis.rpc.test.Unheard", HandlerType: (*any)(nil)}, struct{}{})
		}, "contract of chassis.rpc.test.Unheard"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := rpc.NewServer(rpc.ServerConfig{Telemetry: telemetry.Discard()})
			everything(server)
			c.register(server)
			err := server.ServePipe("pipe", rpc.NewPipe()).Run(t.Context(), func() { t.Error("it is ready") })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Run = %v, want %q", err, c.want)
			}
		})
	}
}
