package api

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/identity"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
)

func TestWhomATokenStandsForIsBelievedForAWhile(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	k := newKnown(func() time.Time { return now })
	ann := credential{[32]byte{1}, "main"}
	check := func(what string, c credential, want bool) {
		t.Helper()
		if p, _, ok := k.find(c); ok != want || ok && p.Name != "ann" {
			t.Errorf("%s: find = %v, %v, want %v", what, p, ok, want)
		}
	}
	keep := func(c credential, token *accountsv1.Token) {
		t.Helper()
		_, changes, _ := k.find(c)
		k.keep(c, identity.Principal{Name: "ann"}, changes, token)
	}
	check("nobody asked", ann, false)
	keep(ann, nil)
	check("asked", ann, true)
	check("at another site", credential{ann.hash, "other"}, false)
	check("another secret", credential{[32]byte{2}, "main"}, false)
	now = now.Add(trustFor)
	check("later", ann, false)

	keep(ann, &accountsv1.Token{ExpiresAt: timestamppb.New(now.Add(time.Second))})
	check("before the token ends", ann, true)
	now = now.Add(time.Second)
	check("the token has ended", ann, false)

	for i := range maxKnown {
		keep(credential{[32]byte{3}, strconv.Itoa(i)}, nil)
	}
	if n := len(k.all); n > maxKnown {
		t.Errorf("%d are known, want %d at most", n, maxKnown)
	}
	now = now.Add(trustFor)
	keep(ann, nil)
	check("after many others", ann, true)
}

// broken is accounts, which does what it is asked but does not say so.
type broken struct{ grpc.ClientConnInterface }

func (broken) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	return errors.New("the answer was lost")
}

func TestAWriteOfTokensHasEverybodyAskedAgain(t *testing.T) {
	t.Parallel()
	k, c := newKnown(time.Now), credential{[32]byte{1}, "main"}
	conn := telling{broken{}, newRouteTable(), k}
	known := func() bool { _, _, ok := k.find(c); return ok }
	_, before, _ := k.find(c)
	k.keep(c, identity.Principal{}, before, nil)
	_ = conn.Invoke(t.Context(), accountsv1.AccountsService_ListTokens_FullMethodName, nil, nil) // it is lost
	if !known() {
		t.Error("after a read of tokens the caller is not known, want known")
	}
	_ = conn.Invoke(t.Context(), accountsv1.AccountsService_RevokeToken_FullMethodName, nil, nil) // it is lost
	if known() {
		t.Error("after a token was revoked the caller is known, want not")
	}
	k.keep(c, identity.Principal{}, before, nil) // accounts was asked before
	if known() {
		t.Error("an answer from before a token was revoked is kept")
	}
}
