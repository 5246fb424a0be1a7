-- +goose Up
CREATE TABLE outbox_owner (
    owner    text    PRIMARY KEY,
    epoch    integer NOT NULL,
    next_pos bigint  NOT NULL
);
CREATE TABLE outbox (
    n              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id             text        NOT NULL UNIQUE,
    site           text        NOT NULL,
    aggregate_type text        NOT NULL,
    aggregate_id   text        NOT NULL,
    version        integer     NOT NULL,
    kind           text        NOT NULL,
    public_hash    bytea       NOT NULL,
    facts          bytea       NOT NULL,
    trace          text        NOT NULL,
    created_at     timestamptz NOT NULL,
    epoch          integer,
    pos            bigint,
    stream_seq     bigint,
    UNIQUE (aggregate_type, aggregate_id, version),
    UNIQUE (epoch, pos)
);
-- The relay looks for what has no place yet and for what was not sent.
CREATE INDEX outbox_unplaced ON outbox (n) WHERE pos IS NULL;
CREATE INDEX outbox_unsent ON outbox (epoch, pos) WHERE stream_seq IS NULL;
