// Package config reads a program's settings: defaults, then the environment,
// then flags. A flag --database-url is the variable
// PARUTION_DATABASE_URL. Names that nobody knows are refused.
package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Prefix begins the name of every variable that is ours. OTEL_* belongs to OpenTelemetry.
const Prefix = "PARUTION_"

// Options describe a program.
type Options struct {
	Name, Description string
	// Environ is os.Environ() outside tests.
	Environ []string
	// Known are variables of ours that no flag of this command stands for: those of other commands.
	Known []string
	// Exit is called by --help; os.Exit outside tests.
	Exit func(int)
}

// Parse fills target, a pointer to a struct with kong's tags, from args and the
// environment. Required and malformed settings, and unknown ones, are told in
// one line for people. If target or the chosen command has Validate() error it is called.
func Parse(target any, args []string, o Options) (*kong.Context, error) {
	exit := o.Exit
	if exit == nil {
		exit = os.Exit //nolint:forbidigo // after --help, before anything was started
	}
	parser, err := kong.New(target, kong.Name(o.Name), kong.Description(o.Description), kong.Exit(exit),
		kong.DefaultEnvars(strings.TrimSuffix(Prefix, "_")), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}))
	if err != nil {
		return nil, fmt.Errorf("describe the settings: %w", err)
	}
	if err := refuseUnknown(parser.Model, o); err != nil {
		return nil, err
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		return nil, err
	}
	return kctx, nil
}

func refuseUnknown(model *kong.Application, o Options) error {
	known := append(variables(model.Node), o.Known...)
	for _, entry := range o.Environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, Prefix) || slices.Contains(known, name) {
			continue
		}
		if near := Nearest(name, known); near != "" {
			return fmt.Errorf("unknown setting %s; did you mean %s?", name, near)
		}
		return fmt.Errorf("unknown setting %s", name)
	}
	return nil
}

func variables(n *kong.Node) []string {
	var out []string
	for _, f := range n.Flags {
		out = append(out, f.Envs...)
	}
	for _, c := range n.Children {
		out = append(out, variables(c)...)
	}
	return out
}

// Nearest is the known name with the least edits, if they are few; otherwise empty.
func Nearest(name string, known []string) string {
	best, least := "", 1+len(name)/3
	for _, k := range known {
		if d := edits(name, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// SecretFile names a file that holds a secret: settings themselves never do,
// since the environment and arguments of a process are easily seen.
type SecretFile string

// Read is the secret, without the line end behind it; empty if no file is named.
func (f SecretFile) Read() (string, error) {
	if f == "" {
		return "", nil
	}
	text, err := os.ReadFile(string(f))
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" {
		return "", errors.New("secret file " + string(f) + " is empty")
	}
	return secret, nil
}
