package allinone

import (
	"github.com/parution/parution/chassis/identity"
)

// keyring holds the keys of this run: nobody outside the process verifies them.
type keyring struct {
	signers map[string]*identity.Signer
	trusted identity.Trusted
}

func newKeyring() (*keyring, error) {
	keys, trusted, err := identity.Generate(Issuers()...)
	if err != nil {
		return nil, err
	}
	k := &keyring{signers: make(map[string]*identity.Signer, len(keys)), trusted: trusted}
	for issuer, key := range keys {
		k.signers[issuer] = identity.NewSigner(issuer, key)
	}
	return k, nil
}

func (k *keyring) signer(issuer string) *identity.Signer { return k.signers[issuer] }

func (k *keyring) verifier(service string) *identity.Verifier {
	return identity.NewVerifier(service, k.trusted)
}

// Issuers are all services that call others.
func Issuers() []string { return []string{identity.FrontIssuer, "posts", "tags", "render", "accounts"} }
