-- +goose Up
-- Changes that could not be applied, one for each aggregate: the newest notice
-- of it and why.
CREATE TABLE dead_letter (
    source         text        NOT NULL,
    aggregate_type text        NOT NULL,
    aggregate_id   text        NOT NULL,
    site           text        NOT NULL,
    event_id       text        NOT NULL,
    epoch          integer     NOT NULL,
    pos            bigint      NOT NULL,
    version        integer     NOT NULL,
    kind           text        NOT NULL,
    occurred_at    timestamptz NOT NULL,
    attempts       integer     NOT NULL,
    reason         text        NOT NULL,
    parked_at      timestamptz NOT NULL,
    PRIMARY KEY (source, aggregate_type, aggregate_id)
);
