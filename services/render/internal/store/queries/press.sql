-- name: ReadClock :one
SELECT clock FROM press_clock WHERE id = 1;

-- name: MoveClock :one
UPDATE press_clock SET clock = clock + 1 WHERE id = 1 RETURNING clock;

-- name: ReadEdition :one
SELECT edition FROM press_clock WHERE id = 1;

-- name: SetEdition :exec
UPDATE press_clock SET edition = @edition WHERE id = 1;

-- name: RaiseVersion :exec
INSERT INTO press_version (aggregate_id, version) VALUES (@aggregate_id, @version)
ON CONFLICT (aggregate_id) DO UPDATE SET version = excluded.version WHERE press_version.version < excluded.version;

-- name: GetPage :one
SELECT status, location, content_type, body, etag, last_modified, keys, clock, edition
FROM page WHERE site = @site AND path = @path AND number = @number;

-- name: KeepPage :exec
INSERT INTO page (site, path, number, status, location, content_type, body, etag, last_modified, keys, clock, edition, pressed_at)
VALUES (@site, @path, @number, @status, @location, @content_type, @body, @etag, @last_modified, @keys, @clock, @edition, @pressed_at)
ON CONFLICT (site, path, number) DO UPDATE SET status = excluded.status, location = excluded.location,
    content_type = excluded.content_type, body = excluded.body, etag = excluded.etag, last_modified = excluded.last_modified,
    keys = excluded.keys, clock = excluded.clock, edition = excluded.edition, pressed_at = excluded.pressed_at
WHERE page.clock <= excluded.clock;
