package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed reference.gohtml reference.css
var files embed.FS

// document is a file that never changes while the program runs.
type document struct {
	contentType, etag string
	body              []byte
}

func newDocument(contentType string, body []byte) document {
	sum := sha256.Sum256(body)
	return document{contentType: contentType, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, body: body}
}

func (d document) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		methodNotAllowed(w, http.MethodGet, http.MethodHead)
		return
	}
	h := w.Header()
	h.Set("Content-Type", d.contentType)
	h.Set("Cache-Control", "no-cache")
	h.Set("Etag", d.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.body))
}

// documents are the API's description and the page made of it.
func documents(routes *routeTable) (map[string]document, error) {
	doc, err := description(routes)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the API's description: %w", err)
	}
	page, err := reference(doc)
	if err != nil {
		return nil, err
	}
	style, err := files.ReadFile("reference.css")
	if err != nil {
		return nil, fmt.Errorf("read the style sheet: %w", err)
	}
	html := newDocument("text/html; charset=utf-8", page)
	return map[string]document{
		root + "openapi.json":         newDocument("application/json", text),
		root + "reference.css":        newDocument("text/css; charset=utf-8", style),
		root:                          html,
		strings.TrimSuffix(root, "/"): html,
	}, nil
}

// group is the calls of one service.
type group struct {
	Name  string
	Calls []call
}

type call struct {
	Method, Path, ID, Summary string
	Roles                     string
	Parameters, Body          []entry
	Statuses                  []entry
}

type entry struct {
	Name, Where, Type, Text string
	Required                bool
}

// reference is the readable page of doc.
func reference(doc object) ([]byte, error) {
	t, err := template.ParseFS(files, "reference.gohtml")
	if err != nil {
		return nil, fmt.Errorf("parse the reference page: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, struct{ Groups []group }{groups(doc)}); err != nil {
		return nil, fmt.Errorf("write the reference page: %w", err)
	}
	return out.Bytes(), nil
}

func groups(doc object) []group {
	byName := make(map[string][]call)
	for path, item := range dig(doc, "paths") {
		operations, _ := item.(object)
		for method := range operations {
			operation := dig(operations, method)
			byName[first(operation, "tags")] = append(byName[first(operation, "tags")], newCall(doc, path, strings.ToUpper(method), operation))
		}
	}
	var out []group
	for name, calls := range byName {
		slices.SortFunc(calls, func(a, b call) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
		out = append(out, group{Name: strings.TrimSuffix(name, "Service"), Calls: calls})
	}
	slices.SortFunc(out, func(a, b group) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func first(o object, key string) string {
	list, _ := o[key].([]any)
	if len(list) == 0 {
		return ""
	}
	return str(list[0])
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func newCall(doc object, path, method string, operation object) call {
	c := call{Method: method, Path: path, ID: str(operation["operationId"]), Summary: str(operation["summary"])}
	// Comments in contracts begin with the call's own name.
	if _, own, ok := strings.Cut(c.ID, "_"); ok {
		c.Summary = strings.TrimPrefix(c.Summary, own+" ")
	}
	if text := str(operation["description"]); text != "" {
		c.Summary += "\n" + text
	}
	roles, _ := operation["x-roles"].([]any)
	var names []string
	for _, r := range roles {
		names = append(names, str(r))
	}
	c.Roles = strings.Join(names, ", ")
	parameters, _ := operation["parameters"].([]any)
	for _, p := range parameters {
		o, _ := p.(object)
		required, _ := o["required"].(bool)
		c.Parameters = append(c.Parameters, entry{
			Name: str(o["name"]), Where: str(o["in"]), Type: typeOf(dig(o, "schema")), Text: str(o["description"]), Required: required,
		})
	}
	c.Body = bodyOf(doc, operation)
	c.Statuses = statusesOf(operation)
	return c
}

func bodyOf(doc, operation object) []entry {
	content := dig(operation, "requestBody", "content")
	schema := dig(content, "application/json", "schema")
	if schema == nil {
		var out []entry
		for mime := range content {
			out = append(out, entry{Name: mime, Type: "binary"})
		}
		slices.SortFunc(out, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
		return out
	}
	if name, ok := strings.CutPrefix(str(schema["$ref"]), "#/components/schemas/"); ok {
		schema = dig(doc, "components", "schemas", name)
	}
	var out []entry
	for name, v := range dig(schema, "properties") {
		property, _ := v.(object)
		out = append(out, entry{Name: name, Type: typeOf(property), Text: str(property["description"])})
	}
	slices.SortFunc(out, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func statusesOf(operation object) []entry {
	var out []entry
	for status, v := range dig(operation, "responses") {
		o, _ := v.(object)
		schema := dig(o, "content", "application/json", "schema")
		if schema != nil {
			out = append(out, entry{Name: status, Type: typeOf(schema), Text: str(o["description"])})
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// typeOf names a schema for people.
func typeOf(schema object) string {
	if ref := str(schema["$ref"]); ref != "" {
		return ref[max(strings.LastIndexByte(ref, '.'), strings.LastIndexByte(ref, '/'))+1:]
	}
	switch kind := str(schema["type"]); {
	case kind == "array":
		return "list of " + typeOf(dig(schema, "items"))
	case str(schema["format"]) == "date-time":
		return "time"
	default:
		return kind
	}
}
