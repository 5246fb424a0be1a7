package accounts

import (
	"fmt"

	"github.com/parution/parution/chassis/config"
	"github.com/parution/parution/services/accounts/internal/token"
)

// Config are the settings of the accounts service.
type Config struct {
	// BootstrapTokenFile holds the secret of an operator's token that is made at
	// the start if there is none with it: the first credential of an
	// installation. At least 32 characters; empty: no token is made.
	BootstrapTokenFile config.SecretFile `help:"File with the secret of a first operator token, at least 32 characters." placeholder:"PATH"`
}

// Defaults are the settings of a program without flags.
func Defaults() Config { return Config{} }

// Validate refuses settings that cannot work; it reads the files that they name.
func (c Config) Validate() error {
	_, err := c.bootstrapSecret()
	return err
}

func (c Config) bootstrapSecret() (token.Secret, error) {
	text, err := c.BootstrapTokenFile.Read()
	if err != nil || text == "" {
		return "", err
	}
	secret := token.Secret(text)
	if err := secret.Check(); err != nil {
		return "", fmt.Errorf("bootstrap-token-file: %w", err)
	}
	return secret, nil
}
