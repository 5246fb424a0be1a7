package command_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/cmd/parution/internal/command"
)

// shelf is a server elsewhere with three tags, on two pages, and a history.
type shelf struct {
	// looks counts the questions about the operation; it has ended with the second.
	looks int
	// dies is how often it breaks off when asked about the operation.
	dies int
	// sent is what was asked to change: path, If-Match and body.
	sent []string
	// keys are the Idempotency-Keys that came with it.
	keys map[string]bool
}

const (
	velo      = `{"id":"01","slug":"velo","name":"Vélo","count":7,"version":3,"aliases":["bicyclette"],"names":{"en":"Bicycle"},"former_slugs":["cycle"],"description":"Two\nwheels."}`
	transport = `{"id":"02","slug":"transport","name":"Transport","count":40,"version":1,"parent":"marches","children":["velo"]}`
	hidden    = `{"id":"03","slug":"a-relire","name":"#à relire","count":2,"version":9,"internal":true}`
)

// ServeHTTP implements http.Handler.
func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	answer := func(text string) { _, _ = io.WriteString(w, text) }
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/api/v1/")
	if r.Method != http.MethodGet {
		s.change(w, r, path)
		return
	}
	switch {
	case path == "tags/velo" || path == "tags/cycle":
		answer(velo)
	case path == "tags/transport":
		answer(transport)
	case path == "tags" && r.URL.Query().Get("page_token") == "":
		answer(`{"tags":[` + hidden + `,` + transport + `],"next_page_token":"more","total":3}`)
	case path == "tags":
		answer(`{"tags":[` + velo + `],"total":3}`)
	case path == "tag-operations/op1" && s.dies > 0:
		s.dies--
		panic(http.ErrAbortHandler)
	case path == "tag-operations/op1":
		if s.looks++; s.looks < 2 {
			answer(`{"id":"op1","kind":"merged","state":"running","slugs":["velo","transport"],"into":["transport"],"posts":7,"posts_done":3}`)
			return
		}
		answer(`{"id":"op1","kind":"merged","state":"done","slugs":["velo","transport"],"into":["transport"],"posts":7,"posts_done":7}`)
	case path == "tag-operations":
		answer(`{"operations":[
			{"id":"op4","kind":"undone","state":"done","undid":"op3","slugs":["bike"],"names":["Bicyclette"],"at":"2026-01-02T03:04:05Z","by":"ada"},
			{"id":"op3","kind":"renamed","state":"undone","slugs":["velo"],"names":["Vélo"],"into":["bike"],"into_names":["Bicyclette"],"posts":7,"at":"2026-01-02T03:04:04Z","by":"ada"},
			{"id":"op2","kind":"described","state":"done","slugs":["marches-publics"],"names":["Marchés publics"],"into":["marches-publics"],"at":"2026-01-02T03:04:03Z","by":"ada"},
			{"id":"op1","kind":"split","state":"done","slugs":["internal-a-relire"],"names":["#à relire"],"into":["rail","routes-2"],"into_names":["Rail","Routes"],"at":"2026-01-02T03:04:02Z"}]}`)
	default:
		w.WriteHeader(http.StatusNotFound)
		answer(`{"status":404,"detail":"there is nothing here"}`)
	}
}

func (s *shelf) change(w http.ResponseWriter, r *http.Request, path string) {
	body, _ := io.ReadAll(r.Body)
	var compact bytes.Buffer
	_ = json.Compact(&compact, body)
	s.sent = append(s.sent, strings.Join(strings.Fields(path+" "+r.Header.Get("If-Match")+" "+compact.String()), " "))
	s.keys[r.Header.Get("Idempotency-Key")] = true
	if strings.HasSuffix(path, ":split") && strings.Contains(compact.String(), `\"`) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"status":422,"detail":"the query of \"Rail\": This quotation mark is not closed.","errors":[{"field":"parts","detail":"This quotation mark is not closed."}]}`)
		return
	}
	if strings.HasSuffix(path, "op9:undo") {
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"status":409,"detail":"operation op10 on velo came after it: undo that first"}`)
		return
	}
	state := "done"
	if strings.HasSuffix(path, ":merge") {
		state = "running"
	}
	_, _ = io.WriteString(w, `{"id":"op1","kind":"merged","state":"`+state+`","slugs":["velo","transport"],"into":["transport"],"posts":7,"posts_done":0}`)
}

