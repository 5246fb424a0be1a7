package api

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

// group is the calls of one service.
type group struct {
	Name  string
	Calls []call
}

type call struct {
	Method, Path, ID, Summary string
	Roles, Curl               string
	Parameters, Body          []entry
	Statuses                  []entry
}

// entry is a row of a table.
type entry struct {
	Name, Where, Text string
	Type              typeName
	Required          bool
}

// typeName names a type for people. Message is set if the page explains it.
type typeName struct{ Before, Name, Message string }

// message is a type of answers and its fields.
type message struct {
	Name, Text string
	Fields     []entry
}

// reference is the readable page of doc.
func reference(doc object) ([]byte, error) {
	t, err := template.ParseFS(files, "reference.gohtml")
	if err != nil {
		return nil, fmt.Errorf("parse the reference page: %w", err)
	}
	view := struct {
		Groups   []group
		Messages []message
		Problems []problemView
	}{groups(doc), messages(doc), problemViews()}
	var out bytes.Buffer
	if err := t.Execute(&out, view); err != nil {
		return nil, fmt.Errorf("write the reference page: %w", err)
	}
	return out.Bytes(), nil
}

// order is that of the groups: what most people come for, first.
func order() []string {
	return []string{"Posts", "Changes", "Sites", "Tags", "Render", "Accounts", "Media", "Operations"}
}

func groups(doc object) []group {
	byName := make(map[string][]call)
	for path, item := range dig(doc, "paths") {
		operations, _ := item.(object)
		for method := range operations {
			operation := dig(operations, method)
			name := strings.TrimSuffix(first(operation, "tags"), "Service")
			byName[name] = append(byName[name], newCall(doc, path, strings.ToUpper(method), operation))
		}
	}
	var out []group
	for name, calls := range byName {
		slices.SortFunc(calls, func(a, b call) int {
			return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(len(a.Path), len(b.Path)), strings.Compare(a.Path, b.Path))
		})
		out = append(out, group{Name: name, Calls: calls})
	}
	place := func(g group) int {
		if i := slices.Index(order(), g.Name); i >= 0 {
			return i
		}
		return len(order())
	}
	slices.SortFunc(out, func(a, b group) int { return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a.Name, b.Name)) })
	return out
}

// rank is the place of a call among those of its service: create, list, get,
// change, verbs, delete.
func (c call) rank() int {
	_, own, _ := strings.Cut(c.ID, "_")
	switch {
	case strings.HasPrefix(own, "Create"):
		return 0
	case strings.HasPrefix(own, "List"):
		return 1
	case c.Method == http.MethodGet:
		return 2
	case c.Method == http.MethodPatch:
		return 3
	case c.Method == http.MethodDelete:
		return 5
	}
	return 4
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
	c.Curl = curl(c)
	return c
}

func bodyOf(doc, operation object) []entry {
	content := dig(operation, "requestBody", "content")
	schema := dig(content, "application/json", "schema")
	if schema == nil {
		var out []entry
		for mime := range content {
			out = append(out, entry{Name: mime, Type: typeName{Name: "binary"}})
		}
		slices.SortFunc(out, byName)
		return out
	}
	return fieldsOf(resolve(doc, schema))
}

func byName(a, b entry) int { return strings.Compare(a.Name, b.Name) }

const schemaPrefix = "#/components/schemas/"

// resolve is what schema refers to, or schema itself.
func resolve(doc, schema object) object {
	if name, ok := strings.CutPrefix(str(schema["$ref"]), schemaPrefix); ok {
		return dig(doc, "components", "schemas", name)
	}
	return schema
}

// fieldsOf lists the fields of a schema, the required ones first.
func fieldsOf(schema object) []entry {
	required, _ := schema["required"].([]any)
	var out []entry
	for name, v := range dig(schema, "properties") {
		property, _ := v.(object)
		out = append(out, entry{
			Name: name, Type: typeOf(property), Text: str(property["description"]), Required: slices.Contains(required, any(name)),
		})
	}
	slices.SortFunc(out, func(a, b entry) int {
		if a.Required != b.Required {
			if a.Required {
				return -1
			}
			return 1
		}
		return byName(a, b)
	})
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
	slices.SortFunc(out, byName)
	return out
}

// messages are the types of doc that have names.
func messages(doc object) []message {
	var out []message
	for name, v := range dig(doc, "components", "schemas") {
		schema, _ := v.(object)
		short := shortName(name)
		out = append(out, message{Name: short, Text: str(schema["description"]), Fields: fieldsOf(schema)})
	}
	slices.SortFunc(out, func(a, b message) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// shortName is a name without what it stands in.
func shortName(name string) string {
	return name[max(strings.LastIndexByte(name, '.'), strings.LastIndexByte(name, '/'))+1:]
}

// typeOf names a schema for people.
func typeOf(schema object) typeName {
	if ref := str(schema["$ref"]); ref != "" {
		return typeName{Name: shortName(ref), Message: shortName(ref)}
	}
	switch kind := str(schema["type"]); {
	case kind == "array":
		t := typeOf(dig(schema, "items"))
		t.Before = "list of " + t.Before
		return t
	case str(schema["format"]) == "date-time":
		return typeName{Name: "time"}
	default:
		return typeName{Name: kind}
	}
}
