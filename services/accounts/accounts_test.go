package accounts_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/config"
	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/paging"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/telemetry"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
	"github.com/parution/parution/services/accounts"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// world is a running service with a clock that the test moves.
type world struct {
	db      *sqldb.DB
	service *accounts.Service
	client  accountsv1.AccountsServiceClient
	clock   time.Time
}

func start(t *testing.T, db *sqldb.DB, cfg accounts.Config) *world {
	t.Helper()
	w := &world{db: db, clock: noon()}
	if err := db.Migrate(t.Context(), accounts.Migrations()...); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	var err error
	w.service, err = accounts.New(cfg, accounts.Deps{DB: db, Telemetry: telemetry.Discard(), Now: func() time.Time { return w.clock }})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	for _, part := range w.service.Parts() {
		if err := part.Run(t.Context(), func() {}); err != nil {
			t.Fatalf("%s: %v", part.Name, err)
		}
	}
	server := rpctest.Serve(t, w.service.Register, w.service.Writes())
	w.client = accountsv1.NewAccountsServiceClient(server.Conn(t))
	return w
}

func as(ctx context.Context, role identity.Role, site string) context.Context {
	return identity.With(ctx, identity.Principal{Subject: "s", Name: "n", Role: role, Site: site})
}

func (w *world) create(ctx context.Context, t *testing.T, r *accountsv1.CreateTokenRequest) *accountsv1.CreateTokenResponse {
	t.Helper()
	got, err := w.client.CreateToken(ctx, r)
	if err != nil {
		t.Fatalf("CreateToken(%v): %v", r, err)
	}
	return got
}

// The four reasons why a secret is refused.
const (
	unknown   = "the token is not valid"
	expired   = "the token has expired"
	revoked   = "the token was revoked"
	elsewhere = "the token is of another site than this host's"
)

// whose authenticates a secret; refused is true if it is not accepted.
func (w *world) whose(t *testing.T, secret, site string) (tok *accountsv1.Token, refused bool) {
	t.Helper()
	got, err := w.client.Authenticate(t.Context(), &accountsv1.AuthenticateRequest{Secret: secret, Site: site})
	if err == nil {
		return got.GetToken(), false
	}
	if fault.KindOf(err) != fault.KindUnauthenticated {
		t.Fatalf("Authenticate = %v, want Unauthenticated", err)
	}
	return nil, true
}

// why is the text that a secret is refused with; empty if it is accepted.
func (w *world) why(t *testing.T, secret, site string) string {
	t.Helper()
	_, err := w.client.Authenticate(t.Context(), &accountsv1.AuthenticateRequest{Secret: secret, Site: site})
	if err == nil {
		return ""
	}
	return fault.TextOf(err)
}

func TestTokenLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db, accounts.Defaults())
		owner := as(t.Context(), identity.Owner, "main")
		made := w.create(owner, t, &accountsv1.CreateTokenRequest{Name: "ci", Role: "editor", ExpiresAt: timestamppb.New(noon().Add(time.Hour))})
		if !strings.HasPrefix(made.GetSecret(), "prt_") {
			t.Errorf("the secret begins with %.4q, want prt_", made.GetSecret())
		}
		got, refused := w.whose(t, made.GetSecret(), "main")
		if diff := cmp.Diff(made.GetToken(), got, protocmp.Transform()); refused || diff != "" {
			t.Errorf("Authenticate refused = %v, token (-want +got):\n%s", refused, diff)
		}
		for _, bad := range []struct{ secret, site, want string }{
			{made.GetSecret(), "other", elsewhere},
			{made.GetSecret() + "x", "main", unknown},
			{"", "main", unknown},
			{strings.Repeat("x", 10000), "main", unknown},
		} {
			if got := w.why(t, bad.secret, bad.site); got != bad.want {
				t.Errorf("a secret of %d characters is refused on %q with %q, want %q", len(bad.secret), bad.site, got, bad.want)
			}
		}
		w.clock = noon().Add(time.Hour)
		if got := w.why(t, made.GetSecret(), "main"); got != expired {
			t.Errorf("an expired token is refused with %q, want %q", got, expired)
		}
		w.clock = noon()
		for range 2 { // revoking twice is the same
			r, err := w.client.RevokeToken(owner, &accountsv1.RevokeTokenRequest{Id: made.GetToken().GetId()})
			if err != nil || r.GetToken().GetRevokedAt() == nil {
				t.Errorf("RevokeToken = %v, %v, want a time", r, err)
			}
		}
		if got := w.why(t, made.GetSecret(), "main"); got != revoked {
			t.Errorf("a revoked token is refused with %q, want %q", got, revoked)
		}
	})
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	w := start(t, sqldbtest.SQLite(t), accounts.Defaults())
	operator, owner := as(t.Context(), identity.Operator, "main"), as(t.Context(), identity.Owner, "main")
	other := as(t.Context(), identity.Owner, "other")
	if _, err := w.client.CreateToken(owner, &accountsv1.CreateTokenRequest{Name: "x", Role: "operator"}); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("an owner making an operator = %v, want Denied", err)
	}
	for _, role := range []identity.Role{identity.Author, identity.Editor} {
		if _, err := w.client.CreateToken(as(t.Context(), role, "main"), &accountsv1.CreateTokenRequest{Name: "x"}); fault.KindOf(err) != fault.KindDenied {
			t.Errorf("an %s making a token = %v, want Denied", role, err)
		}
	}
	if _, err := w.client.Authenticate(operator, &accountsv1.AuthenticateRequest{}); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("a person asking whose a secret is = %v, want Denied", err)
	}
	high := w.create(operator, t, &accountsv1.CreateTokenRequest{Name: "high", Role: "operator"})
	low := w.create(owner, t, &accountsv1.CreateTokenRequest{Name: "low"})
	if _, refused := w.whose(t, high.GetSecret(), "any"); refused {
		t.Error("an operator's token is not accepted everywhere")
	}
	for name, c := range map[string]struct {
		ctx context.Context //nolint:containedctx // who asks is what the table is about
		id  string
	}{
		"owner, operator's token":     {owner, high.GetToken().GetId()},
		"another site's owner":        {other, low.GetToken().GetId()},
		"nobody's token":              {owner, "018f0000-0000-7000-8000-000000000000"},
		"something that is not an id": {owner, "a\x00b"},
	} {
		if _, err := w.client.RevokeToken(c.ctx, &accountsv1.RevokeTokenRequest{Id: c.id}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("%s: RevokeToken = %v, want NotFound", name, err)
		}
	}
	for _, c := range []struct {
		ctx  context.Context //nolint:containedctx // who asks is what the table is about
		want []string
	}{{operator, []string{"low", "high"}}, {owner, []string{"low"}}, {other, nil}} {
		got, err := w.client.ListTokens(c.ctx, &accountsv1.ListTokensRequest{})
		if err != nil {
			t.Fatalf("ListTokens: %v", err)
		}
		if diff := cmp.Diff(c.want, names(got)); diff != "" {
			t.Errorf("list of %v (-want +got):\n%s", identity.From(c.ctx), diff)
		}
	}
}

func names(r *accountsv1.ListTokensResponse) []string {
	var out []string
	for _, tok := range r.GetTokens() {
		out = append(out, tok.GetName())
	}
	return out
}

func TestListTokensPages(t *testing.T) {
	t.Parallel()
	w := start(t, sqldbtest.SQLite(t), accounts.Defaults())
	owner := as(t.Context(), identity.Owner, "main")
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		w.create(owner, t, &accountsv1.CreateTokenRequest{Name: name})
	}
	var got []string
	for page := ""; ; {
		r, err := w.client.ListTokens(owner, &accountsv1.ListTokensRequest{PageSize: 2, PageToken: page})
		if err != nil {
			t.Fatalf("ListTokens: %v", err)
		}
		got = append(got, names(r)...)
		if page = r.GetNextPageToken(); page == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"e", "d", "c", "b", "a"}, got); diff != "" {
		t.Errorf("all pages (-want +got):\n%s", diff)
	}
	forged, err := paging.Token(map[string]string{"ID": "a\x00b"}, "tokens", "main", "false")
	if err != nil {
		t.Fatalf("forge a page token: %v", err)
	}
	for _, bad := range []*accountsv1.ListTokensRequest{{PageSize: -1}, {PageSize: 101}, {PageToken: "?"}, {PageToken: "e30"}, {PageToken: forged}} {
		if _, err := w.client.ListTokens(owner, bad); fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("ListTokens(%v) = %v, want Invalid", bad, err)
		}
	}
}

func TestLastUseIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db, accounts.Defaults())
		owner := as(t.Context(), identity.Owner, "main")
		made := w.create(owner, t, &accountsv1.CreateTokenRequest{Name: "a"})
		for _, c := range []struct{ use, want time.Duration }{{0, 0}, {50 * time.Second, 0}, {70 * time.Second, 70 * time.Second}} {
			w.clock = noon().Add(c.use)
			if _, refused := w.whose(t, made.GetSecret(), "main"); refused {
				t.Fatal("the token is refused")
			}
			r, err := w.client.ListTokens(owner, &accountsv1.ListTokensRequest{})
			if err != nil {
				t.Fatalf("ListTokens: %v", err)
			}
			if got := r.GetTokens()[0].GetLastUsedAt().AsTime(); !got.Equal(noon().Add(c.want)) {
				t.Errorf("after a use at +%v the last use is %v, want +%v", c.use, got, c.want)
			}
		}
	})
}

func TestRepeatedCreateHasNoSecret(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db, accounts.Defaults())
		ctx := rpc.WithIdempotencyKey(as(t.Context(), identity.Owner, "main"), "key-1")
		first := w.create(ctx, t, &accountsv1.CreateTokenRequest{Name: "a"})
		again := w.create(ctx, t, &accountsv1.CreateTokenRequest{Name: "a"})
		if first.GetSecret() == "" || again.GetSecret() != "" {
			t.Errorf("secrets of %d and %d characters, want some and none", len(first.GetSecret()), len(again.GetSecret()))
		}
		if !proto.Equal(first.GetToken(), again.GetToken()) {
			t.Errorf("the repeated answer is %v, want %v", again.GetToken(), first.GetToken())
		}
		if _, refused := w.whose(t, first.GetSecret(), "main"); refused {
			t.Error("the secret is refused")
		}
		var kept []byte
		if err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT response FROM idempotency`).Scan(&kept); err != nil {
			t.Fatalf("read the kept answer: %v", err)
		}
		if strings.Contains(string(kept), "prt_") {
			t.Error("the kept answer holds the secret")
		}
	})
}

func secretFile(t *testing.T, text string) accounts.Config {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatalf("write the secret: %v", err)
	}
	return accounts.Config{BootstrapTokenFile: config.SecretFile(name)}
}

func TestBootstrap(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		secret := strings.Repeat("s", 32)
		cfg := secretFile(t, secret+"\n")
		w := start(t, db, cfg)
		first, refused := w.whose(t, secret, "any")
		if refused || first.GetName() != "bootstrap" || first.GetRole() != "operator" {
			t.Fatalf("the bootstrap token is %v, refused = %v", first, refused)
		}
		w = start(t, db, cfg) // a second start
		if again, _ := w.whose(t, secret, "any"); again.GetId() != first.GetId() {
			t.Errorf("a second start made the token %s, want %s", again.GetId(), first.GetId())
		}
		operator := as(t.Context(), identity.Operator, "main")
		if _, err := w.client.RevokeToken(operator, &accountsv1.RevokeTokenRequest{Id: first.GetId()}); err != nil {
			t.Fatalf("RevokeToken: %v", err)
		}
		w = start(t, db, cfg)
		if _, refused := w.whose(t, secret, "any"); !refused {
			t.Error("a restart brought the revoked token back")
		}
	})
}

func TestBootstrapRefusesWeakSecrets(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	for name, cfg := range map[string]accounts.Config{
		"short":   secretFile(t, strings.Repeat("s", 31)),
		"empty":   secretFile(t, "\n"),
		"missing": {BootstrapTokenFile: config.SecretFile(filepath.Join(t.TempDir(), "none"))},
	} {
		if err := cfg.Validate(); err == nil {
			t.Errorf("%s: Validate = nil, want an error", name)
		}
		if _, err := accounts.New(cfg, accounts.Deps{DB: db, Telemetry: telemetry.Discard(), Now: noon}); err == nil {
			t.Errorf("%s: New = nil, want an error", name)
		}
	}
}
