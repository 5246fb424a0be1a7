// Package server answers the calls of the accounts service.
package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strconv"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/paging"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
	"github.com/parution/parution/services/accounts/internal/token"
	"github.com/parution/parution/services/accounts/internal/wire"
)

const (
	usualPage = 20
	// touchTimeout bounds what the note of a use may take: the answer waits for it.
	touchTimeout = 250 * time.Millisecond
)

// tokens is what the server needs of the store.
type tokens interface {
	Create(ctx context.Context, t *token.Token, secretHash []byte) (bool, error)
	Get(ctx context.Context, id string) (*token.Token, error)
	Find(ctx context.Context, secretHash []byte) (*token.Token, error)
	List(ctx context.Context, site string, operators bool, before token.Place, size int32) ([]*token.Token, error)
	Revoke(ctx context.Context, id string, now time.Time) (*token.Token, error)
	Touch(ctx context.Context, id string, now, cutoff time.Time) error
}

// Server implements accountsv1.AccountsServiceServer. Safe for concurrent use.
type Server struct {
	accountsv1.UnimplementedAccountsServiceServer

	tokens tokens
	log    *slog.Logger
	now    func() time.Time
}

// New makes a server.
func New(store tokens, log *slog.Logger, now func() time.Time) *Server {
	return &Server{tokens: store, log: log, now: now}
}

// CreateToken implements accountsv1.AccountsServiceServer.
func (s *Server) CreateToken(ctx context.Context, r *accountsv1.CreateTokenRequest) (*accountsv1.CreateTokenResponse, error) {
	caller := identity.From(ctx)
	t, err := token.New(token.NewToken{
		ID: ids.New(), Site: caller.Site, Name: r.GetName(), Role: token.Role(r.GetRole()), ExpiresAt: wire.Time(r.GetExpiresAt()),
		ByOperator: caller.Role == identity.Operator,
	}, s.now())
	if err != nil {
		return nil, err
	}
	var random [token.RandomBytes]byte
	_, _ = rand.Read(random[:]) // never fails: it ends the process instead
	secret := token.NewSecret(random)
	created, err := s.tokens.Create(ctx, t, secret.Hash())
	if err != nil {
		return nil, err
	}
	if !created {
		return nil, fault.Unavailable("no secret could be made")
	}
	snap := t.Snapshot()
	s.log.InfoContext(ctx, "a token was made", "token_id", snap.ID, "role", snap.Role, "site", snap.Site, "by", caller.Subject)
	return &accountsv1.CreateTokenResponse{Token: wire.Token(snap), Secret: secret.Reveal()}, nil
}

// ListTokens implements accountsv1.AccountsServiceServer. An operator sees the
// operators' tokens too.
func (s *Server) ListTokens(ctx context.Context, r *accountsv1.ListTokensRequest) (*accountsv1.ListTokensResponse, error) {
	caller := identity.From(ctx)
	operator := caller.Role == identity.Operator
	filters := []string{"tokens", caller.Site, strconv.FormatBool(operator)}
	size, err := paging.Size(r.GetPageSize(), usualPage)
	if err != nil {
		return nil, err
	}
	var before token.Place
	if further, err := paging.Read(r.GetPageToken(), &before, filters...); err != nil {
		return nil, err
	} else if further && !ids.Valid(before.ID) {
		return nil, fault.Invalid("page_token", "was not made by this list")
	}
	// One more than asked tells whether there is a next page.
	list, err := s.tokens.List(ctx, caller.Site, operator, before, size+1)
	if err != nil {
		return nil, err
	}
	out := &accountsv1.ListTokensResponse{}
	if len(list) > int(size) {
		list = list[:size]
		last := list[size-1].Snapshot()
		if out.NextPageToken, err = paging.Token(token.Place{At: last.CreatedAt, ID: last.ID}, filters...); err != nil {
			return nil, err
		}
	}
	for _, t := range list {
		out.Tokens = append(out.Tokens, wire.Token(t.Snapshot()))
	}
	return out, nil
}

// RevokeToken implements accountsv1.AccountsServiceServer.
func (s *Server) RevokeToken(ctx context.Context, r *accountsv1.RevokeTokenRequest) (*accountsv1.RevokeTokenResponse, error) {
	caller := identity.From(ctx)
	if !ids.Valid(r.GetId()) {
		return nil, notFound()
	}
	t, err := s.tokens.Get(ctx, r.GetId())
	if err != nil {
		return nil, err
	}
	if !t.Within(caller.Site, caller.Role == identity.Operator) {
		return nil, notFound()
	}
	if t, err = s.tokens.Revoke(ctx, r.GetId(), s.now()); err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "a token was revoked", "token_id", r.GetId(), "by", caller.Subject)
	return &accountsv1.RevokeTokenResponse{Token: wire.Token(t.Snapshot())}, nil
}

// Authenticate implements accountsv1.AccountsServiceServer. Whatever is wrong
// with a secret that is no token's, the answer is the same; who holds a token's
// hears why it is not good.
func (s *Server) Authenticate(ctx context.Context, r *accountsv1.AuthenticateRequest) (*accountsv1.AuthenticateResponse, error) {
	secret := token.Secret(r.GetSecret())
	if !secret.Plausible() {
		return nil, refused()
	}
	t, err := s.tokens.Find(ctx, secret.Hash())
	if fault.KindOf(err) == fault.KindNotFound {
		return nil, refused()
	}
	if err != nil {
		return nil, err
	}
	now := s.now()
	if err := t.Admit(r.GetSite(), now); err != nil {
		return nil, err
	}
	s.touch(ctx, t, now)
	return &accountsv1.AuthenticateResponse{Token: wire.Token(t.Snapshot())}, nil
}

// touch notes the use of a token. A note that fails changes nothing about who
// calls, so it goes to the log.
func (s *Server) touch(ctx context.Context, t *token.Token, now time.Time) {
	worth, cutoff := t.UseWorthNoting(now)
	if !worth {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, touchTimeout)
	defer cancel()
	if err := s.tokens.Touch(ctx, t.Snapshot().ID, now, cutoff); err != nil {
		s.log.WarnContext(ctx, "the use of a token could not be noted", "token_id", t.Snapshot().ID, "error", err)
	}
}

func refused() error { return fault.Unauthenticated("the token is not valid") }

func notFound() error { return fault.NotFound("there is no such token") }
