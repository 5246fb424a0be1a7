package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store/db"
)

// asJSON is the stored form of a list of values.
func asJSON[T any](list []T) (string, error) {
	if list == nil {
		return "[]", nil
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("marshal a list: %w", err)
	}
	return string(text), nil
}

func fromJSON[T any](text string, into *[]T) error {
	if text == "[]" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("read a list: %w", err)
	}
	return nil
}

func siteOf(r db.Site) (*page.Site, error) {
	s := &page.Site{
		ID: r.ID, Title: r.Title, Description: r.Description, Language: r.Language, TimeZone: r.TimeZone,
		BaseURL: r.BaseUrl, Host: r.Host, PostsPerPage: int(r.PostsPerPage), Theme: r.Theme, UpdatedAt: r.UpdatedAt.Time,
	}
	return s, fromJSON(r.Links, &s.Links)
}

func docOf(r db.Doc) (*page.Doc, error) {
	d := &page.Doc{
		Card: page.Card{
			ID: r.PostID, Site: r.Site, Slug: r.Slug, Title: r.Title, Language: r.Language, Excerpt: r.Excerpt,
			Image: r.Image, ImageAlt: r.ImageAlt, Minutes: int(r.Minutes), PublishedAt: r.PublishedAt.Time, UpdatedAt: r.UpdatedAt.Time,
		},
		Epoch: r.Epoch, Version: r.Version, State: page.State(r.State), Featured: r.Featured, Standfirst: r.Standfirst, Cover: r.Cover,
		ImageCaption: r.ImageCaption, TranslationKey: r.TranslationKey, EditedAt: r.EditedAt.Time,
		Words: int(r.Words), HTML: r.Html, Hash: r.Hash,
	}
	for _, err := range []error{
		fromJSON(r.Authors, &d.Authors), fromJSON(r.Contents, &d.Contents),
		fromJSON(r.Former, &d.Former), fromJSON(r.Aliases, &d.Aliases),
	} {
		if err != nil {
			return nil, fmt.Errorf("post %s: %w", r.PostID, err)
		}
	}
	return d, nil
}

func docParams(d *page.Doc) (db.SaveDocParams, error) {
	p := db.SaveDocParams{
		PostID: d.ID, Site: d.Site, Epoch: d.Epoch, Version: d.Version, State: int32(d.State), Slug: d.Slug, Title: d.Title,
		Language: d.Language, Excerpt: d.Excerpt, Standfirst: d.Standfirst, Image: d.Image, ImageAlt: d.ImageAlt, Cover: d.Cover,
		Featured: d.Featured, Words: int32(d.Words), Minutes: int32(d.Minutes), Html: d.HTML, Hash: d.Hash, //nolint:gosec // bounded by the text's size
		ImageCaption: d.ImageCaption, TranslationKey: d.TranslationKey,
		PublishedAt: sqldb.At(d.PublishedAt), UpdatedAt: sqldb.At(d.UpdatedAt), EditedAt: sqldb.At(d.EditedAt),
	}
	var errs [4]error
	p.Authors, errs[0] = asJSON(d.Authors)
	p.Contents, errs[1] = asJSON(d.Contents)
	p.Former, errs[2] = asJSON(d.Former)
	p.Aliases, errs[3] = asJSON(d.Aliases)
	for _, err := range errs {
		if err != nil {
			return p, fmt.Errorf("post %s: %w", d.ID, err)
		}
	}
	return p, nil
}

// scanner is a row of a hand-written statement.
type scanner interface{ Scan(dest ...any) error }

func scanCard(row scanner, more ...any) (page.Card, error) {
	var (
		c                  page.Card
		authors            string
		published, updated sqldb.Time
	)
	dest := append([]any{
		&c.ID, &c.Site, &c.Slug, &c.Title, &c.Language, &c.Excerpt, &c.Image, &c.ImageAlt, &authors, &c.Minutes, &published, &updated,
	}, more...)
	if err := row.Scan(dest...); err != nil {
		return c, fmt.Errorf("scan a card: %w", err)
	}
	c.PublishedAt, c.UpdatedAt = published.Time, updated.Time
	return c, fromJSON(authors, &c.Authors)
}

func scanOutline(row scanner) (*page.Doc, error) {
	r := db.Doc{Contents: "[]"}
	err := row.Scan(&r.PostID, &r.Site, &r.Epoch, &r.Version, &r.State, &r.Slug, &r.Title, &r.Language, &r.Excerpt, &r.Standfirst, &r.Image,
		&r.ImageAlt, &r.Cover, &r.ImageCaption, &r.TranslationKey, &r.Authors, &r.Featured, &r.Words, &r.Minutes, &r.Hash, &r.Former, &r.Aliases,
		&r.PublishedAt, &r.UpdatedAt, &r.EditedAt)
	if err != nil {
		return nil, fmt.Errorf("scan a post: %w", err)
	}
	return docOf(r)
}

// whenever is the time of a row that has none.
func whenever() time.Time { return time.Unix(0, 0).UTC() }
