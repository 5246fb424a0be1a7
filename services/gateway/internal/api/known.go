package api

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/identity"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
)

const (
	// trustFor is how long accounts is not asked again about a token: as long may one
	// that was revoked at another gateway still be good.
	trustFor = 2 * time.Second
	// maxKnown bounds how many are remembered.
	maxKnown = 4096
)

// credential is a token at a site. The secret itself is not kept.
type credential struct {
	hash [sha256.Size]byte
	site string
}

// admitted is whom a credential stands for, and until when that is believed.
type admitted struct {
	principal identity.Principal
	until     time.Time
}

// known are the callers that accounts has admitted lately. What it refuses is not
// remembered. Safe for concurrent use.
type known struct {
	now func() time.Time

	mu  sync.Mutex
	all map[credential]admitted
	// changes counts how often tokens may have changed.
	changes int
}

func newKnown(now func() time.Time) *known {
	return &known{now: now, all: make(map[credential]admitted)}
}

// find is the caller with c, if accounts need not be asked; otherwise changes is
// what keep wants to hear.
func (k *known) find(c credential) (p identity.Principal, changes int, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	a, ok := k.all[c]
	return a.principal, k.changes, ok && k.now().Before(a.until)
}

// keep remembers what accounts has answered, unless a token may have changed
// since it was asked.
func (k *known) keep(c credential, p identity.Principal, changes int, token *accountsv1.Token) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if changes != k.changes {
		return
	}
	now := k.now()
	until := now.Add(trustFor)
	if ends := token.GetExpiresAt(); ends != nil && ends.AsTime().Before(until) {
		until = ends.AsTime()
	}
	if len(k.all) >= maxKnown {
		for c, a := range k.all {
			if !now.Before(a.until) {
				delete(k.all, c)
			}
		}
	}
	if len(k.all) < maxKnown {
		k.all[c] = admitted{p, until}
	}
}

// forget has accounts asked about everybody again.
func (k *known) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.all)
	k.changes++
}

// telling is a client of accounts after whose writes nobody is known any more.
type telling struct {
	grpc.ClientConnInterface

	routes *routeTable
	known  *known
}

// Invoke implements grpc.ClientConnInterface.
func (t telling) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if r := t.routes.byName[method]; r == nil || !r.rule.GetReadOnly() {
		defer t.known.forget() // also if it failed: it may have been done
	}
	return t.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}
