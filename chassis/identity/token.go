package identity

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// lifetime is how long a token is good for.
	lifetime = 60 * time.Second
	// leeway is what two machines' clocks may differ by.
	leeway = 10 * time.Second
	// reuse is how long a signature is used again: signing costs more than the call.
	reuse = 20 * time.Second
	// maxKept bounds the remembered tokens of a signer or verifier.
	maxKept = 4096
)

// FrontIssuer is the issuer that speaks for people: the gateway. Any other
// issuer speaks for itself only.
const FrontIssuer = "gateway"

type claims struct {
	jwt.RegisteredClaims

	Name string `json:"name,omitempty"`
	Role Role   `json:"role"`
	Site string `json:"site,omitempty"`
}

// Signer makes tokens (JWT, RFC 7519, EdDSA) that say who calls. Safe for
// concurrent use.
type Signer struct {
	issuer string
	key    ed25519.PrivateKey
	now    func() time.Time
	kept   *memo[memoKey, string]
}

type memoKey struct {
	p        Principal
	audience string
}

// NewSigner signs as issuer, a service's name, with its private key.
func NewSigner(issuer string, key ed25519.PrivateKey) *Signer {
	return &Signer{issuer: issuer, key: key, now: time.Now, kept: newMemo[memoKey, string]()}
}

// Issuer is the name that the signer signs as.
func (s *Signer) Issuer() string { return s.issuer }

// Principal is the signer's own service as a caller.
func (s *Signer) Principal() Principal {
	return Principal{Subject: s.issuer, Name: s.issuer, Role: Service}
}

// Sign makes a token for p that only the service audience accepts, good for 60 s.
func (s *Signer) Sign(p Principal, audience string) (string, error) {
	now := s.now()
	k := memoKey{p, audience}
	if t, ok := s.kept.get(k, now); ok {
		return t, nil
	}
	t, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    s.issuer,
			Subject:   p.Subject,
			Audience:  jwt.ClaimStrings{audience},
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
		},
		Name: p.Name, Role: p.Role, Site: p.Site,
	}).SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("sign the caller's token: %w", err)
	}
	s.kept.put(k, t, now.Add(reuse))
	return t, nil
}

// Verifier checks tokens. Safe for concurrent use.
type Verifier struct {
	audience string
	trusted  Trusted
	now      func() time.Time
	kept     *memo[string, Principal]
}

// Trusted is the public key of each issuer that may call.
type Trusted map[string]ed25519.PublicKey

// NewVerifier accepts tokens for the service audience by trusted issuers.
func NewVerifier(audience string, trusted Trusted) *Verifier {
	return &Verifier{audience: audience, trusted: trusted, now: time.Now, kept: newMemo[string, Principal]()}
}

// errForeignRole is a service that speaks for somebody else.
var errForeignRole = errors.New("issuer may only speak for itself")

// Verify tells who calls. Any error means: not authenticated.
func (v *Verifier) Verify(_ context.Context, token string) (Principal, error) {
	now := v.now()
	if p, ok := v.kept.get(token, now); ok {
		return p, nil
	}
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, v.key,
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithAudience(v.audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(v.now))
	if err != nil {
		return Principal{}, fmt.Errorf("verify the caller's token: %w", err)
	}
	p := Principal{Subject: c.Subject, Name: c.Name, Role: c.Role, Site: c.Site}
	if c.Issuer != FrontIssuer && (p.Role != Service || p.Subject != c.Issuer) {
		return Principal{}, fmt.Errorf("token of %q: %w", c.Issuer, errForeignRole)
	}
	v.kept.put(token, p, c.ExpiresAt.Time)
	return p, nil
}

func (v *Verifier) key(t *jwt.Token) (any, error) {
	issuer, err := t.Claims.GetIssuer()
	if err != nil {
		return nil, fmt.Errorf("read the issuer: %w", err)
	}
	if k, ok := v.trusted[issuer]; ok {
		return k, nil
	}
	return nil, fmt.Errorf("issuer %q is not trusted", issuer)
}

// memo is a small map whose entries end. When full it starts anew, which costs
// a signature each and nothing else.
type memo[K comparable, V any] struct {
	mu   sync.Mutex
	kept map[K]memoEntry[V]
}

type memoEntry[V any] struct {
	value V
	until time.Time
}

func newMemo[K comparable, V any]() *memo[K, V] {
	return &memo[K, V]{kept: make(map[K]memoEntry[V])}
}

func (m *memo[K, V]) get(k K, now time.Time) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.kept[k]
	if !ok || !now.Before(e.until) {
		var zero V
		return zero, false
	}
	return e.value, true
}

func (m *memo[K, V]) put(k K, v V, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.kept) >= maxKept {
		clear(m.kept)
	}
	m.kept[k] = memoEntry[V]{v, until}
}
