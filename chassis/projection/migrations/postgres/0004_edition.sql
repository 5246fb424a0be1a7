-- +goose Up
-- How the read model is made of the owner's states: a release that makes it
-- otherwise has a higher one and makes it anew.
ALTER TABLE projection_cursor ADD COLUMN edition integer NOT NULL DEFAULT 0;
