package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/search"
)

// wordlist is a row as JSON.
type wordlist struct {
	PostID string `json:"post_id"`
	Hash   string `json:"hash"`
	Scope  string `json:"scope"`
	Title  string `json:"title"`
	Labels string `json:"labels"`
	Body   string `json:"body"`
}

func wordlistOf(p entry.Post) wordlist {
	return wordlist{PostID: p.ID, Hash: p.Words.Hash(), Scope: search.Scope(p.Site), Title: p.Words.Title, Labels: p.Words.Labels, Body: p.Words.Text}
}

// putWordlists brings what is searched up to the posts' states. Nobody is told:
// pages of search results are not kept. Their entries must have been written.
func (s *Store) putWordlists(ctx context.Context, tx *sql.Tx, items []projection.Item[entry.Post]) error {
	postIDs := make([]string, len(items))
	for i, item := range items {
		postIDs[i] = item.ID
	}
	was, err := s.wordlists(ctx, tx, postIDs)
	if err != nil {
		return err
	}
	var puts []wordlist
	var drops []string
	for _, item := range items {
		p := item.State
		p.ID = item.ID
		old, isThere := was[p.ID]
		if !p.Public {
			if isThere {
				drops = append(drops, p.ID)
			}
			continue
		}
		now := wordlistOf(p)
		if isThere && !item.Mend && old.site == p.Site && old.at.Equal(p.PublishedAt) && old.hash == now.Hash {
			continue
		}
		if isThere {
			drops = append(drops, p.ID)
		}
		puts = append(puts, now)
	}
	for _, statement := range s.sql.dropWordlists {
		if err := saveRows(ctx, tx, statement, drops); err != nil {
			return fmt.Errorf("drop %d wordlists: %w", len(drops), err)
		}
	}
	for _, statement := range s.sql.putWordlists {
		if err := saveRows(ctx, tx, statement, puts); err != nil {
			return fmt.Errorf("put %d wordlists: %w", len(puts), err)
		}
	}
	return nil
}

// wordlistKey is what tells whether a wordlist is as it should be.
type wordlistKey struct {
	site, hash string
	at         sqldb.Time
}

// wordlists reads what there is of the posts' wordlists, by post id.
func (s *Store) wordlists(ctx context.Context, tx *sql.Tx, postIDs []string) (_ map[string]wordlistKey, err error) {
	list, err := json.Marshal(postIDs)
	if err != nil {
		return nil, fmt.Errorf("marshal ids: %w", err)
	}
	rows, err := tx.QueryContext(ctx, s.sql.wordlists, string(list))
	if err != nil {
		return nil, fmt.Errorf("read wordlists: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := make(map[string]wordlistKey, len(postIDs))
	for rows.Next() {
		var id string
		var key wordlistKey
		if err := rows.Scan(&id, &key.site, &key.hash, &key.at); err != nil {
			return nil, fmt.Errorf("scan a wordlist: %w", err)
		}
		out[id] = key
	}
	return out, rows.Err()
}
