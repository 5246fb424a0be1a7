package identity_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/identity"
)

const audience = "posts"

// town has keys of the gateway and of two services that all trust each other.
type town struct {
	keys    map[string]ed25519.PrivateKey
	trusted identity.Trusted
}

func newTown(t testing.TB) town {
	t.Helper()
	keys, trusted, err := identity.Generate(identity.FrontIssuer, "tags", "render")
	if err != nil {
		t.Fatalf("Generate: %v", err)
	}
	return town{keys: keys, trusted: trusted}
}

func (w town) signer(issuer string) *identity.Signer {
	return identity.NewSigner(issuer, w.keys[issuer])
}

func (w town) sign(t testing.TB, issuer string, p identity.Principal, audience string) string {
	t.Helper()
	token, err := w.signer(issuer).Sign(p, audience)
	if err != nil {
		t.Fatalf("Sign: %v", err)
	}
	return token
}

func editor() identity.Principal {
	return identity.Principal{Subject: "person-1", Name: "Zoë", Role: identity.Editor, Site: "main"}
}

func TestVerifyAnswersWhoWasSigned(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	cases := []struct {
		name, issuer string
		want         identity.Principal
	}{
		{"gateway speaks for a person", identity.FrontIssuer, editor()},
		{"gateway speaks for itself", identity.FrontIssuer, w.signer(identity.FrontIssuer).Principal()},
		{"service speaks for itself", "tags", w.signer("tags").Principal()},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := identity.NewVerifier(audience, w.trusted)
			for range 2 { // the second answer is remembered
				got, err := v.Verify(t.Context(), w.sign(t, c.issuer, c.want, audience))
				if err != nil {
					t.Fatalf("Verify = %v, want nil", err)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("principal (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	w, stranger := newTown(t), newTown(t)
	claims := jwt.MapClaims{
		"iss": identity.FrontIssuer, "sub": "person-1", "aud": audience, "role": "owner",
		"exp": time.Now().Add(time.Minute).Unix(),
	}
	forged := func(method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
		token, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatalf("make a forged token: %v", err)
		}
		return token
	}
	endless := jwt.MapClaims{"iss": identity.FrontIssuer, "sub": "person-1", "aud": audience, "role": "owner"}
	good := w.sign(t, identity.FrontIssuer, editor(), audience)
	cases := map[string]string{
		"role of a person, by a service":    w.sign(t, "tags", editor(), audience),
		"another service's name":            w.sign(t, "tags", w.signer("render").Principal(), audience),
		"operator, by a service":            w.sign(t, "tags", identity.Principal{Subject: "tags", Role: identity.Operator}, audience),
		"audience of another service":       w.sign(t, identity.FrontIssuer, editor(), "accounts"),
		"gateway's name, stranger's key":    stranger.sign(t, identity.FrontIssuer, editor(), audience),
		"issuer that nobody knows":          forged(jwt.SigningMethodEdDSA, w.keys["tags"], jwt.MapClaims{"iss": "mallory", "aud": audience, "exp": claims["exp"]}),
		"gateway's name, key of a service":  forged(jwt.SigningMethodEdDSA, w.keys["tags"], claims),
		"no signature":                      forged(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims),
		"HMAC with the public key":          forged(jwt.SigningMethodHS256, []byte(w.trusted[identity.FrontIssuer]), claims),
		"without an end":                    forged(jwt.SigningMethodEdDSA, w.keys[identity.FrontIssuer], endless),
		"a changed letter in the signature": flip(good),
		"no token at all":                   "",
		"nonsense":                          "a.b.c",
	}
	for name, token := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := identity.NewVerifier(audience, w.trusted)
			for range 2 { // a refusal is not remembered as an acceptance
				if p, err := v.Verify(t.Context(), token); err == nil || p != (identity.Principal{}) {
					t.Errorf("Verify = %+v, %v, want an error", p, err)
				}
			}
		})
	}
}

// flip changes a letter in the middle of the signature.
func flip(token string) string {
	at := strings.LastIndexByte(token, '.') + 20
	letter := byte('A')
	if token[at] == letter {
		letter = 'B'
	}
	return token[:at] + string(letter) + token[at+1:]
}

func TestTokensEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		knows, never := identity.NewVerifier(audience, w.trusted), identity.NewVerifier(audience, w.trusted)
		token := w.sign(t, identity.FrontIssuer, editor(), audience)
		if _, err := knows.Verify(t.Context(), token); err != nil {
			t.Fatalf("Verify a fresh token = %v, want nil", err)
		}
		time.Sleep(75 * time.Second) //nolint:forbidigo // the bubble's clock
		for name, v := range map[string]*identity.Verifier{"one that saw it before": knows, "one that did not": never} {
			if _, err := v.Verify(t.Context(), token); err == nil {
				t.Errorf("an old token is accepted by %s", name)
			}
		}
	})
}

func TestSignReusesATokenForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		s := w.signer(identity.FrontIssuer)
		sign := func(p identity.Principal, audience string) string {
			token, err := s.Sign(p, audience)
			if err != nil {
				t.Fatalf("Sign: %v", err)
			}
			return token
		}
		first := sign(editor(), audience)
		time.Sleep(15 * time.Second) //nolint:forbidigo // the bubble's clock
		if sign(editor(), audience) != first {
			t.Error("after 15 s: another token, want the same")
		}
		other := editor()
		other.Site = "second"
		if sign(other, audience) == first {
			t.Error("another site: the same token")
		}
		if sign(editor(), "tags") == first {
			t.Error("another audience: the same token")
		}
		time.Sleep(6 * time.Second) //nolint:forbidigo // the bubble's clock
		if sign(editor(), audience) == first {
			t.Error("after 21 s: the same token, want a new one")
		}
	})
}

func TestKeysSurviveTheirFiles(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	dir := filepath.Join(t.TempDir(), "keys")
	if err := identity.WriteKeys(dir, w.keys, w.trusted); err != nil {
		t.Fatalf("WriteKeys: %v", err)
	}
	if err := identity.WriteKeys(dir, w.keys, w.trusted); err == nil {
		t.Error("WriteKeys over existing keys = nil, want an error")
	}
	trusted, err := identity.LoadTrusted(filepath.Join(dir, identity.TrustedFile))
	if err != nil {
		t.Fatalf("LoadTrusted: %v", err)
	}
	if diff := cmp.Diff(w.trusted, trusted); diff != "" {
		t.Errorf("trusted keys (-want +got):\n%s", diff)
	}
	for issuer, want := range w.keys {
		name := filepath.Join(dir, issuer+".key")
		got, err := identity.LoadKey(name)
		if err != nil || !got.Equal(want) {
			t.Errorf("LoadKey of %s = another key, %v", issuer, err)
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("key file %s has mode %v, %v, want 0600", name, info.Mode(), err)
		}
	}
}

func TestLoadTrustedRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an empty list":        "\n\n",
		"a line without a key": "gateway\n",
		"a short key":          "gateway c2hvcnQ=\n",
		"no base64":            "gateway ???\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "trusted")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := identity.LoadTrusted(file); err == nil {
				t.Error("LoadTrusted = nil, want an error")
			}
		})
	}
}

func TestNobodyIsInAnEmptyContext(t *testing.T) {
	t.Parallel()
	if p := identity.From(t.Context()); p != (identity.Principal{}) || p.Member() || p.Edits() {
		t.Errorf("From = %+v, want nobody, who may nothing", p)
	}
	if got := identity.From(identity.With(t.Context(), editor())); got != editor() {
		t.Errorf("From = %+v, want %+v", got, editor())
	}
}
