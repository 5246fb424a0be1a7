-- +goose Up
-- The feed of one site.
CREATE INDEX outbox_site ON outbox (site, epoch, pos);
