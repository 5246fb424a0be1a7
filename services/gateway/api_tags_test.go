package gateway_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/fault"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// GetTag implements TagsService.
func (b *behind) GetTag(_ context.Context, r *tagsv1.GetTagRequest) (*tagsv1.GetTagResponse, error) {
	if r.GetSlug() != "velo" && r.GetSlug() != "cycle" || r.GetSite() != "" {
		return nil, fault.NotFound("there is no such tag")
	}
	return &tagsv1.GetTagResponse{Tag: &tagsv1.Tag{Id: "1", Slug: "velo", Name: "Vélo", Version: 3, Count: 7}}, nil
}

// operation answers a change of a tag, which it notes, if the version is right.
func (b *behind) operation(version int32, text string) (*tagsv1.TagOperation, error) {
	if version != 0 && version != 3 {
		return nil, fault.Stale("version 3 is current")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changed = append(b.changed, text)
	return &tagsv1.TagOperation{Id: "op1", Kind: "renamed", State: "done", Slugs: []string{"velo"}}, nil
}

// DescribeTag implements TagsService.
func (b *behind) DescribeTag(_ context.Context, r *tagsv1.DescribeTagRequest) (*tagsv1.DescribeTagResponse, error) {
	op, err := b.operation(r.GetExpectedVersion(), strings.Join(r.GetUpdateMask().GetPaths(), ",")+" of "+r.GetSlug()+": "+jsonOf(r.GetTag()))
	return &tagsv1.DescribeTagResponse{Operation: op}, err
}

// RenameTag implements TagsService.
func (b *behind) RenameTag(_ context.Context, r *tagsv1.RenameTagRequest) (*tagsv1.RenameTagResponse, error) {
	op, err := b.operation(r.GetExpectedVersion(), jsonOf(r))
	return &tagsv1.RenameTagResponse{Operation: op}, err
}

// SplitTag implements TagsService.
func (b *behind) SplitTag(_ context.Context, r *tagsv1.SplitTagRequest) (*tagsv1.SplitTagResponse, error) {
	op, err := b.operation(r.GetExpectedVersion(), jsonOf(r))
	return &tagsv1.SplitTagResponse{Operation: op}, err
}

// UndoTagOperation implements TagsService.
func (b *behind) UndoTagOperation(_ context.Context, r *tagsv1.UndoTagOperationRequest) (*tagsv1.UndoTagOperationResponse, error) {
	if r.GetId() == "op1" {
		return nil, fault.Conflict("operation op2 came after it: undo that first")
	}
	op, err := b.operation(0, "undo "+r.GetId())
	return &tagsv1.UndoTagOperationResponse{Operation: op}, err
}

func jsonOf(m proto.Message) string {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(string(text), ", ", ",")
}

func TestTagsOverHTTP(t *testing.T) {
	t.Parallel()
	f := start(t)
	got := f.get(t, "/api/v1/tags/cycle")
	var tag struct{ Slug, Name string }
	if err := json.Unmarshal([]byte(got.body), &tag); err != nil || tag.Slug != "velo" || got.header.Get("Etag") != `"3"` {
		t.Errorf("GET by a former slug = %d %v %s, want the tag with its version", got.status, got.header, got.body)
	}
	if again := f.get(t, "/api/v1/tags/velo", with("If-None-Match", `"3"`)); again.status != http.StatusOK {
		t.Errorf("If-None-Match = %d: the version does not tell how many posts there are", again.status)
	}
	for _, tt := range []struct {
		name               string
		method, path, body string
		options            []option
		status             int
		// changed is what tags is asked to do; errs the field that is refused.
		changed, errs string
	}{
		{
			"describe", "PATCH", "/api/v1/tags/velo", `{"description":"","names":{"fr":"Vélo","en":"Bike"},"parent":"transport","internal":false}`,
			[]option{token("editor"), with("If-Match", `"3"`)},
			200, `description,internal,names,parent of velo: {"names":{"en":"Bike","fr":"Vélo"},"parent":"transport"}`, "",
		},
		{"describe without a version", "PATCH", "/api/v1/tags/velo", `{"colour":""}`, []option{token("editor")}, 428, "", ""},
		{"describe a stale one", "PATCH", "/api/v1/tags/velo", `{"colour":""}`, []option{token("editor"), with("If-Match", `"2"`)}, 412, "", ""},
		{"describe as an author", "PATCH", "/api/v1/tags/velo", `{"colour":""}`, []option{token("author"), with("If-Match", `"3"`)}, 403, "", ""},
		{"describe as nobody", "PATCH", "/api/v1/tags/velo", `{"colour":""}`, nil, 401, "", ""},
		{"names that are no names", "PATCH", "/api/v1/tags/velo", `{"names":{"fr":7}}`, []option{token("editor"), with("If-Match", `"3"`)}, 422, "", "names.fr"},
		{"a name twice", "PATCH", "/api/v1/tags/velo", `{"names":{"fr":"a","fr":"b"}}`, []option{token("editor"), with("If-Match", `"3"`)}, 422, "", "names.fr"},
		{"names in a list", "PATCH", "/api/v1/tags/velo", `{"names":["a"]}`, []option{token("editor"), with("If-Match", `"3"`)}, 422, "", "names"},
		{"rename", "POST", "/api/v1/tags/velo:rename", `{"name":"Bike","new_slug":"b"}`, []option{token("editor")}, 200, `{"slug":"velo","name":"Bike","new_slug":"b"}`, ""},
		{"rename a stale one", "POST", "/api/v1/tags/velo:rename", `{"name":"Bike"}`, []option{token("editor"), with("If-Match", `"1"`)}, 412, "", ""},
		{"rename with the slug twice", "POST", "/api/v1/tags/velo:rename", `{"name":"Bike","slug":"b"}`, []option{token("editor")}, 422, "", "slug"},
		{"split", "POST", "/api/v1/tags/velo:split", `{"parts":[{"name":"A","q":"a"},{"name":"B","posts":["p1"]}]}`, []option{token("editor")}, 200, `{"slug":"velo","parts":[{"name":"A","q":"a"},{"name":"B","posts":["p1"]}]}`, ""},
		{"split into what is none", "POST", "/api/v1/tags/velo:split", `{"parts":[{"nam":"A"}]}`, []option{token("editor")}, 422, "", "parts[0].nam"},
		{"another verb", "POST", "/api/v1/tags/velo:explode", `{}`, []option{token("editor")}, 404, "", ""},
		{"undo", "POST", "/api/v1/tag-operations/op2:undo", ``, []option{token("editor")}, 200, "undo op2", ""},
		{"undo what others stand on", "POST", "/api/v1/tag-operations/op1:undo", `{}`, []option{token("editor")}, 409, "", ""},
		{"a query that cannot be read", "GET", "/api/v1/search?q=a+%22b", ``, nil, 422, "", "q"},
		{"what only services say", "GET", "/api/v1/search?q=a&site=other", ``, nil, 422, "", "site"},
		{"what only services say of a tag", "GET", "/api/v1/tags/velo?site=other", ``, nil, 422, "", "site"},
		{"a position", "GET", "/api/v1/search?position.pos=1", ``, nil, 422, "", "position.pos"},
	} {
		before := len(f.changed)
		got := f.call(t, tt.method, tt.path, tt.body, tt.options...)
		if got.status != tt.status {
			t.Errorf("%s = %d, want %d: %s", tt.name, got.status, tt.status, got.body)
		}
		if changed := strings.Join(f.changed[before:], ";"); changed != tt.changed {
			t.Errorf("%s does %s, want %s", tt.name, changed, tt.changed)
		}
		if tt.errs == "" {
			continue
		}
		if p := got.problem(t); len(p.Errors) == 0 || p.Errors[0].Field != tt.errs {
			t.Errorf("%s refuses %+v, want %s", tt.name, p.Errors, tt.errs)
		}
	}
}

// Programs are told where a query goes wrong, as people are.
func TestQueryProblemsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	f := start(t)
	got := f.get(t, "/api/v1/search?q=a+%22b")
	var p struct{ Errors []map[string]any }
	if err := json.Unmarshal([]byte(got.body), &p); err != nil {
		t.Fatalf("read %s: %v", got.body, err)
	}
	want := []map[string]any{{"field": "q", "detail": "a quotation mark is not closed", "code": "unbalanced_quote", "offset": 2.0, "length": 0.0}}
	if diff := cmp.Diff(want, p.Errors); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	other := f.get(t, "/api/v1/search?nothing=1")
	if strings.Contains(other.body, "offset") || strings.Contains(other.body, "code") {
		t.Errorf("a field as a whole has a place: %s", other.body)
	}
}

