package api

import (
	"net/http"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	accessv1 "github.com/parution/parution/proto/gen/parution/access/v1"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
	operationsv1 "github.com/parution/parution/proto/gen/parution/operations/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// expectedVersion is the request field that If-Match fills.
const expectedVersion = "expected_version"

// route is a public call as its contract describes it.
type route struct {
	method   string // of HTTP
	template string // "/api/v1/posts/{id}"
	call     protoreflect.MethodDescriptor
	// body is what the JSON body is read into; nil if there is none.
	body protoreflect.MessageDescriptor
	// hidden are the fields of body that the path gives.
	hidden []string
	// answer is what the JSON answer is written from.
	answer protoreflect.MessageDescriptor
	// query holds the fields that may be parameters.
	query map[string]protoreflect.FieldDescriptor
	rule  *accessv1.Rule
}

// name is the gRPC name of the call: "/parution.posts.v1.PostsService/GetPost".
func (r *route) name() string {
	return "/" + string(r.call.Parent().FullName()) + "/" + string(r.call.Name())
}

// feeds tells whether the call answers the change feed.
func (r *route) feeds() bool { return r.name() == postsv1.ChangesService_ListChanges_FullMethodName }

// conditional tells whether the call takes If-Match.
func (r *route) conditional() bool {
	return r.call.Input().Fields().ByName(expectedVersion) != nil
}

// forServices tells whether a field is for services, which do not come this way.
func forServices(field string) bool { return field == "site" || field == "position" }

func (r *route) inPath(field string) bool { return strings.Contains(r.template, "{"+field+"}") }

// pattern is the template in the form that grpc-gateway prints.
func (r *route) pattern() string { return strings.ReplaceAll(r.template, "}", "=*}") }

// routeTable finds routes.
type routeTable struct {
	all       []*route
	byPattern map[string]*route // "GET /api/v1/posts/{id=*}"
	byName    map[string]*route // gRPC name
}

// services are all whose annotated calls are public.
func services() []protoreflect.ServiceDescriptor {
	var out []protoreflect.ServiceDescriptor
	for _, file := range []protoreflect.FileDescriptor{
		postsv1.File_parution_posts_v1_posts_proto, postsv1.File_parution_posts_v1_sites_proto, postsv1.File_parution_posts_v1_changes_proto,
		tagsv1.File_parution_tags_v1_tags_proto, renderv1.File_parution_render_v1_render_proto,
		accountsv1.File_parution_accounts_v1_accounts_proto, operationsv1.File_parution_operations_v1_operations_proto,
	} {
		for i := range file.Services().Len() {
			out = append(out, file.Services().Get(i))
		}
	}
	return out
}

func newRouteTable() *routeTable {
	t := &routeTable{byPattern: make(map[string]*route), byName: make(map[string]*route)}
	for _, s := range services() {
		for i := range s.Methods().Len() {
			if r := routeOf(s.Methods().Get(i)); r != nil {
				t.all = append(t.all, r)
				t.byPattern[r.method+" "+r.pattern()] = r
				t.byName[r.name()] = r
			}
		}
	}
	return t
}

// routeOf is nil for calls that are not public.
func routeOf(m protoreflect.MethodDescriptor) *route {
	rule, ok := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	if !ok || rule == nil {
		return nil
	}
	r := &route{call: m, answer: m.Output(), query: make(map[string]protoreflect.FieldDescriptor)}
	if name := rule.GetResponseBody(); name != "" {
		r.answer = m.Output().Fields().ByName(protoreflect.Name(name)).Message()
	}
	r.rule, _ = proto.GetExtension(m.Options(), accessv1.E_Rule).(*accessv1.Rule)
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		r.method, r.template = http.MethodGet, p.Get
	case *annotations.HttpRule_Post:
		r.method, r.template = http.MethodPost, p.Post
	case *annotations.HttpRule_Patch:
		r.method, r.template = http.MethodPatch, p.Patch
	case *annotations.HttpRule_Put:
		r.method, r.template = http.MethodPut, p.Put
	case *annotations.HttpRule_Delete:
		r.method, r.template = http.MethodDelete, p.Delete
	default:
		return nil
	}
	fields := m.Input().Fields()
	switch rule.GetBody() {
	case "":
	case "*":
		r.body = m.Input()
		for i := range fields.Len() {
			if name := string(fields.Get(i).Name()); r.inPath(name) {
				r.hidden = append(r.hidden, name)
			}
		}
		return r
	default:
		r.body = fields.ByName(protoreflect.Name(rule.GetBody())).Message()
	}
	for i := range fields.Len() {
		f := fields.Get(i)
		if name := string(f.Name()); name != rule.GetBody() && !r.inPath(name) && !forServices(name) {
			r.query[string(f.Name())] = f
		}
	}
	return r
}

// methods lists what may be done at path, for the Allow header.
func (t *routeTable) methods(path string) []string {
	var out []string
	for _, r := range t.all {
		if matches(r.template, path) {
			out = append(out, r.method)
			if r.method == http.MethodGet {
				out = append(out, http.MethodHead)
			}
		}
	}
	return out
}

// verbs lists what may stand behind the colon of path; nothing if path has no
// verb, a known one, or nothing there takes any.
func (t *routeTable) verbs(path string) []string {
	base, wanted, ok := cutVerb(path)
	if !ok {
		return nil
	}
	var out []string
	for _, r := range t.all {
		template, verb, ok := cutVerb(r.template)
		if !ok || !matches(template, base) {
			continue
		}
		if verb == wanted {
			return nil
		}
		out = append(out, verb)
	}
	return out
}

// matches tells whether path fits template: variables stand for one segment.
func matches(template, path string) bool {
	want, verb, hasVerb := cutVerb(template)
	if hasVerb {
		rest, ok := strings.CutSuffix(path, ":"+verb)
		if !ok {
			return false
		}
		path = rest
	}
	wanted, got := strings.Split(want, "/"), strings.Split(path, "/")
	if len(wanted) != len(got) {
		return false
	}
	for i := range wanted {
		if wanted[i] != got[i] && (!strings.HasPrefix(wanted[i], "{") || got[i] == "") {
			return false
		}
	}
	return true
}

func cutVerb(template string) (path, verb string, ok bool) {
	last := strings.LastIndexByte(template, ':')
	if last < strings.LastIndexByte(template, '/') {
		return template, "", false
	}
	return template[:last], template[last+1:], true
}
