// Package ids makes identifiers that sort by time and are the same text in
// every database: UUIDv7 (RFC 9562).
package ids

import "github.com/google/uuid"

// New makes an id. Ids of one process rise. It panics if the system has no
// randomness.
func New() string { return uuid.Must(uuid.NewV7()).String() }

// Valid tells whether s is an id in the form that New makes.
func Valid(s string) bool {
	u, err := uuid.Parse(s)
	return err == nil && u.String() == s
}
