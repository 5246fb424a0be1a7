-- +goose Up
-- Notices that were written before they told whether anybody may know of them.
-- Only what readers could see has a hash of it.
UPDATE outbox SET public = TRUE
 WHERE NOT public AND (aggregate_type = 'site' OR aggregate_type = 'post' AND (length(public_hash) > 0
  OR kind IN ('withdrawn', 'deleted') AND aggregate_id IN (SELECT id FROM post WHERE was_public)));
