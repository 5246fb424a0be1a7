package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/posts/internal/post"
)

const withStatus = `SELECT id FROM post WHERE status = $1 AND id IN `

// withStatusByID takes a status and a JSON list of ids.
func withStatusByID(d sqldb.Dialect) string {
	if d == sqldb.Postgres {
		return withStatus + `(SELECT jsonb_array_elements_text(CAST($2 AS jsonb)))`
	}
	return withStatus + `(SELECT value FROM json_each($2))`
}

// PublicOf tells which of these posts readers can see now.
func (s *Store) PublicOf(ctx context.Context, ids []string) (map[string]bool, error) {
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // none of none
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("write ids: %w", err)
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, withStatusByID(s.db.Dialect()), string(post.Published), string(list))
	if err != nil {
		return nil, fmt.Errorf("look up which posts are public: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	public := make(map[string]bool, len(ids))
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("look up which posts are public: %w", err)
		}
		public[id] = true
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look up which posts are public: %w", err)
	}
	return public, nil
}
