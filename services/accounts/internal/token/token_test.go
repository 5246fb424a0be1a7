package token_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/accounts/internal/token"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

func at(d time.Duration) *time.Time {
	t := noon().Add(d)
	return &t
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		give   token.NewToken
		kind   fault.Kind
		fields []string
	}{
		{"no name", token.NewToken{Site: "main", Name: " \t"}, fault.KindInvalid, []string{"name"}},
		{"long name", token.NewToken{Site: "main", Name: strings.Repeat("é", 101)}, fault.KindInvalid, []string{"name"}},
		{"control character", token.NewToken{Site: "main", Name: "a\x00b"}, fault.KindInvalid, []string{"name"}},
		{"unknown role", token.NewToken{Site: "main", Name: "a", Role: "service"}, fault.KindInvalid, []string{"role"}},
		{"expired", token.NewToken{Site: "main", Name: "a", ExpiresAt: at(0)}, fault.KindInvalid, []string{"expires_at"}},
		{"all at once", token.NewToken{Role: "x", ExpiresAt: at(-1)}, fault.KindInvalid, []string{"name", "role", "expires_at"}},
		{"no site", token.NewToken{Name: "a", Role: token.Owner, ByOperator: true}, fault.KindInvalid, []string{"role"}},
		{"operator by owner", token.NewToken{Site: "main", Name: "a", Role: token.Operator}, fault.KindDenied, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := token.New(c.give, noon())
			if got := fault.KindOf(err); err == nil || got != c.kind {
				t.Fatalf("New(%+v) = %v of kind %v, want kind %v", c.give, err, got, c.kind)
			}
			var fields []string
			for _, v := range fault.ViolationsOf(err) {
				fields = append(fields, v.Field)
			}
			if diff := cmp.Diff(c.fields, fields); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	got, err := token.New(token.NewToken{ID: "1", Site: "main", Name: " " + strings.Repeat("é", 100) + " "}, noon())
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	want := token.Snapshot{ID: "1", Site: "main", Name: strings.Repeat("é", 100), Role: token.Author, CreatedAt: noon()}
	if diff := cmp.Diff(want, got.Snapshot()); diff != "" {
		t.Errorf("New (-want +got):\n%s", diff)
	}
	operator, err := token.New(token.NewToken{Site: "main", Name: "a", Role: token.Operator, ByOperator: true}, noon())
	if err != nil {
		t.Fatalf("New operator: %v", err)
	}
	if site := operator.Snapshot().Site; site != "" {
		t.Errorf("an operator's token has the site %q, want none", site)
	}
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	good := token.Snapshot{Site: "main", Role: token.Editor}
	cases := []struct {
		name string
		give func(*token.Snapshot)
		site string
		want string
	}{
		{"its site", func(*token.Snapshot) {}, "main", ""},
		{"another site", func(*token.Snapshot) {}, "other", "the token is of another site than this host's"},
		{"whichever site", func(*token.Snapshot) {}, "", ""},
		{"before its end", func(s *token.Snapshot) { s.ExpiresAt = at(time.Microsecond) }, "main", ""},
		{"at its end", func(s *token.Snapshot) { s.ExpiresAt = at(0) }, "main", "the token has expired"},
		{"revoked", func(s *token.Snapshot) { s.RevokedAt = at(time.Hour) }, "main", "the token was revoked"},
		{"operator", func(s *token.Snapshot) { s.Site, s.Role = "", token.Operator }, "other", ""},
		{"revoked operator", func(s *token.Snapshot) { s.Site, s.Role, s.RevokedAt = "", token.Operator, at(0) }, "other", "the token was revoked"},
		{"siteless owner", func(s *token.Snapshot) { s.Site, s.Role = "", token.Owner }, "", "the token is of another site than this host's"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := good
			c.give(&s)
			err := token.Restore(s).Admit(c.site, noon())
			if got := fault.TextOf(err); err != nil && (got != c.want || fault.KindOf(err) != fault.KindUnauthenticated) || err == nil && c.want != "" {
				t.Errorf("Admit(%q) = %v, want %q", c.site, err, c.want)
			}
		})
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	s := token.NewSecret([token.RandomBytes]byte{0xff, 0xfe})
	if got := s.Reveal(); !strings.HasPrefix(got, "prt__") || len(got) != len("prt_")+43 || strings.ContainsAny(got, "+/=") {
		t.Errorf("NewSecret = %q, want prt_ and 43 characters of base64url", got)
	}
	for _, format := range []string{"%v", "%s", "%+v", "%#v", "%q"} {
		if got := fmt.Sprintf(format, s); strings.Contains(got, "prt_") {
			t.Errorf("Sprintf(%q) tells the secret: %s", format, got)
		}
	}
	if got, err := json.Marshal(s); err != nil || string(got) != `"[redacted]"` {
		t.Errorf("Marshal = %s, %v, want nothing of the secret", got, err)
	}
	if err := s.Check(); err != nil {
		t.Errorf("Check: %v", err)
	}
	for _, bad := range []token.Secret{"", token.Secret(strings.Repeat("x", 31)), token.Secret(strings.Repeat("x", 513))} {
		if bad.Check() == nil {
			t.Errorf("Check of %d characters = nil, want an error", len(bad))
		}
	}
}
