package api

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/parution/parution/chassis/web"
	"github.com/parution/parution/services/gateway/internal/headers"
	"github.com/parution/parution/services/gateway/internal/routename"
)

// ProblemPrefix begins the addresses that explain kinds of problems.
const ProblemPrefix = web.ProblemPrefix

// iconPath is where the icon of the API's pages is.
const iconPath = root + "icon.svg"

// explanation is a kind of problem as a page and as JSON.
type explanation struct{ page, data document }

// problemView is a kind of problem as it is shown.
type problemView struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Text   string `json:"description"`
}

// Name is the end of the type.
func (v problemView) Name() string { return strings.TrimPrefix(v.Type, ProblemPrefix) }

func problemViews() []problemView {
	var out []problemView
	for _, k := range web.ProblemKinds() {
		out = append(out, problemView{ProblemPrefix + k.Name, http.StatusText(k.Status), k.Status, k.Text})
	}
	return out
}

// explanations are the answers by path.
func explanations() (map[string]explanation, error) {
	t, err := template.ParseFS(files, "problem.gohtml")
	if err != nil {
		return nil, fmt.Errorf("parse the page of problems: %w", err)
	}
	out := make(map[string]explanation)
	for _, v := range problemViews() {
		var page strings.Builder
		if err := t.Execute(&page, v); err != nil {
			return nil, fmt.Errorf("write the page of %s: %w", v.Type, err)
		}
		data, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", v.Type, err)
		}
		out[v.Type] = explanation{
			page: newDocument("text/html; charset=utf-8", []byte(page.String())),
			data: newDocument("application/json", append(data, '\n')),
		}
	}
	return out, nil
}

// ServeProblem answers a GET or HEAD request below ProblemPrefix with what the
// type of a problem means, and tells whether there is such a type.
func (a *API) ServeProblem(w http.ResponseWriter, r *http.Request) bool {
	e, ok := a.problems[r.URL.Path]
	if !ok {
		return false
	}
	routename.Set(r.Context(), r.Method, ProblemPrefix+"{name}")
	headers.Apply(w.Header(), a.fields)
	w.Header().Set("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		e.page.serve(w, r)
	} else {
		e.data.serve(w, r)
	}
	return true
}

// Favicon leads those who ask without having been told to an icon: pages name theirs.
func (a *API) Favicon(w http.ResponseWriter, r *http.Request) {
	routename.Set(r.Context(), r.Method, "/favicon.ico")
	headers.Apply(w.Header(), a.fields)
	w.Header().Set("Location", iconPath)
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.WriteHeader(http.StatusMovedPermanently)
}