// tagRun runs parution tag on s.
func tagRun(t *testing.T, s *shelf, args ...string) (out, beside string, err error) {
	t.Helper()
	s.keys = make(map[string]bool)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	var stdout, stderr strings.Builder
	args = append([]string{"tag", args[0], "--server", server.URL, "--token", "t"}, args[1:]...)
	err = command.Run(t.Context(), args, nil, command.Streams{Out: &stdout, Err: &stderr})
	return stdout.String(), stderr.String(), err
}

func TestTagChanges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		// sent is what the server is asked to change; empty: nothing.
		sent []string
		// says is part of the error.
		says string
	}{
		{"rename", []string{"rename", "velo", "Bicyclette"}, []string{`tags/velo:rename {"name":"Bicyclette"}`}, ""},
		{"rename with a slug, by a former one", []string{"rename", "cycle", "Bike", "--slug", "b"}, []string{`tags/velo:rename {"name":"Bike", "new_slug":"b"}`}, ""},
		{"rename by an alias", []string{"rename", "Bicyclette", "Bike"}, []string{`tags/velo:rename {"name":"Bike"}`}, ""},
		{"rename by its name elsewhere", []string{"rename", "bicycle", "Bike"}, []string{`tags/velo:rename {"name":"Bike"}`}, ""},
		{"a tag that is not there", []string{"rename", "transports", "Bike"}, nil, "there is no tag transports; did you mean transport?"},
		{"a tag like no other", []string{"rename", "zzz", "Bike"}, nil, "there is no tag zzz; parution tag list shows all"},
		{"merge", []string{"merge", "Vélo", "transport"}, []string{`tags/velo:merge {"into":"transport"}`}, ""},
		{"merge several", []string{"merge", "velo", "#à relire", "--into", "transport"}, []string{`tags/velo:merge {"into":"transport"}`, `tags/a-relire:merge {"into":"transport"}`}, ""},
		{"merge several, one is not there", []string{"merge", "velo", "zzz", "--into", "transport"}, nil, "there is no tag zzz"},
		{"merge with itself", []string{"merge", "velo", "bicyclette"}, nil, "velo and bicyclette are one tag already"},
		{"merge three without into", []string{"merge", "a", "b", "c"}, nil, "say which tag goes"},
		{"split", []string{"split", "transport", "Rail=train OR gare", "Route", "--posts", "Route=p1,p2", "--alias", "Rail=tram"}, []string{
			`tags/transport:split {"parts":[{"name":"Rail","q":"train OR gare","aliases":["tram"]},{"name":"Route","posts":["p1","p2"]}]}`,
		}, ""},
		{"split with a part twice", []string{"split", "transport", "Rail=train", "Rail"}, nil, "given twice"},
		{"split with posts of no part", []string{"split", "transport", "Rail", "--posts", "Road=p1"}, nil, "must begin with the name of a part"},
		{"split with an empty query", []string{"split", "transport", "Rail="}, nil, "must be NAME or NAME=QUERY"},
		{"describe", []string{"describe", "velo", "--description", "D", "--colour", "", "--parent", "Transport", "--internal"}, []string{
			`tags/velo "3" {"colour":"","description":"D","internal":true,"parent":"transport"}`,
		}, ""},
		{"describe names and aliases", []string{"describe", "velo", "--name-in", "fr=Vélo, cycle", "--name-in", "EN=", "--alias", "bike", "--no-alias", "bicyclette"}, []string{
			`tags/velo "3" {"aliases":["bike"],"names":{"fr":"Vélo, cycle"}}`,
		}, ""},
		{"describe takes a tag out", []string{"describe", "velo", "--parent", "", "--no-internal"}, []string{`tags/velo "3" {"internal":false,"parent":""}`}, ""},
		{"describe an alias away that is none", []string{"describe", "velo", "--no-alias", "bike"}, nil, "bike is no alias of velo; it has: bicyclette"},
		{"describe nothing", []string{"describe", "velo"}, nil, "nothing to change"},
		{"describe a name in no language", []string{"describe", "velo", "--name-in", "Bike"}, nil, "must be LANGUAGE=NAME"},
		{"undo", []string{"undo", "op3"}, []string{`tag-operations/op3:undo {}`}, ""},
		{"undo the last", []string{"undo", "--last"}, []string{`tag-operations/op2:undo {}`}, ""},
		{"undo what others stand on", []string{"undo", "op9"}, []string{`tag-operations/op9:undo {}`}, "op10 on velo came after it"},
		{"undo nothing", []string{"undo"}, nil, "name one operation, or say --last"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{}
			_, _, err := tagRun(t, s, tt.args...)
			if diff := cmp.Diff(spaceless(tt.sent), spaceless(s.sent)); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v = %v, want %q in it", tt.args, err, tt.says)
			}
			if s.keys[""] || len(s.keys) != len(tt.sent) {
				t.Errorf("%d changes came with %d keys", len(tt.sent), len(s.keys))
			}
		})
	}
}

