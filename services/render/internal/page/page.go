// Package page knows which pages a site has, what each of them shows, and what
// a change touches. It is pure: no database, no clock, no HTML.
package page

import (
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// The HTTP statuses that a page can have.
const (
	StatusOK    = 200
	StatusMoved = 301
	// StatusBad is of a search that cannot be read.
	StatusBad      = 400
	StatusNotFound = 404
	StatusGone     = 410
)

// Page is a finished answer to one address.
type Page struct {
	// Status is one of the constants above.
	Status int
	// Location is where a moved page is: a path of the same site, escaped as
	// an address needs it.
	Location string
	// ContentType is empty exactly if Body is.
	ContentType string
	Body        []byte
	// ETag is a strong validator with its quotes; empty for a moved page.
	ETag string
	// LastModified is the newest change of a post's page; zero for all others.
	LastModified time.Time
	// Keys are what the page shows, sorted: a change that touches one of them
	// makes the page old.
	Keys []string
	// Fleeting pages are not kept by anybody: there is no end of such addresses, or
	// something is missing that will be there in a moment.
	Fleeting bool
}

// Validator is the strong one of body: the same bytes have the same one.
func Validator(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`
}

// Kept is a page in the store.
type Kept struct {
	Page

	// Clock is the press clock that was read before anything that the page shows.
	Clock int64
	// Edition is the theme and settings that the page was pressed with.
	Edition string
}
