-- name: InsertToken :execrows
INSERT INTO token (id, site_id, name, role, secret_hash, created_at, expires_at)
VALUES (@id, @site_id, @name, @role, @secret_hash, @created_at, @expires_at)
ON CONFLICT (secret_hash) DO NOTHING;

-- name: GetToken :one
SELECT id, site_id, name, role, secret_hash, created_at, expires_at, last_used_at, revoked_at FROM token WHERE id = @id;

-- name: FindToken :one
SELECT id, site_id, name, role, secret_hash, created_at, expires_at, last_used_at, revoked_at FROM token WHERE secret_hash = @secret_hash;

-- name: ListTokens :many
SELECT id, site_id, name, role, secret_hash, created_at, expires_at, last_used_at, revoked_at FROM token
WHERE site_id IN (@site_id, @other_site_id) AND (created_at, id) < (@before_created_at, CAST(@before_id AS text))
ORDER BY created_at DESC, id DESC
LIMIT @page_size;

-- name: RevokeToken :exec
UPDATE token SET revoked_at = @revoked_at WHERE id = @id AND revoked_at IS NULL;

-- name: TouchToken :exec
UPDATE token SET last_used_at = @used_at WHERE id = @id AND (last_used_at IS NULL OR last_used_at < @cutoff);
