-- +goose Up
-- Which relay works now and until when it may, by the database's clock; and
-- which history of the database the epoch belongs to.
ALTER TABLE outbox_owner ADD COLUMN lease_holder text NOT NULL DEFAULT '';
ALTER TABLE outbox_owner ADD COLUMN lease_until timestamp;
ALTER TABLE outbox_owner ADD COLUMN timeline text NOT NULL DEFAULT '';
-- Whether anybody may know of it. What was told so far says so by its hash, which only a public state has.
ALTER TABLE outbox ADD COLUMN public boolean NOT NULL DEFAULT FALSE;
UPDATE outbox SET public = TRUE WHERE aggregate_type = 'site' OR EXISTS (
 SELECT 1 FROM outbox AS p
 WHERE p.aggregate_type = outbox.aggregate_type AND p.aggregate_id = outbox.aggregate_id AND p.version <= outbox.version AND length(p.public_hash) > 0);
