-- +goose Up
-- A published post as it is searched: its words as internal/search makes them.
CREATE TABLE wordlist (
    number       integer PRIMARY KEY, -- the row of wordlist_word
    post_id      text    NOT NULL UNIQUE,
    site_id      text    NOT NULL,
    published_at timestamp NOT NULL,
    hash         text    NOT NULL -- of the words
);
CREATE INDEX wordlist_recent ON wordlist (site_id, published_at DESC, post_id DESC);
-- Which wordlists have a word, and in which of their places; scope is the site.
-- Words are ASCII and are not changed: both databases find the same.
CREATE VIRTUAL TABLE wordlist_word USING fts5 (
    scope, title, labels, body,
    content = '', contentless_delete = 1, detail = column, tokenize = "ascii tokenchars '_'"
);
-- What was published before has no wordlist yet: a rebuild makes them.
UPDATE projection_cursor SET generation = generation + 1, rebuild_phase = 'copy', rebuild_type = '', rebuild_id = '', problem = ''
WHERE source = 'posts';
