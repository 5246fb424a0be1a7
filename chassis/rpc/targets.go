package rpc

import (
	"strings"

	"google.golang.org/grpc/resolver"
)

// listScheme is that of targets which are a list of addresses.
const listScheme = "list"

// listResolver resolves to the addresses of a list, each of which is looked up
// when it is dialled.
type listResolver []string

// Scheme implements resolver.Builder.
func (listResolver) Scheme() string { return listScheme }

// Build implements resolver.Builder.
func (l listResolver) Build(_ resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	var state resolver.State
	for _, addr := range l {
		if addr = strings.TrimSpace(addr); addr != "" {
			state.Addresses = append(state.Addresses, resolver.Address{Addr: addr})
		}
	}
	return fixed{}, cc.UpdateState(state)
}

// fixed is a resolver of what does not change.
type fixed struct{}

// ResolveNow implements resolver.Resolver.
func (fixed) ResolveNow(resolver.ResolveNowOptions) {}

// Close implements resolver.Resolver.
func (fixed) Close() {}
