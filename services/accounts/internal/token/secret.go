package token

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

const (
	// prefix lets scanners for leaked credentials find a secret.
	prefix = "prt_"
	// RandomBytes is how much randomness a secret has.
	RandomBytes = 32
	// MinSecretChars is what a secret that people choose must have.
	MinSecretChars = 32
	// maxSecretBytes bounds what is hashed.
	maxSecretBytes = 512
)

// Secret is what the bearer of a token shows. It prints as "[redacted]".
type Secret string

// NewSecret makes a secret from randomness.
func NewSecret(random [RandomBytes]byte) Secret {
	return Secret(prefix + base64.RawURLEncoding.EncodeToString(random[:]))
}

// Check refuses a chosen secret that could be guessed, or is too long to be one.
func (s Secret) Check() error {
	if n := len(s); n < MinSecretChars {
		return fmt.Errorf("the secret has %d characters; it needs at least %d", n, MinSecretChars)
	}
	if !s.Plausible() {
		return errors.New("the secret is longer than 512 bytes")
	}
	return nil
}

// Plausible tells whether s can be a secret at all.
func (s Secret) Plausible() bool { return s != "" && len(s) <= maxSecretBytes }

// Hash is what is stored of a secret: SHA-256. A slow hash is for what can be
// guessed; a lookup by it tells by its time nothing about the secret, since
// nobody can choose hashes.
func (s Secret) Hash() []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// Reveal is the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer without telling the secret.
func (s Secret) String() string { return "[redacted]" }

// GoString implements fmt.GoStringer without telling the secret.
func (s Secret) GoString() string { return "[redacted]" }

// MarshalText implements encoding.TextMarshaler without telling the secret:
// JSON, and so a log, goes by it.
func (s Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }
