-- Who has executed this has the turn to write entries and tags until it commits.
-- name: TakeTurn :one
UPDATE taxonomy SET entries = entries + @entries, operations = operations + @operations WHERE id = 1
RETURNING entries, operations;

-- name: ShownName :one
SELECT name FROM entry_tag WHERE tag_id = @tag_id AND found AND name <> ''
GROUP BY name ORDER BY count(*) DESC, max(published_at) DESC, max(post_id) DESC LIMIT 1;

-- name: CarriedBefore :many
SELECT post_id FROM entry_tag WHERE tag_id = @tag_id AND post_id > @after ORDER BY post_id LIMIT @page_size;
