package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/search"
)

// document is a row as JSON.
type document struct {
	PostID string `json:"post_id"`
	Hash   string `json:"hash"`
	Scope  string `json:"scope"`
	Title  string `json:"title"`
	Labels string `json:"labels"`
	Body   string `json:"body"`
}

func documentOf(p index.Post) document {
	return document{PostID: p.ID, Hash: p.Words.Hash(), Scope: search.Scope(p.Site), Title: p.Words.Title, Labels: p.Words.Labels, Body: p.Words.Text}
}

// putDocuments brings what is searched up to the posts' states. Nobody is told:
// pages of search results are not kept. Their entries must have been written.
func (s *Store) putDocuments(ctx context.Context, tx *sql.Tx, items []projection.Item[index.Post]) error {
	postIDs := make([]string, len(items))
	for i, item := range items {
		postIDs[i] = item.ID
	}
	was, err := s.documents(ctx, tx, postIDs)
	if err != nil {
		return err
	}
	var puts []document
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
		now := documentOf(p)
		if isThere && !item.Mend && old.site == p.Site && old.at.Equal(p.PublishedAt) && old.hash == now.Hash {
			continue
		}
		if isThere {
			drops = append(drops, p.ID)
		}
		puts = append(puts, now)
	}
	for _, statement := range s.sql.dropDocuments {
		if err := saveRows(ctx, tx, statement, drops); err != nil {
			return fmt.Errorf("drop %d documents: %w", len(drops), err)
		}
	}
	for _, statement := range s.sql.putDocuments {
		if err := saveRows(ctx, tx, statement, puts); err != nil {
			return fmt.Errorf("put %d documents: %w", len(puts), err)
		}
	}
	return nil
}

// documentKey is what tells whether a document is as it should be.
type documentKey struct {
	site, hash string
	at         sqldb.Time
}

// documents reads what there is of the posts' documents, by post id.
func (s *Store) documents(ctx context.Context, tx *sql.Tx, postIDs []string) (_ map[string]documentKey, err error) {
	list, err := json.Marshal(postIDs)
	if err != nil {
		return nil, fmt.Errorf("marshal ids: %w", err)
	}
	rows, err := tx.QueryContext(ctx, s.sql.documents, string(list))
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := make(map[string]documentKey, len(postIDs))
	for rows.Next() {
		var id string
		var key documentKey
		if err := rows.Scan(&id, &key.site, &key.hash, &key.at); err != nil {
			return nil, fmt.Errorf("scan a document: %w", err)
		}
		out[id] = key
	}
	return out, rows.Err()
}