// spaceless is without the spaces that protojson puts at random.
func spaceless(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ReplaceAll(s, `, "`, `,"`)
	}
	return out
}

// A merge is waited for, told of, and says how to take it back.
func TestTagWaits(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	out, beside, err := tagRun(t, s, "merge", "velo", "transport")
	if err != nil || out != "merged velo into transport; 7 posts follow\n" || s.looks != 2 {
		t.Errorf("merge = %v after %d looks, says %q", err, s.looks, out)
	}
	for _, want := range []string{"3 of 7 posts have followed\n", "7 of 7 posts have followed\n", "parution tag undo op1\n"} {
		if !strings.Contains(beside, want) {
			t.Errorf("says %q beside it, want %q in it", beside, want)
		}
	}
	s = &shelf{}
	out, _, err = tagRun(t, s, "merge", "velo", "transport", "--no-wait")
	if err != nil || out != "merged velo into transport; posts follow: 0 of 7 so far\n" || s.looks != 0 {
		t.Errorf("merge --no-wait = %v after %d looks, says %q", err, s.looks, out)
	}
	s = &shelf{}
	out, _, err = tagRun(t, s, "merge", "velo", "transport", "--json")
	var op struct {
		ID, State string
		Into      []string
	}
	if err != nil || json.Unmarshal([]byte(out), &op) != nil || op.ID != "op1" || op.State != "done" || len(op.Into) != 1 {
		t.Errorf("merge --json = %v, says %s", err, out)
	}
}

// A server that dies meanwhile is waited for, and who waits is told so once.
func TestTagWaitsForAServerThatDies(t *testing.T) {
	t.Parallel()
	s := &shelf{dies: 5}
	out, beside, err := tagRun(t, s, "merge", "velo", "transport")
	if err != nil || out != "merged velo into transport; 7 posts follow\n" {
		t.Errorf("merge = %v, says %q", err, out)
	}
	gone, back := strings.Index(beside, "the server does not answer"), strings.Index(beside, "the server answers again")
	if gone < 0 || back < gone || strings.Count(beside, "does not answer") != 1 || strings.Count(beside, "answers again") != 1 {
		t.Errorf("says %q beside it, want once each that the server does not answer and that it does again", beside)
	}
	if !strings.Contains(beside, "Ctrl+C") || !strings.Contains(beside, "parution tag log") {
		t.Errorf("says %q beside it, want how to leave", beside)
	}
}

// What is wrong with one field is said once, however the server puts it.
func TestTagSaysOnceWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, _, err := tagRun(t, &shelf{}, "split", "transport", `Rail="train`)
	if want := `the query of "Rail": This quotation mark is not closed.`; err == nil || err.Error() != want {
		t.Errorf("split with a bad query = %v, want %s", err, want)
	}
}

func TestTagShows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"list", []string{"list"}, `TAG        NAME       POSTS  BELOW    READERS SEE  ALIASES
a-relire   #à relire  2      -        no           -
transport  Transport  40     marches  yes          -
velo       Vélo       7      -        yes          bicyclette
`},
		{"show", []string{"show", "Bicyclette"}, `name              Vélo
address           /tags/velo
posts             7
readers see it    yes
name in en        Bicycle
aliases           bicyclette
former addresses  /tags/cycle
description       Two wheels.
id                01
version           3
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, _, err := tagRun(t, &shelf{}, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out); diff != "" {
				t.Errorf("%v (-want +got):\n%s", tt.args, diff)
			}
		})
	}
	out, _, err := tagRun(t, &shelf{}, "list", "--json")
	var all struct {
		Tags  []struct{ Slug string }
		Total int
	}
	if err != nil || json.Unmarshal([]byte(out), &all) != nil || len(all.Tags) != 3 || all.Total != 3 {
		t.Errorf("list --json = %v, says %s", err, out)
	}
	out, _, err = tagRun(t, &shelf{}, "log")
	for _, want := range []string{
		"undid op3 on Bicyclette (bike)\n", "renamed Vélo to Bicyclette (bike)\n", "described Marchés publics\n", "split #à relire into Rail, Routes (routes-2)\n",
	} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("log = %v, says %q, want %q in it", err, out, want)
		}
	}
}
