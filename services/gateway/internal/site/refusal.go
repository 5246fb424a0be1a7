package site

import (
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/web"
	"github.com/parution/parution/services/gateway/internal/cache"
	"github.com/parution/parution/services/gateway/internal/host"
)

// errMisdirected is a host name that no site answers to.
var errMisdirected = errors.New("no site answers to this host name")

// sentence is what readers are told when there is no page of the site itself to
// tell it, in English and French; ok is false for a status that has none.
func sentence(status int) (english, french string, ok bool) {
	switch status {
	case http.StatusNotFound:
		return "There is no such page.", "Cette page n’existe pas.", true
	case http.StatusGone:
		return "What was here is gone.", "Ce qui était ici n’y est plus.", true
	case http.StatusMethodNotAllowed:
		return "This page can only be read.", "Cette page ne peut qu’être lue.", true
	case http.StatusRequestURITooLong:
		return "This address is too long.", "Cette adresse est trop longue.", true
	case http.StatusMisdirectedRequest:
		return "No publication answers to this host name.", "Aucune publication ne répond à ce nom d’hôte.", true
	case http.StatusUnprocessableEntity:
		return "This address has too many parameters.", "Cette adresse a trop de paramètres.", true
	case http.StatusServiceUnavailable:
		return "This page cannot be shown right now. Please try again in a moment.",
			"Cette page ne peut être affichée pour l’instant. Réessayez dans un moment.", true
	}
	return "Something went wrong on our side.", "Une erreur est survenue de notre côté.", false
}

const bare = `<!doctype html>
<html lang="{{.Language}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Status}}</title></head>
<body><main><h1>{{.Status}}</h1><p>{{.Sentence}}</p></main></body>
</html>
`

func parseBare() *template.Template { return template.Must(template.New("bare").Parse(bare)) }

// refuse answers with what went wrong.
func (s *Site) refuse(w http.ResponseWriter, r *http.Request, site host.Site, err error) {
	status := web.Status(fault.KindOf(err))
	switch {
	case errors.Is(err, errMisdirected):
		status = http.StatusMisdirectedRequest
	case errors.Is(err, cache.ErrGone):
		status = http.StatusGone
	case errors.Is(err, cache.ErrCrowded):
		s.log.DebugContext(r.Context(), "too many ask for pages that are newer", "path", r.URL.Path)
	case status >= http.StatusInternalServerError:
		s.log.WarnContext(r.Context(), "a page could not be served", "path", r.URL.Path, "error", err)
	}
	s.answer(w, r, site, status)
}

// answer writes a page of the gateway's own.
func (s *Site) answer(w http.ResponseWriter, r *http.Request, site host.Site, status int) {
	english, french, ok := sentence(status)
	if !ok {
		status = http.StatusInternalServerError
	}
	view := struct {
		Language, Status, Sentence string
	}{"en", strconv.Itoa(status) + " " + http.StatusText(status), english}
	if strings.HasPrefix(site.Language, "fr") {
		view.Language, view.Status, view.Sentence = "fr", strconv.Itoa(status), french
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_ = s.bare.Execute(w, view) // the client may have gone
	}
}
