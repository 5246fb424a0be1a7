-- +goose Up
-- Answers to requests that carried an Idempotency-Key, kept for 48 hours.
CREATE TABLE idempotency (
    site         text NOT NULL,
    subject      text NOT NULL,
    key          text NOT NULL,
    request_hash blob NOT NULL,
    response     blob NOT NULL,
    created_at   timestamp NOT NULL,
    PRIMARY KEY (site, subject, key)
);
CREATE INDEX idempotency_created_at ON idempotency (created_at);
