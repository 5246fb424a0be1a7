package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parution/parution/chassis/config"
)

type settings struct {
	Listen      string            `default:":7001" help:"Address."`
	DatabaseURL string            `default:"sqlite:x.db" help:"Database." name:"database-url"`
	Level       int               `default:"0" help:"Level."`
	TokenFile   config.SecretFile `help:"Token." name:"token-file"`
}

func parse(args []string, known ...string) (settings, error) {
	var s settings
	_, err := config.Parse(&s, args, config.Options{Name: "test", Environ: os.Environ(), Known: known, Exit: func(int) {}})
	return s, err
}

// The tests of this package are not parallel: they set the environment.

func TestPrecedence(t *testing.T) {
	if s, err := parse(nil); err != nil || s.Listen != ":7001" {
		t.Errorf("default: Listen = %q, %v, want :7001", s.Listen, err)
	}
	t.Setenv("PARUTION_LISTEN", ":7002")
	t.Setenv("PARUTION_DATABASE_URL", "postgres://h/d")
	if s, err := parse(nil); err != nil || s.Listen != ":7002" || s.DatabaseURL != "postgres://h/d" {
		t.Errorf("environment over default: %+v, %v", s, err)
	}
	if s, err := parse([]string{"--listen", ":7003"}); err != nil || s.Listen != ":7003" || s.DatabaseURL != "postgres://h/d" {
		t.Errorf("flag over environment: %+v, %v", s, err)
	}
}

func TestUnknownNameIsRefusedWithTheNearest(t *testing.T) {
	cases := []struct{ name, variable, want string }{
		{"one letter wrong", "PARUTION_DATABSE_URL", "unknown setting PARUTION_DATABSE_URL; did you mean PARUTION_DATABASE_URL?"},
		{"nothing like it", "PARUTION_ZZZZZZZZZZZZZZZZZZZZZZZZ", "unknown setting PARUTION_ZZZZZZZZZZZZZZZZZZZZZZZZ"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.variable, "secret-value")
			_, err := parse(nil)
			if err == nil || err.Error() != c.want {
				t.Errorf("Parse = %v, want %q", err, c.want)
			}
		})
	}
}

func TestNamesOfOthersAreLeftAlone(t *testing.T) {
	t.Setenv("PARUTION_CACHE_BYTES", "1")
	t.Setenv("OTEL_SERVICE_NAME", "x")
	t.Setenv("PARUTIONX", "x")
	if _, err := parse(nil, "PARUTION_CACHE_BYTES"); err != nil {
		t.Errorf("Parse = %v, want nil", err)
	}
}

func TestMalformedAndUnknownFlagsAreRefused(t *testing.T) {
	for _, args := range [][]string{{"--level", "many"}, {"--lissten", ":1"}, {"stray"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("Parse(%v) = nil, want an error", args)
		}
	}
}

type picky struct {
	Size int `default:"0" help:"Size."`
}

func (p picky) Validate() error {
	if p.Size < 0 {
		return os.ErrInvalid
	}
	return nil
}

func TestValidateIsCalled(t *testing.T) {
	_, err := config.Parse(&picky{}, []string{"--size=-1"}, config.Options{Name: "test", Exit: func(int) {}})
	if err == nil || !strings.Contains(err.Error(), os.ErrInvalid.Error()) {
		t.Errorf("Parse = %v, want what Validate says", err)
	}
}

func TestSecretFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) config.SecretFile {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return config.SecretFile(file)
	}
	if got, err := write("good", "s3cret \r\n").Read(); err != nil || got != "s3cret " {
		t.Errorf("Read = %q, %v, want the secret without its line end", got, err)
	}
	if got, err := config.SecretFile("").Read(); err != nil || got != "" {
		t.Errorf("Read without a file = %q, %v, want nothing", got, err)
	}
	if _, err := write("empty", "\n").Read(); err == nil {
		t.Error("Read an empty file = nil, want an error")
	}
	if _, err := config.SecretFile(filepath.Join(dir, "missing")).Read(); err == nil {
		t.Error("Read a missing file = nil, want an error")
	}
}
