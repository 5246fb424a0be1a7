// Package wire translates between tokens and their protos, and does nothing else.
package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
	"github.com/parution/parution/services/accounts/internal/token"
)

// Token is a token without its secret.
func Token(s token.Snapshot) *accountsv1.Token {
	return &accountsv1.Token{
		Id: s.ID, Name: s.Name, Role: string(s.Role), CreatedAt: timestamppb.New(s.CreatedAt),
		ExpiresAt: stamp(s.ExpiresAt), LastUsedAt: stamp(s.LastUsedAt), RevokedAt: stamp(s.RevokedAt),
	}
}

func stamp(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}

// Time is the moment that a message tells; nil if it tells none.
func Time(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	v := t.AsTime().Truncate(time.Microsecond) // what both databases keep
	return &v
}
