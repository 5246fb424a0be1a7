-- +goose Up
CREATE TABLE outbox_owner (
    owner    text    PRIMARY KEY,
    epoch    integer NOT NULL,
    next_pos bigint  NOT NULL
);
CREATE TABLE outbox (
    n              integer     PRIMARY KEY AUTOINCREMENT,
    id             text        NOT NULL UNIQUE,
    site           text        NOT NULL,
    aggregate_type text        NOT NULL,
    aggregate_id   text        NOT NULL,
    version        integer     NOT NULL,
    kind           text        NOT NULL,
    public_hash    blob        NOT NULL,
    facts          blob        NOT NULL,
    trace          text        NOT NULL,
    created_at     timestamp   NOT NULL,
    epoch          integer,
    pos            bigint,
    stream_seq     bigint,
    UNIQUE (aggregate_type, aggregate_id, version),
    UNIQUE (epoch, pos)
);
-- The relay looks for what has no place yet and for what was not sent.
CREATE INDEX outbox_unplaced ON outbox (n) WHERE pos IS NULL;
CREATE INDEX outbox_unsent ON outbox (epoch, pos) WHERE stream_seq IS NULL;
