-- +goose Up
-- Slugs sort by their bytes, as they do on SQLite, whatever the server's language.
-- What the index knows of each post that was ever public. A tombstone
-- (indexed is false) keeps its version, so that the next one is higher.
CREATE TABLE entry (
    post_id      text    PRIMARY KEY,
    site_id      text    NOT NULL,
    version      integer NOT NULL,
    indexed      boolean NOT NULL,
    slug         text    NOT NULL,
    title        text    NOT NULL,
    language     text    NOT NULL,
    published_at timestamptz NOT NULL,
    tags         text    NOT NULL -- JSON, in the post's order
);
-- The same tags, for finding posts.
CREATE TABLE entry_tag (
    post_id      text NOT NULL REFERENCES entry (post_id),
    slug         text COLLATE "C" NOT NULL,
    site_id      text NOT NULL,
    name         text NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (post_id, slug)
);
CREATE INDEX entry_tag_list ON entry_tag (site_id, slug, published_at DESC, post_id DESC);
-- For counting how the name of a tag is written.
CREATE INDEX entry_tag_name ON entry_tag (site_id, slug, name, published_at DESC, post_id DESC);
-- A tag that no entry carries has no row.
CREATE TABLE tag (
    site_id text    NOT NULL,
    slug    text COLLATE "C" NOT NULL,
    name    text    NOT NULL,
    count   integer NOT NULL,
    PRIMARY KEY (site_id, slug)
);