// The description tells of the calls about tags, with examples, and not of what
// is for services.
func TestTagsAreDescribed(t *testing.T) {
	t.Parallel()
	f := start(t)
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
			Responses  map[string]struct {
				Content map[string]struct{ Example any }
			}
		}
	}
	if err := json.Unmarshal([]byte(f.get(t, "/api/v1/openapi.json").body), &doc); err != nil {
		t.Fatal(err)
	}
	for path, method := range map[string]string{
		"/api/v1/tags": "get", "/api/v1/tags/{slug}": "patch", "/api/v1/tags/{slug}:rename": "post", "/api/v1/tags/{slug}:merge": "post", "/api/v1/tags/{slug}:split": "post",
		"/api/v1/tag-operations": "get", "/api/v1/tag-operations/{id}:undo": "post", "/api/v1/search": "get", "/api/v1/search:suggest": "get",
	} {
		call := doc.Paths[path][method]
		if call.Responses["200"].Content["application/json"].Example == nil {
			t.Errorf("%s %s has no example of an answer", method, path)
		}
		headers := ""
		for _, p := range call.Parameters {
			if p.Name == "site" || strings.HasPrefix(p.Name, "position") {
				t.Errorf("%s %s tells of %s, which is for services", method, path, p.Name)
			}
			if p.In == "header" {
				headers += p.Name + " "
			}
		}
		if method == "patch" && headers != "If-Match Idempotency-Key " {
			t.Errorf("%s %s takes the headers %s", method, path, headers)
		}
	}
	page := f.get(t, "/api/v1/").body
	for _, want := range []string{`id="TagsService_MergeTag"`, `{&#34;into&#34;:&#34;public-transport&#34;}`, `id="TagsService_Suggest"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}
