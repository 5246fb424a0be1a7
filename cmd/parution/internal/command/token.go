package command

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/cmd/parution/internal/client"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
)

type token struct {
	Create tokenCreate `cmd:"" help:"Make a token; prints its secret, which is shown only now."`
	List   tokenList   `cmd:"" help:"List tokens."`
	Revoke tokenRevoke `cmd:"" help:"End a token."`
}

type tokenCreate struct {
	client.Target `embed:""`

	Name    string        `arg:"" help:"What it is for."`
	Role    string        `env:"-" help:"What it may do: author, editor, owner, operator." default:"editor" enum:"author,editor,owner,operator"`
	Expires time.Duration `env:"-" help:"How long it is good for, such as 720h; 0: until it is revoked." default:"0"`
}

const tokensPath = "/api/v1/tokens" //nolint:gosec // a path, no secret

// Run makes a token.
func (t tokenCreate) Run(g *globals) error {
	// An operator's token belongs to no site.
	needs := client.Needs{Installation: t.Role == "operator"}
	return client.With(g.ctx, t.Target, needs, g.log, func(ctx context.Context, c *client.Client) error {
		in := &accountsv1.CreateTokenRequest{Name: t.Name, Role: t.Role}
		if t.Expires != 0 {
			in.ExpiresAt = timestamppb.New(time.Now().Add(t.Expires))
		}
		var out accountsv1.CreateTokenResponse
		if _, err := c.Call(ctx, http.MethodPost, tokensPath, in, &out); err != nil {
			return err
		}
		g.say("%s", out.GetSecret())
		return nil
	})
}

type tokenList struct {
	client.Target `embed:""`
}

// Run lists tokens.
func (t tokenList) Run(g *globals) error {
	return client.With(g.ctx, t.Target, client.Needs{}, g.log, func(ctx context.Context, c *client.Client) error {
		w := tabwriter.NewWriter(g.Out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "ID\tNAME\tROLE\tCREATED\tLAST USED\tEXPIRES\tREVOKED") // flushed below
		next := ""
		for {
			var out accountsv1.ListTokensResponse
			path := tokensPath + "?" + url.Values{"page_size": {strconv.Itoa(100)}, "page_token": {next}}.Encode()
			if _, err := c.Call(ctx, http.MethodGet, path, nil, &out); err != nil {
				return err
			}
			for _, k := range out.GetTokens() {
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.GetId(), k.GetName(), k.GetRole(),
					day(k.GetCreatedAt()), day(k.GetLastUsedAt()), day(k.GetExpiresAt()), day(k.GetRevokedAt()))
			}
			if next = out.GetNextPageToken(); next == "" {
				return w.Flush()
			}
		}
	})
}

// day is a time as lists show it.
func day(t *timestamppb.Timestamp) string {
	if t == nil {
		return "-"
	}
	return t.AsTime().Local().Format("2006-01-02 15:04")
}

type tokenRevoke struct {
	client.Target `embed:""`

	ID string `arg:"" help:"The token's id; see: parution token list."`
}

// Run ends a token.
func (t tokenRevoke) Run(g *globals) error {
	return client.With(g.ctx, t.Target, client.Needs{}, g.log, func(ctx context.Context, c *client.Client) error {
		var out accountsv1.RevokeTokenResponse
		_, err := c.Call(ctx, http.MethodDelete, tokensPath+"/"+url.PathEscape(t.ID), nil, &out)
		if client.StatusOf(err) == http.StatusNotFound {
			return fmt.Errorf("no token has the id %s; parution token list shows ids", t.ID)
		}
		if err != nil {
			return err
		}
		g.say("revoked %s (%s)", out.GetToken().GetId(), out.GetToken().GetName())
		return nil
	})
}
