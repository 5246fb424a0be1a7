-- +goose Up
-- How far each source's feed was applied without a gap.
CREATE TABLE projection_cursor (
    source text    PRIMARY KEY,
    epoch  integer NOT NULL,
    floor  bigint  NOT NULL
);
-- What was applied above the floor: notices may arrive in any order.
CREATE TABLE projection_applied (
    source text    NOT NULL,
    epoch  integer NOT NULL,
    pos    bigint  NOT NULL,
    PRIMARY KEY (source, epoch, pos)
);
-- What this read model holds, tombstones included: a late notice must not
-- bring back what is gone.
CREATE TABLE projection_version (
    source         text    NOT NULL,
    aggregate_type text    NOT NULL,
    aggregate_id   text    NOT NULL,
    epoch          integer NOT NULL,
    version        integer NOT NULL,
    PRIMARY KEY (source, aggregate_type, aggregate_id)
);
