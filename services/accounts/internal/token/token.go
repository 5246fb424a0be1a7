// Package token holds the rules of API tokens: who may make which, and when
// one is accepted.
package token

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parution/parution/chassis/fault"
)

// MaxNameChars bounds a token's name.
const MaxNameChars = 100

// Role is what the bearer of a token may be.
type Role string

// The roles that a token can give.
const (
	Author   Role = "author"   // writes own posts
	Editor   Role = "editor"   // changes everybody's posts
	Owner    Role = "owner"    // changes everything of one site
	Operator Role = "operator" // runs the installation, on every site
)

// roles lists them for messages, the least first.
func roles() []Role { return []Role{Author, Editor, Owner, Operator} }

// Snapshot is all that is known of a token but its secret: the form in which it
// is stored and told.
type Snapshot struct {
	ID string
	// Site is where the token is good; empty for operators: everywhere.
	Site       string
	Name       string
	Role       Role
	CreatedAt  time.Time
	ExpiresAt  *time.Time // nil: never
	LastUsedAt *time.Time // to the minute; nil: never used
	RevokedAt  *time.Time // nil: not revoked
}

// Token is an API token. It cannot be invalid. Not safe for concurrent use.
type Token struct{ s Snapshot }

// NewToken is what a token is made from.
type NewToken struct {
	ID, Site, Name string
	// Role defaults to Author.
	Role Role
	// ExpiresAt is when the token ends; nil: never.
	ExpiresAt *time.Time
	// ByOperator is true if an operator makes the token.
	ByOperator bool
}

// New makes a token. An operator's token belongs to no site. Faults: Invalid
// with the field; Denied if the maker may not give the role away.
func New(n NewToken, now time.Time) (*Token, error) {
	s := Snapshot{ID: n.ID, Site: n.Site, Name: strings.TrimSpace(n.Name), Role: n.Role, CreatedAt: now, ExpiresAt: n.ExpiresAt}
	if s.Role == "" {
		s.Role = Author
	}
	if err := check(s, now); err != nil {
		return nil, err
	}
	if s.Role == Operator {
		if !n.ByOperator {
			return nil, fault.Denied("only an operator may make a token with the role %q", Operator)
		}
		s.Site = ""
	} else if s.Site == "" {
		return nil, fault.Invalid("role", "%q needs a site", s.Role)
	}
	return &Token{s}, nil
}

// Place is a token's place in a list, which goes from the newest to the oldest.
type Place struct {
	At time.Time
	ID string
}

// Restore makes a token from what was stored.
func Restore(s Snapshot) *Token { return &Token{s} }

func check(s Snapshot, now time.Time) error {
	var bad []fault.Violation
	refuse := func(field, message string) { bad = append(bad, fault.Violation{Field: field, Message: message}) }
	switch n := utf8.RuneCountInString(s.Name); {
	case n == 0:
		refuse("name", "must not be empty")
	case n > MaxNameChars:
		refuse("name", "is longer than 100 characters")
	case strings.ContainsFunc(s.Name, unicode.IsControl):
		refuse("name", "has a control character")
	}
	if !slices.Contains(roles(), s.Role) {
		refuse("role", `must be "author", "editor", "owner" or "operator"`)
	}
	if s.ExpiresAt != nil && !s.ExpiresAt.After(now) {
		refuse("expires_at", "must be in the future")
	}
	return fault.InvalidFields(bad...)
}

// Snapshot is the token's present state.
func (t *Token) Snapshot() Snapshot { return t.s }

// Within tells whether somebody who works for site, and may be an operator,
// may see and revoke the token.
func (t *Token) Within(site string, operator bool) bool {
	if t.s.Site == "" {
		return operator
	}
	return t.s.Site == site
}

// Admit refuses the token where it is not good: elsewhere than on site (empty:
// on whichever it is of), or not any more at now. Only who holds the secret hears which. Faults: Unauthenticated.
func (t *Token) Admit(site string, now time.Time) error {
	switch {
	case t.s.RevokedAt != nil:
		return fault.Unauthenticated("the token was revoked")
	case t.s.ExpiresAt != nil && !t.s.ExpiresAt.After(now):
		return fault.Unauthenticated("the token has expired")
	case t.s.Role == Operator, t.s.Site != "" && (site == "" || t.s.Site == site):
		return nil
	}
	return fault.Unauthenticated("the token is of another site than this host's")
}

// useStep is how exactly the last use is known: writing it down at each call
// would make every read a write.
const useStep = time.Minute

// UseWorthNoting tells whether a use at now is to be stored, and how old the
// stored one must be for that.
func (t *Token) UseWorthNoting(now time.Time) (bool, time.Time) {
	cutoff := now.Add(-useStep)
	return t.s.LastUsedAt == nil || t.s.LastUsedAt.Before(cutoff), cutoff
}
