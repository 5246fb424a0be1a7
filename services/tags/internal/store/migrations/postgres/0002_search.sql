-- +goose Up
-- A published post as it is searched: its words as internal/search makes them.
CREATE TABLE document (
    post_id      text        PRIMARY KEY,
    site_id      text        NOT NULL,
    published_at timestamptz NOT NULL,
    hash         text        NOT NULL, -- of the words
    title        tsvector    NOT NULL,
    labels       tsvector    NOT NULL,
    words        tsvector    NOT NULL -- of all places, and the site's own
);
CREATE INDEX document_recent ON document (site_id, published_at DESC, post_id DESC);
-- Words are ASCII and are not changed: both databases find the same.
CREATE INDEX document_words ON document USING gin (words);
-- What was published before has no document yet: a rebuild makes them.
UPDATE projection_cursor SET generation = generation + 1, rebuild_phase = 'copy', rebuild_type = '', rebuild_id = '', problem = ''
WHERE source = 'posts';
