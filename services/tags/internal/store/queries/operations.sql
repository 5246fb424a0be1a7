-- name: PutOperation :exec
INSERT INTO tag_operation (number, id, site_id, kind, running, undone_by, record, posts, posts_done, walk, walked, holder)
VALUES (@number, @id, @site_id, @kind, @running, '', @record, @posts, 0, @walk, '', '');

-- name: PutOperationTag :exec
INSERT INTO tag_operation_tag (tag_id, number) VALUES (@tag_id, @number) ON CONFLICT (tag_id, number) DO NOTHING;

-- name: GetOperation :one
SELECT number, id, site_id, kind, running, undone_by, record, posts, posts_done FROM tag_operation WHERE site_id = @site_id AND id = @id;

-- name: ListOperations :many
SELECT number, id, site_id, kind, running, undone_by, record, posts, posts_done FROM tag_operation
WHERE site_id = @site_id AND number < @before ORDER BY number DESC LIMIT @page_size;

-- name: ListOperationsOf :many
SELECT tag_operation.number, id, site_id, kind, running, undone_by, record, posts, posts_done
FROM tag_operation_tag JOIN tag_operation ON tag_operation.number = tag_operation_tag.number
WHERE tag_operation_tag.tag_id = @tag_id AND tag_operation_tag.number < @before ORDER BY tag_operation_tag.number DESC LIMIT @page_size;

-- name: MarkUndone :exec
UPDATE tag_operation SET undone_by = @undone_by WHERE number = @number;

-- name: StandMoves :exec
UPDATE entry_move SET standing = @standing WHERE operation = @operation;

-- name: LaterOperation :one
SELECT count(*) FROM tag_operation_tag JOIN tag_operation ON tag_operation.number = tag_operation_tag.number
WHERE tag_operation_tag.tag_id = @tag_id AND tag_operation_tag.number > @number AND undone_by = '' AND kind <> 'undone';

-- name: NextRunning :one
SELECT number, walk, walked, posts, posts_done, holder, held_until FROM tag_operation WHERE running ORDER BY number LIMIT 1;

-- name: ProgressOperation :exec
UPDATE tag_operation SET walk = @walk, walked = @walked, posts_done = @posts_done, running = @running, holder = @holder, held_until = @held_until
WHERE number = @number;
