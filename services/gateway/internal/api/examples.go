package api

import (
	"net/http"
	"strings"
)

// example is what people can try a call with.
type example struct {
	// required are the fields of the body without which the call is refused.
	required []string
	// body is a body that it takes.
	body string
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
	case uploadID:
		return example{body: "picture.png", mime: "image/png"}
	}
	return example{}
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
	path := strings.NewReplacer("{number}", "1", "{id}", "ID", "{slug}", "SLUG", "{tags}", "TAG").Replace(c.Path)
	b.WriteString(` "$SITE` + path + `"`)
	return b.String()
}
