package press

import (
	"encoding/xml"
	"fmt"

	"github.com/parution/parution/services/render/internal/page"
)

// description tells browsers how to search a site: OpenSearch 1.1.
type description struct {
	XMLName     xml.Name  `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
	ShortName   string    `xml:"ShortName"`
	LongName    string    `xml:"LongName"`
	Description string    `xml:"Description"`
	Language    string    `xml:"Language,omitempty"`
	Input       string    `xml:"InputEncoding"`
	Output      string    `xml:"OutputEncoding"`
	URLs        []service `xml:"Url"`
}

type service struct {
	Type     string `xml:"type,attr"`
	Rel      string `xml:"rel,attr,omitempty"`
	Template string `xml:"template,attr"`
}

// What OpenSearch allows, in characters.
const (
	maxShortName   = 16
	maxLongName    = 48
	maxDescription = 1024
)

func openSearch(site *page.Site) (*page.Page, error) {
	const terms = "?q={searchTerms}"
	d := description{
		ShortName: cut(site.Title, maxShortName), LongName: cut(site.Title, maxLongName), Description: cut(site.Description, maxDescription),
		Language: site.Language, Input: "UTF-8", Output: "UTF-8",
		URLs: []service{
			{Type: "text/html", Template: site.BaseURL + "/search" + terms},
			{Type: "application/x-suggestions+json", Rel: "suggestions", Template: site.BaseURL + page.SuggestPath + terms},
			{Type: "application/rss+xml", Template: site.BaseURL + page.FeedOf("/search", page.FeedRSS) + terms},
			{Type: "application/atom+xml", Template: site.BaseURL + page.FeedOf("/search", page.FeedAtom) + terms},
			{Type: openSearchType, Rel: "self", Template: site.BaseURL + page.OpenSearchPath},
		},
	}
	body, err := xml.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the search description: %w", err)
	}
	out := finished(page.StatusOK, append([]byte(xml.Header), append(body, '\n')...), page.NewKeys(page.KeySite), site.UpdatedAt)
	out.ContentType = openSearchType + "; charset=utf-8"
	return out, nil
}

const openSearchType = "application/opensearchdescription+xml"

// cut is the beginning of a text, at most size characters of it.
func cut(text string, size int) string {
	runes := []rune(text)
	if len(runes) <= size {
		return text
	}
	return string(runes[:size-1]) + "…"
}
