-- +goose Up
-- Which relay works now and until when it may, by the database's clock; and
-- which history of the database the epoch belongs to.
ALTER TABLE outbox_owner ADD COLUMN lease_holder text NOT NULL DEFAULT '';
ALTER TABLE outbox_owner ADD COLUMN lease_until timestamp;
ALTER TABLE outbox_owner ADD COLUMN timeline text NOT NULL DEFAULT '';
-- Whether anybody may know of it. What is older tells nobody.
ALTER TABLE outbox ADD COLUMN public boolean NOT NULL DEFAULT FALSE;
