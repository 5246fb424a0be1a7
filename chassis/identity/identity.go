// Package identity says who calls: a Principal in the context, carried between
// processes as a short-lived signed token.
package identity

import "context"

// Role is what a caller may be. The values are those of parution.access.v1.Role.
type Role string

// The roles.
const (
	Public   Role = "public"   // anyone
	Author   Role = "author"   // writes own posts
	Editor   Role = "editor"   // changes everybody's posts
	Owner    Role = "owner"    // changes everything of one site
	Operator Role = "operator" // runs the installation
	Service  Role = "service"  // another service
)

// Principal is a caller.
type Principal struct {
	// Subject is a stable id: a token's, a person's, a service's name.
	Subject string
	// Name is shown to people.
	Name string
	Role Role
	// Site is the publication that the call is about; empty for services.
	Site string
}

// Member tells whether the caller works for the site: may see what readers may not.
func (p Principal) Member() bool {
	switch p.Role {
	case Author, Editor, Owner, Operator:
		return true
	case Public, Service:
	}
	return false
}

// Edits tells whether the caller may change everybody's posts.
func (p Principal) Edits() bool {
	return p.Role == Editor || p.Role == Owner || p.Role == Operator
}

type key struct{}

// With puts the caller into the context.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, key{}, p)
}

// From is the caller; without one the zero Principal, whose empty role no rule
// allows.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(key{}).(Principal)
	return p
}
