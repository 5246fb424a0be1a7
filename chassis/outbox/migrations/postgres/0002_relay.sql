-- +goose Up
-- Which creation of the stream the marks of the outbox are about.
ALTER TABLE outbox_owner ADD COLUMN incarnation text NOT NULL DEFAULT '';
-- What the stream is said to have, newest first; and what is old enough to go.
CREATE INDEX outbox_sent ON outbox (stream_seq) WHERE stream_seq IS NOT NULL;
CREATE INDEX outbox_age ON outbox (created_at);
