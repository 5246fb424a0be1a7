package crowd

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/parution/parution/test/chaos/internal/journal"
)

// versionField is what a write is answered with, and what a read may ask for: "id@version".
const (
	versionField = "Parution-Version"
	atLeastField = "Parution-At-Least"
)

// look asks how a post is now. It stays in doubt if nobody answers.
func (a *Authors) look(ctx context.Context, p post) post {
	got, err := a.send(ctx, http.MethodGet, "/api/v1/posts/"+p.id, "", 0, nil)
	switch {
	case err != nil || got.code >= 500:
	case got.code == http.StatusOK:
		p.version, p.status, p.slug, p.doubt = got.Version, got.Status, got.Slug, got.Status == "scheduled"
	default:
		p.status, p.doubt = "deleted", false
	}
	return p
}

// reload is how long an author waits before they read an old page again.
const reload = 300 * time.Millisecond

// readBack tells what an author who has just written reads that is older; empty
// if nothing is. A page that is old once is read again: late tells that it was
// old at first. What is not answered is not old.
func (a *Authors) readBack(ctx context.Context, op journal.Op, wrote answer) (stale, late string) {
	if got, err := a.send(ctx, http.MethodGet, "/api/v1/posts/"+op.Post, "", 0, nil); err == nil && got.code == http.StatusOK && got.Version < op.Version {
		return fmt.Sprintf("GET /api/v1/posts/%s tells version %d after version %d was written", op.Post, got.Version, op.Version), ""
	}
	if wrote.header.Get(versionField) == "" || wrote.Slug == "" || op.Kind == journal.Tag {
		return "", ""
	}
	if late = a.oldPage(ctx, op, wrote); late == "" || !Pause(ctx, reload) {
		return "", ""
	}
	return a.oldPage(ctx, op, wrote), late
}

// oldPage tells in what the page of a post is older than what was written; empty
// if it is not, or if nobody can tell.
func (a *Authors) oldPage(ctx context.Context, op journal.Op, wrote answer) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.balancer.Pick()+"/posts/"+wrote.Slug, http.NoBody)
	if err != nil {
		return ""
	}
	at := wrote.header.Get(versionField)
	req.Header.Set(atLeastField, at)
	page, err := receive(a.http, req)
	if err != nil || page.code >= 500 {
		return ""
	}
	old := ""
	switch {
	case wrote.Status == "published" && page.code != http.StatusOK:
		old = fmt.Sprintf("the page is %d", page.code)
	case wrote.Status == "published" && op.Mark != "" && !bytes.Contains(page.body, []byte(op.Mark)):
		old = "the page does not hold " + op.Mark
	case wrote.Status != "published" && page.code == http.StatusOK:
		old = "the page is still there"
	}
	if old == "" {
		return ""
	}
	if now := a.look(ctx, post{id: op.Post, doubt: true}); now.version != op.Version {
		return "" // somebody has changed it in between, or nobody can tell
	}
	return fmt.Sprintf("GET /posts/%s with at least %s: %s", wrote.Slug, at, old)
}

// configure changes the publication's description.
func (a *Authors) configure(ctx context.Context, r *rand.Rand) error {
	got, err := a.send(ctx, http.MethodGet, "/api/v1/site", "", 0, nil)
	if err != nil || got.code != http.StatusOK {
		return nil //nolint:nilerr // an operation that was never begun
	}
	op := journal.Op{
		Kind: journal.Site, Key: fmt.Sprintf("%x-%x", r.Uint64(), r.Uint64()), Expected: got.Version,
		Mark: fmt.Sprintf("mark%dz", a.marks.Add(1)),
	}
	return a.carryOut(ctx, r, op, map[string]any{"description": "Described by " + op.Mark})
}
