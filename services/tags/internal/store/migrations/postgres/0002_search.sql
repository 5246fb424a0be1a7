-- +goose Up
-- A published post as it is searched: its words as internal/search makes them.
CREATE TABLE wordlist (
    post_id      text        PRIMARY KEY,
    site_id      text        NOT NULL,
    published_at timestamptz NOT NULL,
    hash         text        NOT NULL, -- of the words
    title        tsvector    NOT NULL,
    labels       tsvector    NOT NULL,
    words        tsvector    NOT NULL -- of all places, and the site's own
);
CREATE INDEX wordlist_recent ON wordlist (site_id, published_at DESC, post_id DESC);
-- Words are ASCII and are not changed: both databases find the same. New rows wait
-- in a list that each search reads, so that it must be short (kB).
CREATE INDEX wordlist_word ON wordlist USING gin (words) WITH (gin_pending_list_limit = 2048);
-- The planner does not count what it costs to fetch long values, and would read
-- all of them where the index knows the answer.
-- +goose StatementBegin
CREATE FUNCTION wordlists_with(wanted tsquery) RETURNS SETOF text LANGUAGE sql STABLE ROWS 100 SET enable_seqscan = off
AS 'SELECT post_id FROM wordlist WHERE words @@ wanted';
-- +goose StatementEnd
-- What was published before has no wordlist yet: a rebuild makes them.
UPDATE projection_cursor SET generation = generation + 1, rebuild_phase = 'copy', rebuild_type = '', rebuild_id = '', problem = ''
WHERE source = 'posts';
