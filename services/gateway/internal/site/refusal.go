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
	"github.com/parution/parution/services/gateway/internal/slots"
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

// told is what readers are told of a search that is refused; ok is false for
// another error.
func told(err error) (english, french string, ok bool) {
	switch {
	case errors.Is(err, errLongSearch):
		return "A tag, author, language or date that you search by is too long.", "Une étiquette, un auteur, une langue ou une date de votre recherche est trop long.", true
	case errors.Is(err, errManyTags):
		return "A search goes by at most 10 tags, authors or languages.", "Une recherche porte sur 10 étiquettes, auteurs ou langues au plus.", true
	case errors.Is(err, slots.ErrCrowded):
		return "Too many readers are searching right now. Please try again in a moment.",
			"Trop de lecteurs cherchent en ce moment. Réessayez dans un instant.", true
	}
	return "", "", false
}

const bare = `<!doctype html>
<html lang="{{.Language}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Status}}</title></head>
<body><main><h1>{{.Status}}</h1><p>{{.Sentence}}</p>{{if .Link}}<p><a href="{{.Link}}">{{.LinkText}}</a></p>{{end}}</main></body>
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
	case errors.Is(err, errLongSearch), errors.Is(err, errManyTags):
		status = http.StatusBadRequest // as of all searches that cannot be read
	case errors.Is(err, slots.ErrCrowded):
		s.log.DebugContext(r.Context(), "too many search at once")
	case errors.Is(err, cache.ErrCrowded):
		s.log.DebugContext(r.Context(), "too many ask for pages that are newer", "path", r.URL.Path)
	case status >= http.StatusInternalServerError:
		s.log.WarnContext(r.Context(), "a page could not be served", "path", r.URL.Path, "error", err)
	}
	english, french, ok := told(err)
	switch {
	case ok:
	case status == http.StatusNotFound:
		s.notFound(w, r, site)
		return
	default:
		s.answer(w, r, site, status)
		return
	}
	v := own(site, status, english, french)
	if v.Link, v.LinkText = searchPath, "Search again"; v.Language == "fr" {
		v.LinkText = "Chercher autrement"
	}
	s.write(w, r, status, v)
}

// nowhere is a path that no page can have.
const nowhere = "/\x00"

// notFound answers with the site's own page of what is not there; with the
// gateway's where there is none: for files, without a site, and without render.
func (s *Site) notFound(w http.ResponseWriter, r *http.Request, site host.Site) {
	if site.ID == "" || strings.HasPrefix(r.URL.Path, assets) || !readOnly(r) {
		s.answer(w, r, site, http.StatusNotFound)
		return
	}
	e, err := s.pages.Load(r.Context(), cache.Key{Site: site.ID, Path: nowhere})
	if err != nil || e.Status() != http.StatusNotFound {
		s.answer(w, r, site, http.StatusNotFound)
		return
	}
	e.RespondOnce(w, r)
}

// view is what a page of the gateway's own tells.
type view struct {
	Language, Status, Sentence string
	// Link is a path to go on to, with LinkText; may be empty.
	Link, LinkText string
}

func own(site host.Site, status int, english, french string) view {
	if strings.HasPrefix(site.Language, "fr") {
		return view{Language: "fr", Status: strconv.Itoa(status), Sentence: french}
	}
	return view{Language: "en", Status: strconv.Itoa(status) + " " + http.StatusText(status), Sentence: english}
}

// answer writes a page of the gateway's own.
func (s *Site) answer(w http.ResponseWriter, r *http.Request, site host.Site, status int) {
	english, french, ok := sentence(status)
	if !ok {
		status = http.StatusInternalServerError
	}
	s.write(w, r, status, own(site, status, english, french))
}

func (s *Site) write(w http.ResponseWriter, r *http.Request, status int, v view) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_ = s.bare.Execute(w, v) // the client may have gone
	}
}
