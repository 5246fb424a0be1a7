package api

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	contracts "github.com/parution/parution/proto"
	accessv1 "github.com/parution/parution/proto/gen/parution/access/v1"
)

// uploadID names the one operation that no contract describes.
const uploadID = "Media_Upload"

// object is a JSON object.
type object = map[string]any

// description merges what is generated for each service into the OpenAPI
// document of the whole API, and adds what no contract says: names as JSON has
// them here, the header fields, the errors, who may call, and uploads.
func description(routes *routeTable) (object, error) {
	doc := object{
		"openapi": "3.1.0",
		"info": object{
			"title":       "Parution",
			"version":     "1",
			"description": "Write, publish and read posts. Every answer in error is a problem document (RFC 9457).",
		},
		"servers": []any{object{"url": "/"}},
	}
	paths, schemas := object{}, object{}
	err := fs.WalkDir(contracts.OpenAPI, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(contracts.OpenAPI, name)
		if err != nil {
			return err
		}
		var part struct {
			Paths      object `json:"paths"`
			Components struct {
				Schemas object `json:"schemas"`
			} `json:"components"`
		}
		if err := json.Unmarshal(text, &part); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		maps.Copy(paths, part.Paths)
		maps.Copy(schemas, part.Components.Schemas)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("merge the API's description: %w", err)
	}
	delete(schemas, "google.rpc.Status")
	schemas["Problem"] = problemSchema()
	snake(paths)
	snake(schemas)
	for _, r := range routes.all {
		operation := dig(paths, r.template, strings.ToLower(r.method))
		if operation == nil {
			return nil, fmt.Errorf("the description of %s %s is missing: generate it again", r.method, r.template)
		}
		complete(operation, r)
		if err := illustrate(operation); err != nil {
			return nil, err
		}
	}
	paths[root+"media"] = object{"post": uploadOperation()}
	schemas["Uploaded"] = uploadedSchema()
	doc["paths"] = paths
	doc["components"] = object{
		"schemas":         schemas,
		"responses":       object{"Problem": problemResponse()},
		"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer", "description": "An API token; see: parution token create."}},
	}
	return doc, nil
}

// dig is the object at the end of a path of keys, nil if there is none.
func dig(o object, keys ...string) object {
	for _, k := range keys {
		next, ok := o[k].(object)
		if !ok {
			return nil
		}
		o = next
	}
	return o
}

// snake renames fields to the names that they have in our JSON: those of the contracts.
func snake(node any) {
	switch n := node.(type) {
	case []any:
		for _, v := range n {
			snake(v)
		}
	case object:
		for _, v := range n {
			snake(v)
		}
		if properties, ok := n["properties"].(object); ok {
			n["properties"] = renamed(properties)
		}
		if required, ok := n["required"].([]any); ok {
			for i, v := range required {
				if s, ok := v.(string); ok {
					required[i] = snakeName(s)
				}
			}
		}
		if in, ok := n["in"].(string); ok && in == "query" {
			if s, ok := n["name"].(string); ok {
				n["name"] = snakeName(s)
			}
		}
	}
}

func renamed(properties object) object {
	out := make(object, len(properties))
	for k, v := range properties {
		out[snakeName(k)] = v
	}
	return out
}

