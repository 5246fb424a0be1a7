package identity

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// TrustedFile is the file of a key folder that lists every issuer's public key.
const TrustedFile = "trusted"

// Generate makes a key for each issuer.
func Generate(issuers ...string) (map[string]ed25519.PrivateKey, Trusted, error) {
	keys, trusted := make(map[string]ed25519.PrivateKey), make(Trusted)
	for _, issuer := range issuers {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, nil, fmt.Errorf("generate a key for %s: %w", issuer, err)
		}
		keys[issuer], trusted[issuer] = private, public
	}
	return keys, trusted, nil
}

// WriteKeys writes a folder of keys for a cluster: <issuer>.key (PEM, PKCS #8,
// for that service alone) and "trusted" (public, for all). It overwrites nothing.
func WriteKeys(dir string, keys map[string]ed25519.PrivateKey, trusted Trusted) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create the key folder: %w", err)
	}
	var list bytes.Buffer
	for _, issuer := range slices.Sorted(maps.Keys(trusted)) {
		fmt.Fprintf(&list, "%s %s\n", issuer, base64.StdEncoding.EncodeToString(trusted[issuer]))
	}
	if err := writeNew(filepath.Join(dir, TrustedFile), list.Bytes()); err != nil {
		return err
	}
	for issuer, key := range keys {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return fmt.Errorf("marshal the key of %s: %w", issuer, err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		if err := writeNew(filepath.Join(dir, issuer+".key"), text); err != nil {
			return err
		}
	}
	return nil
}

func writeNew(name string, content []byte) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create key file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(content)
	return err
}

// LoadKey reads a private key file.
func LoadKey(name string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the identity key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("identity key %s is not PEM", name)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parse the identity key %s: %w", name, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("identity key %s is %T, not Ed25519", name, parsed)
	}
	return key, nil
}

// LoadTrusted reads a list of public keys: lines of "issuer base64". An empty
// list is an error: a service that trusts nobody is a mistake.
func LoadTrusted(name string) (Trusted, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the trusted keys: %w", err)
	}
	trusted := make(Trusted)
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		issuer, encoded, ok := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		if issuer == "" {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if !ok || err != nil || len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("%s line %d: want: issuer base64-public-key", name, n)
		}
		trusted[issuer] = key
	}
	if len(trusted) == 0 {
		return nil, fmt.Errorf("%s names no trusted key", name)
	}
	return trusted, lines.Err()
}
