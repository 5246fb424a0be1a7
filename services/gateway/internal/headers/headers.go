// Package headers holds the header fields that tell a browser what an answer
// may do. Every answer of the gateway carries one of the sets.
package headers

import "net/http"

// Field is a header field with its values, ready to be put into a header map.
// The slice is shared between answers: nobody may change it.
type Field struct {
	Name   string // canonical
	Values []string
}

// What each kind of answer may load and run. Nothing is inline in our pages, so
// no exception is needed anywhere but in drawings that bring their own styles.
const (
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; font-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
	filePolicy    = "default-src 'none'; sandbox"
	drawingPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
)

// Page is the set of pages, of the JSON API and of the gateway's own answers.
func Page() []Field { return with(pagePolicy, "same-origin") }

// Feed is the set of feeds: readers' programs that run in a browser may read
// them from other sites. They are the same for everybody.
func Feed() []Field {
	return append(with(filePolicy, "cross-origin"), Field{"Access-Control-Allow-Origin", []string{"*"}})
}

// File is the set of what people uploaded: it may do nothing, not even in a
// window of its own. Other sites may show it: readers of feeds do.
func File() []Field { return with(filePolicy, "cross-origin") }

// Drawing is the set of uploaded SVG files, which bring their own styles.
func Drawing() []Field { return with(drawingPolicy, "cross-origin") }

func with(policy, resource string) []Field {
	return []Field{
		{"Content-Security-Policy", []string{policy}},
		{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
		{"Cross-Origin-Resource-Policy", []string{resource}},
		{"Referrer-Policy", []string{"strict-origin-when-cross-origin"}},
		{"X-Content-Type-Options", []string{"nosniff"}},
	}
}

// Secure is what readers of a site over HTTPS get with every answer: to come
// that way again. It speaks for this host name only, not for those below it.
func Secure() Field {
	return Field{"Strict-Transport-Security", []string{"max-age=31536000"}}
}

// Leave is for the last answers of a server: the client must connect again.
func Leave() Field { return Field{"Connection", []string{"close"}} }

// Apply puts fields into h.
func Apply(h http.Header, fields []Field) {
	for _, f := range fields {
		h[f.Name] = f.Values
	}
}
