package server

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
)

// KeepNoSecrets puts keep, which stores answers for repeated requests, between
// the caller and a method in such a way that it never sees a secret.
func KeepNoSecrets(keep grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		secret := ""
		resp, err := keep(ctx, req, info, func(ctx context.Context, req any) (any, error) {
			resp, err := next(ctx, req)
			created, ok := resp.(*accountsv1.CreateTokenResponse)
			if err != nil || !ok {
				return resp, err
			}
			secret = created.GetSecret()
			return &accountsv1.CreateTokenResponse{Token: created.GetToken()}, nil
		})
		created, ok := resp.(*accountsv1.CreateTokenResponse)
		if err != nil || !ok || secret == "" {
			return resp, err
		}
		out := proto.CloneOf(created)
		out.Secret = secret
		return out, nil
	}
}
