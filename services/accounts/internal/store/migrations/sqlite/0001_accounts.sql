-- +goose Up
-- A token's secret is not here, only its SHA-256.
CREATE TABLE token (
    id           text PRIMARY KEY,
    site_id      text NOT NULL, -- empty for operators, whom every site accepts
    name         text NOT NULL,
    role         text NOT NULL,
    secret_hash  blob NOT NULL,
    created_at   timestamp NOT NULL,
    expires_at   timestamp,
    last_used_at timestamp,
    revoked_at   timestamp
);
CREATE UNIQUE INDEX token_secret_hash_key ON token (secret_hash);
CREATE INDEX token_list ON token (site_id, created_at DESC, id DESC);
