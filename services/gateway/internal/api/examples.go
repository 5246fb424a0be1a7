package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// example is what people can try a call with.
type example struct {
	// required are the fields of the body without which the call is refused.
	required []string
	// body is a body that it takes.
	body string
	// query is what the call is asked with.
	query string
	// answer is what it may answer.
	answer string
	// mime is the type of a body that is no JSON; body is then a file's name.
	mime string
}

// exampleOf is that of an operation; the zero example if it needs no body.
func exampleOf(operationID string) example {
	switch operationID {
	case "PostsService_CreatePost":
		return example{required: []string{"title"}, body: `{"title":"A title","body":"Some *text*."}`}
	case "PostsService_RevisePost":
		return example{body: `{"title":"Another title"}`}
	case "PostsService_SchedulePost":
		return example{required: []string{"at"}, body: `{"at":"2030-01-01T08:00:00Z"}`}
	case "SitesService_UpdateSite":
		return example{body: `{"description":"What it is about"}`}
	case "SitesService_CreateSite":
		return example{required: []string{"id"}, body: `{"id":"notes","title":"Notes","hosts":["notes.example.org"]}`}
	case "AccountsService_CreateToken":
		return example{required: []string{"name"}, body: `{"name":"import","role":"editor"}`}
	case "RenderService_RenderDocument":
		return example{body: `{"body":"Some *text*."}`}
	case "ChangesService_ListChanges":
		return example{query: "?page_size=1000&wait=25&after=$NEXT", answer: changesExample}
	case uploadID:
		return example{body: "picture.png", mime: "image/png"}
	}
	return exampleOfTags(operationID)
}

const changesExample = `{
  "changes": [
    {
      "id": "01a2088a-6845-7bc0-9c7b-75774cc55075", "type": "post", "aggregate_id": "01a2088a-6840-7ebd-8f88-a8ce2383345e",
      "version": 2, "epoch": 1, "position": "41", "kind": "published", "occurred_at": "2026-11-23T09:30:00.123456Z",
      "facts": {"slug": "three-lakes", "title": "Three lakes", "language": "en", "tags": ["Walks"], "published_at": "2026-11-23T09:30:00.123456Z"}
    },
    {
      "id": "01a2088a-684a-7626-8cba-d126333ed277", "type": "post", "aggregate_id": "01a2088a-6a9a-7570-842a-7c1c5e4f03e7",
      "version": 5, "epoch": 1, "position": "42", "kind": "withdrawn", "occurred_at": "2026-11-23T09:31:12Z",
      "facts": null
    }
  ],
  "next": "eyJmIjoiM2c0NXQ2IiwicCI6eyJFcG9jaCI6MSwiUG9zIjo0Mn19",
  "more": false,
  "epoch": 1
}`

// illustrate puts the example of an answer where OpenAPI wants it.
func illustrate(operation object) error {
	text := exampleOf(str(operation["operationId"])).answer
	content := dig(operation, "responses", "200", "content", "application/json")
	if text == "" || content == nil {
		return nil
	}
	var answer any
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return fmt.Errorf("read the example of %s: %w", operation["operationId"], err)
	}
	content["example"] = answer
	return nil
}

// require marks the required fields in the body of an operation.
func require(operation object) {
	required := exampleOf(str(operation["operationId"])).required
	schema := dig(operation, "requestBody", "content", "application/json", "schema")
	if len(required) == 0 || schema == nil {
		return
	}
	list := make([]any, len(required))
	for i, name := range required {
		list[i] = name
	}
	schema["required"] = list
}

// curl is a command line that makes the call c. SITE and TOKEN are the reader's to set.
func curl(c call) string {
	var b strings.Builder
	b.WriteString("curl")
	e := exampleOf(c.ID)
	if c.Method != http.MethodGet && (c.Method != http.MethodPost || e.body == "") {
		b.WriteString(" -X " + c.Method)
	}
	if !strings.HasPrefix(c.Roles, "public") {
		b.WriteString(` -H "Authorization: Bearer $TOKEN"`)
	}
	for _, p := range c.Parameters {
		if p.Where == "header" && p.Required {
			b.WriteString(" -H '" + p.Name + `: "1"'`)
		}
	}
	switch {
	case e.mime != "":
		b.WriteString(" -H 'Content-Type: " + e.mime + "' --data-binary @" + e.body)
	case e.body != "":
		b.WriteString(" -H 'Content-Type: application/json' -d '" + e.body + "'")
	}
	path := strings.NewReplacer("{number}", "1", "{id}", "ID", "{slug}", "SLUG", "{tags}", "TAG", "{name}", "tags", "{source}", "posts", "{type}", "post").Replace(c.Path)
	b.WriteString(` "$SITE` + path + e.query + `"`)
	return b.String()
}