func snakeName(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// mending begins the names of what mends can be made anew: its calls may be sent again as they are.
const mending = "/parution.operations."

// complete adds to an operation what its contract's options and our rules say.
func complete(operation object, r *route) {
	parameters, _ := operation["parameters"].([]any)
	parameters = slices.DeleteFunc(parameters, func(p any) bool {
		o, ok := p.(object)
		name, _, _ := strings.Cut(str(o["name"]), ".")
		return ok && (name == expectedVersion || o["in"] == "query" && forServices(name))
	})
	if r.conditional() {
		forget(operation)
		parameters = append(parameters, parameter("If-Match", r.method == "PATCH",
			`The version that the change was made on, in quotes: "7". A stale one answers 412.`))
	}
	if !r.rule.GetReadOnly() && !strings.HasPrefix(r.name(), mending) {
		parameters = append(parameters, parameter("Idempotency-Key", false,
			"Sent again with the same key, the same request has one effect and one answer, for 48 hours; 409 with Retry-After while the first is being worked on."))
	}
	if len(parameters) > 0 {
		operation["parameters"] = parameters
	}
	responses, _ := operation["responses"].(object)
	delete(responses, "default")
	if ok := responses["200"]; ok != nil && creates(r) {
		responses["201"] = ok
		delete(responses, "200")
		if dig(responses, "201") != nil && strings.HasSuffix(r.name(), "/CreatePost") {
			responses["200"] = object{"description": "The external_id was known; nothing was written.", "content": dig(responses, "201")["content"]}
		}
	}
	if writesPost(r) {
		for _, status := range []string{"200", "201"} {
			if answer := dig(responses, status); answer != nil {
				answer["headers"] = object{versionHeader: object{
					"description": "The post and its version, id@version. Sent as Parution-At-Least, a page shows the post no older than that.",
					"schema":      object{"type": "string"},
				}}
			}
		}
	}
	responses["default"] = object{"$ref": "#/components/responses/Problem"}
	operation["responses"] = responses
	operation["summary"] = sentenceOf(str(operation["summary"]), string(r.call.Name()))
	require(operation)
	secure(operation, r.rule)
}

// sentenceOf makes a sentence of its own of a contract's comment, which begins
// with the call's name.
func sentenceOf(comment, call string) string {
	comment = strings.TrimPrefix(comment, call+" ")
	first, size := utf8.DecodeRuneInString(comment)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + comment[size:]
}

// writesPost tells whether the call answers with a post that it changed.
func writesPost(r *route) bool {
	output := r.call.Output()
	return !r.rule.GetReadOnly() && (output.Fields().ByName("post") != nil || output.Name() == "DeletePostResponse")
}

func creates(r *route) bool {
	return strings.HasPrefix(string(r.call.Name()), "Create")
}

// forget takes the expected version out of a body: If-Match says it.
func forget(operation object) {
	schema := dig(operation, "requestBody", "content", "application/json", "schema")
	if properties := dig(schema, "properties"); properties != nil {
		delete(properties, expectedVersion)
		if len(properties) == 0 {
			delete(operation, "requestBody")
		}
	}
}

func parameter(name string, required bool, text string) object {
	return object{"name": name, "in": "header", "required": required, "description": text, "schema": object{"type": "string"}}
}

// secure says who may call.
func secure(operation object, rule *accessv1.Rule) {
	var roles []any
	public := false
	for _, role := range rule.GetAllow() {
		if role == accessv1.Role_ROLE_SERVICE {
			continue
		}
		public = public || role == accessv1.Role_ROLE_PUBLIC
		roles = append(roles, strings.ToLower(strings.TrimPrefix(role.String(), "ROLE_")))
	}
	operation["x-roles"] = roles
	security := []any{object{"token": []any{}}}
	if public {
		security = append(security, object{})
	}
	operation["security"] = security
}

func problemSchema() object {
	text := func(d string) object { return object{"type": "string", "description": d} }
	return object{
		"type": "object", "description": "What went wrong (RFC 9457).",
		"required": []any{"type", "title", "status", "detail"},
		"properties": object{
			"type": text("A stable name of the kind of problem."), "title": text("The status in words."),
			"status": object{"type": "integer"}, "detail": text("What is wrong, for people."),
			"errors": object{"type": "array", "items": object{"type": "object", "properties": object{
				"field": text("The field that is refused."), "detail": text("What is wrong with it."),
				"code":   text("A word for it, of a query that cannot be read."),
				"offset": object{"type": "integer", "description": "Where in the field it is, in characters."},
				"length": object{"type": "integer", "description": "How many characters from there."},
			}}},
			"trace": text("Finds the request in the logs."),
		},
	}
}

func problemResponse() object {
	return object{
		"description": "An error.",
		"content":     object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}},
	}
}

func uploadedSchema() object {
	return object{"type": "object", "properties": object{
		"url":      object{"type": "string", "description": "Path of the file; it tells how large the image is: /media/HASH-WIDTHxHEIGHT.jpg."},
		"width":    object{"type": "integer", "description": "Of the image as it is shown, in pixels."},
		"height":   object{"type": "integer", "description": "Of the image as it is shown, in pixels."},
		"existing": object{"type": "boolean", "description": "True if the site had the same content before."},
	}}
}

func uploaded(text string) object {
	return object{"description": text, "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Uploaded"}}}}
}

func uploadOperation() object {
	content := object{}
	for _, mime := range []string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"} {
		content[mime] = object{"schema": object{"type": "string", "format": "binary"}}
	}
	operation := object{
		"tags": []any{"Media"}, "operationId": uploadID,
		"summary": "Keeps an image under the hash of its content: the same image has one address.",
		"description": "What is not needed to show the image is not kept: place, time, camera, names, texts. Of a JPEG or PNG there are copies 480, 960, 1600 and 2400 " +
			"pixels wide, as far as the image is wider, at /media/HASH-WIDTHxHEIGHT-w480.jpg and so on.",
		"requestBody": object{"required": true, "content": content, "description": "The image itself, at most 25 MiB and 40 megapixels."},
		"responses": object{
			"200":     uploaded("The site had the same content before."),
			"201":     uploaded("The image is there."),
			"default": object{"$ref": "#/components/responses/Problem"},
		},
	}
	secure(operation, &accessv1.Rule{Allow: []accessv1.Role{
		accessv1.Role_ROLE_AUTHOR, accessv1.Role_ROLE_EDITOR, accessv1.Role_ROLE_OWNER, accessv1.Role_ROLE_OPERATOR,
	}})
	return operation
}
