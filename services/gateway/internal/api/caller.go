package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
)

// siteHeader is where operators name the site that they mean.
const siteHeader = "Parution-Site"

// maxSecretBytes bounds a token's secret: ours are much shorter.
const maxSecretBytes = 512

// errMisdirected is a host name that no site answers to.
var errMisdirected = errors.New("no site answers to this host name")

// caller tells who sent r and for which site: that of the host name, or for
// operators the one that they name.
func (a *API) caller(r *http.Request) (identity.Principal, error) {
	if !a.deps.Sites.Loaded() {
		return identity.Principal{}, fault.Unavailable("the sites are not known yet")
	}
	site, found := a.deps.Sites.Find(r.Host)
	wanted := r.Header.Get(siteHeader)
	if wanted != "" && wanted != site.ID {
		named, ok := a.deps.Sites.ByID(wanted)
		p, err := a.who(r, named.ID)
		switch {
		case err != nil:
			return identity.Principal{}, err
		case p.Role != identity.Operator:
			return identity.Principal{}, fault.Denied("only an operator may name another site")
		case !ok:
			return identity.Principal{}, fault.NotFound("there is no site %q", wanted)
		}
		return p, nil
	}
	if !found {
		return identity.Principal{}, errMisdirected
	}
	return a.who(r, site.ID)
}

// who is the caller at site: by token, or whoever the context names, or anyone.
func (a *API) who(r *http.Request, site string) (identity.Principal, error) {
	if p := identity.From(r.Context()); p.Role == identity.Operator {
		p.Site = site
		return p, nil
	}
	values := r.Header.Values("Authorization")
	switch len(values) {
	case 0:
		return identity.Principal{Role: identity.Public, Site: site}, nil
	case 1:
		return a.authenticate(r.Context(), values[0], site)
	}
	return identity.Principal{}, fault.Malformed("Authorization", "is given %d times", len(values))
}

func (a *API) authenticate(ctx context.Context, authorization, site string) (identity.Principal, error) {
	secret, err := bearer(authorization)
	if err != nil {
		return identity.Principal{}, err
	}
	c := credential{sha256.Sum256([]byte(secret)), site}
	p, changes, ok := a.known.find(c)
	if ok {
		return p, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	answer, err := a.accounts.Authenticate(ctx, &accountsv1.AuthenticateRequest{Secret: secret, Site: site})
	if err != nil {
		return identity.Principal{}, fmt.Errorf("authenticate: %w", err)
	}
	token := answer.GetToken()
	p = identity.Principal{Subject: token.GetId(), Name: token.GetName(), Role: identity.Role(token.GetRole()), Site: site}
	if !p.Member() { // a role that no token may have
		return identity.Principal{}, fault.Unauthenticated("the token is not valid")
	}
	a.known.keep(c, p, changes, token)
	return p, nil
}

// bearer is the secret in the header field Authorization.
func bearer(authorization string) (string, error) {
	scheme, secret, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		// Only what is no secret for sure is said again.
		for _, known := range []string{"Basic", "Digest", "Token", "Negotiate", "ApiKey"} {
			if strings.EqualFold(scheme, known) {
				return "", fault.Unauthenticated("send Bearer, not %s", known)
			}
		}
		return "", fault.Unauthenticated("send Bearer and the token: Authorization: Bearer …")
	}
	secret = strings.TrimSpace(secret)
	if secret == "" || len(secret) > maxSecretBytes || !utf8.ValidString(secret) {
		return "", fault.Unauthenticated("the token is not valid")
	}
	return secret, nil
}
