-- +goose Up
-- Notices that were written before they told whether anybody may know of them.
UPDATE outbox SET public = TRUE
 WHERE NOT public AND (aggregate_type = 'site' OR aggregate_id IN (SELECT id FROM post WHERE was_public));
