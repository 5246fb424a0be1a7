-- +goose Up
-- The owner's hash of the state that is held, for comparing; null: written by a
-- release that did not keep it.
ALTER TABLE projection_version ADD COLUMN public_hash bytea;
-- The rebuild that the row was last written in.
ALTER TABLE projection_version ADD COLUMN generation integer NOT NULL DEFAULT 0;
-- False: the owner does not know it (any more).
ALTER TABLE projection_version ADD COLUMN known boolean NOT NULL DEFAULT true;
-- The rebuild that began last, and how far it is while it runs: everything up to
-- (rebuild_type, rebuild_id) of its phase was done.
ALTER TABLE projection_cursor ADD COLUMN generation integer NOT NULL DEFAULT 0;
ALTER TABLE projection_cursor ADD COLUMN rebuild_phase text NOT NULL DEFAULT '';
ALTER TABLE projection_cursor ADD COLUMN rebuild_type text NOT NULL DEFAULT '';
ALTER TABLE projection_cursor ADD COLUMN rebuild_id text NOT NULL DEFAULT '';
ALTER TABLE projection_cursor ADD COLUMN problem text NOT NULL DEFAULT '';
-- When the next comparison with the owner is due (null: now), when the last one
-- was made, whether differences that it finds are a defect, and how many of these
-- were mended, ever.
ALTER TABLE projection_cursor ADD COLUMN compare_at timestamptz;
ALTER TABLE projection_cursor ADD COLUMN compared_at timestamptz;
ALTER TABLE projection_cursor ADD COLUMN drift_counts boolean NOT NULL DEFAULT true;
ALTER TABLE projection_cursor ADD COLUMN drift_repaired bigint NOT NULL DEFAULT 0;
-- The replica that compares or rebuilds, and until when it is thought to.
ALTER TABLE projection_cursor ADD COLUMN worker text NOT NULL DEFAULT '';
ALTER TABLE projection_cursor ADD COLUMN worker_until timestamptz;
-- Changes that could not be applied yet, one for each aggregate: how often the
-- version was tried.
CREATE TABLE projection_failure (
    source         text    NOT NULL,
    aggregate_type text    NOT NULL,
    aggregate_id   text    NOT NULL,
    epoch          integer NOT NULL,
    version        integer NOT NULL,
    attempts       integer NOT NULL,
    reason         text    NOT NULL,
    failed_at      timestamptz NOT NULL,
    PRIMARY KEY (source, aggregate_type, aggregate_id)
);
