package rpc

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // lets clients ask servers how they are
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/telemetry"
	accessv1 "github.com/parution/parution/proto/gen/parution/access/v1"
)

// ClientConfig is what a client needs.
type ClientConfig struct {
	// Service is who is called: the audience of the caller's token.
	Service string
	// Target is a host:port, or several of them separated by commas, or empty
	// with Pipe. Calls go to all in turn that say they are well.
	Target string
	Pipe   *Pipe
	Signer *identity.Signer
	// Telemetry is where spans and metrics go.
	Telemetry *telemetry.Telemetry
}

// retryPolicy holds at one layer, the front, and only for methods that change
// nothing: when a server ends in the middle of a call nobody knows whether it had
// its effect. A call that no server got is sent again by grpc itself, whatever it is.
// Each failure costs a token and each success gives a tenth of one; below half of
// them nothing is retried, so that retries are at most a tenth of the load.
const retryPolicy = `{%s,"methodConfig":[{"name":[%s],"retryPolicy":{"maxAttempts":2,"initialBackoff":"0.02s","maxBackoff":"0.1s","backoffMultiplier":2,"retryableStatusCodes":["UNAVAILABLE"]}}],"retryThrottling":{"maxTokens":100,"tokenRatio":0.1}}`

// balancing spreads calls over all addresses of a service and leaves out those
// whose server says that it stops.
const balancing = `"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":{"serviceName":""}`

// serviceConfig is the balancing and, for a front, the retry policy for all
// methods that this program knows to be read_only. Services do not try again what
// they ask each other: the front's retry would multiply.
func serviceConfig(front bool) string {
	if !front {
		return "{" + balancing + "}"
	}
	var names []string
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for k := range service.Methods().Len() {
				m := service.Methods().Get(k)
				if rule, ok := proto.GetExtension(m.Options(), accessv1.E_Rule).(*accessv1.Rule); ok && rule.GetReadOnly() {
					names = append(names, fmt.Sprintf(`{"service":%q,"method":%q}`, service.FullName(), m.Name()))
				}
			}
		}
		return true
	})
	if len(names) == 0 {
		return "{" + balancing + "}"
	}
	return fmt.Sprintf(retryPolicy, balancing, strings.Join(names, ","))
}

// Dial makes a client. It does not wait for the server. Calls carry the
// principal in their context, or the client's own service without one, and
// their errors are faults.
func Dial(cfg ClientConfig) (*grpc.ClientConn, error) {
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20), grpc.MaxCallSendMsgSize(maxMessage)),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelOptions(cfg.Telemetry)...)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 5 * time.Second, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 2 * time.Second,
		}),
		grpc.WithDefaultServiceConfig(serviceConfig(cfg.Signer.Issuer() == identity.FrontIssuer)),
		grpc.WithChainUnaryInterceptor(asFaults, caller(cfg.Signer, cfg.Service)),
	}
	target := "dns:///" + cfg.Target
	if list := strings.Split(cfg.Target, ","); len(list) > 1 {
		target = listScheme + ":///" + cfg.Service
		opts = append(opts, grpc.WithResolvers(listResolver(list)))
	}
	if cfg.Pipe != nil {
		target = "passthrough:///" + cfg.Service
		opts = append(opts, grpc.WithContextDialer(cfg.Pipe.dial))
	}
	conn, err := grpc.NewClient(target, opts...)
	if err != nil {
		return nil, fmt.Errorf("prepare the client of %s: %w", cfg.Service, err)
	}
	return conn, nil
}

func asFaults(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultTimeout)
		defer cancel()
	}
	return FromStatus(next(ctx, method, req, reply, cc, opts...))
}

func caller(signer *identity.Signer, service string) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		p := identity.From(ctx)
		// A service that answers a person asks others in its own name: only the
		// gateway may speak for people.
		if p.Role == "" || signer.Issuer() != identity.FrontIssuer {
			p = signer.Principal()
		}
		token, err := signer.Sign(p, service)
		if err != nil {
			return err
		}
		return next(metadata.AppendToOutgoingContext(ctx, principalHeader, token), method, req, reply, cc, opts...)
	}
}
