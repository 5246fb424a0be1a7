package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

//go:embed reference.gohtml reference.css problem.gohtml icon.svg
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
	icon, err := files.ReadFile("icon.svg")
	if err != nil {
		return nil, fmt.Errorf("read the icon: %w", err)
	}
	html := newDocument("text/html; charset=utf-8", page)
	return map[string]document{
		root + "openapi.json":         newDocument("application/json", text),
		iconPath:                      newDocument("image/svg+xml", icon),
		root + "reference.css":        newDocument("text/css; charset=utf-8", style),
		root:                          html,
		strings.TrimSuffix(root, "/"): html,
	}, nil
}
