package command_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/cmd/parution/internal/command"
)

// far is a server elsewhere with one site. It tells its themes unless it is an
// old one, which does not know the question.
type far struct {
	old bool
	// patched is what was sent last, with the site that was named.
	patched string
}

// ServeHTTP implements http.Handler.
func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/api/v1/themes" && !f.old:
		_, _ = io.WriteString(w, `{"themes":[{"name":"folio"},{"name":"gazette","problem":"post.html does not parse"}]}`)
	case r.URL.Path == "/api/v1/site" && r.Method == http.MethodGet:
		_, _ = io.WriteString(w, `{"id":"main","version":4,"title":"Notes","social_links":[{"name":"Old","url":"https://old.example"}]}`)
	case r.URL.Path == "/api/v1/site":
		body, _ := io.ReadAll(r.Body)
		var compact bytes.Buffer
		_ = json.Compact(&compact, body)
		f.patched = r.Header.Get("Parution-Site") + " " + r.Header.Get("If-Match") + " " + compact.String()
		_, _ = io.WriteString(w, `{"id":"main","version":5}`)
	default:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"status":404,"detail":"there is nothing here"}`)
	}
}

func TestSiteSet(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		old  bool
		args []string
		// sent is what the server gets; empty: nothing.
		sent string
		// says is part of the error, or of what is said beside the answer.
		says string
	}{
		{"a theme and a title", false, []string{"notes", "--theme", "folio", "--title", "N"}, `notes "4" {"theme":"folio","title":"N"}`, ""},
		{"the site named by flag", false, []string{"--site", "notes", "--theme", ""}, `notes "4" {"theme":""}`, ""},
		{"two sites", false, []string{"notes", "--site", "other", "--title", "N"}, "", "name one"},
		{"an unknown theme", false, []string{"--theme", "gazete"}, "", "there is no theme gazete; there are folio, gazette"},
		{"a theme with a problem", false, []string{"--theme", "gazette"}, ` "4" {"theme":"gazette"}`, "post.html does not parse"},
		{"a server that does not tell", true, []string{"--theme", "mine"}, ` "4" {"theme":"mine"}`, "not checked"},
		{
			"links", false,
			[]string{"--link", "Mastodon=https://example.org/@notes?a=b,c", "--link", " E-mail = mailto:a@example.org"},
			` "4" {"social_links":[{"name":"Mastodon","url":"https://example.org/@notes?a=b,c"},{"name":"E-mail","url":"mailto:a@example.org"}]}`, "",
		},
		{"no links", false, []string{"--no-links"}, ` "4" {"social_links":[]}`, ""},
		{"a link without an address", false, []string{"--link", "Mastodon"}, "", "must be NAME=ADDRESS"},
		{"links and none", false, []string{"--no-links", "--link", "a=https://b"}, "", "cannot both"},
		{"nothing", false, nil, "", "nothing to change"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &far{old: tt.old}
			s := httptest.NewServer(f)
			t.Cleanup(s.Close)
			var out, beside strings.Builder
			args := append([]string{"site", "set", "--server", s.URL, "--token", "t"}, tt.args...)
			err := command.Run(t.Context(), args, nil, command.Streams{Out: &out, Err: &beside})
			if (err == nil) != (tt.sent != "") {
				t.Fatalf("%v = %v", tt.args, err)
			}
			if diff := cmp.Diff(tt.sent, f.patched); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			if said := beside.String() + fmt.Sprint(err); !strings.Contains(said, tt.says) {
				t.Errorf("said %q, want %q in it", said, tt.says)
			}
		})
	}
}
