package theme

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/net/html"
)

// allowed tells what in a page browsers would leave out, as the pages'
// Content-Security-Policy allows nothing inline and nothing of other hosts: its
// author would look for the mistake where there is none.
func allowed(body []byte) error {
	z := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return nil // its end: a tokenizer takes everything
		case html.StartTagToken, html.SelfClosingTagToken:
			if err := allowedElement(z.Token()); err != nil {
				return fmt.Errorf("%w; the pages' Content-Security-Policy makes browsers leave it out", err)
			}
		case html.TextToken, html.EndTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
}

func allowedElement(e html.Token) error {
	attr := make(map[string]string, len(e.Attr))
	for _, a := range e.Attr {
		attr[a.Key] = strings.TrimSpace(a.Val)
		switch {
		case a.Key == "style":
			return fmt.Errorf("<%s> has the attribute style=%q: put it into a style sheet in assets", e.Data, a.Val)
		case strings.HasPrefix(a.Key, "on"):
			return fmt.Errorf("<%s> has the attribute %s: put it into a script in assets", e.Data, a.Key)
		}
	}
	switch e.Data {
	case "style":
		return fmt.Errorf("there is a <style>: put it into a style sheet in assets")
	case "script":
		if src, ok := attr["src"]; ok {
			return ofHere("script src", src)
		}
		if runs(attr["type"]) {
			return fmt.Errorf("there is a <script> without src: put it into a script in assets; only data, such as application/ld+json, may be in the page")
		}
	case "link":
		for rel := range strings.FieldsSeq(strings.ToLower(attr["rel"])) {
			if rel == "stylesheet" || rel == "modulepreload" || rel == "preload" || rel == "icon" {
				return ofHere("link href", attr["href"])
			}
		}
	}
	return nil
}

// runs tells whether a script of that type does something: all others are data.
func runs(kind string) bool {
	kind = strings.ToLower(kind)
	switch kind {
	case "", "module", "importmap", "speculationrules":
		return true
	}
	return strings.Contains(kind, "javascript") || strings.Contains(kind, "ecmascript") || strings.Contains(kind, "jscript") || strings.Contains(kind, "livescript")
}

// ofHere tells of an address that is another host's.
func ofHere(what, address string) error {
	lower := strings.ToLower(address)
	for _, prefix := range []string{"//", "http:", "https:", "data:"} {
		if strings.HasPrefix(lower, prefix) {
			return fmt.Errorf("<%s=%q> is not a file of the theme: put it into assets and name it with {{asset}}", what, address)
		}
	}
	return nil
}
