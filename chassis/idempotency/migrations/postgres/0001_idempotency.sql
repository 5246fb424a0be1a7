-- +goose Up
-- Answers to requests that carried an Idempotency-Key, kept for 48 hours.
CREATE TABLE idempotency (
    site         text NOT NULL,
    subject      text NOT NULL,
    key          text NOT NULL,
    request_hash bytea NOT NULL,
    response     bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (site, subject, key)
);
CREATE INDEX idempotency_created_at ON idempotency (created_at);
