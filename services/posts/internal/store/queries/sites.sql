-- name: InsertSite :exec
INSERT INTO site (id, version, title, description, language, time_zone, base_url, social_links, hosts, posts_per_page, theme, created_at, updated_at)
VALUES (@id, @version, @title, @description, @language, @time_zone, @base_url, @social_links, @hosts, @posts_per_page, @theme, @created_at, @updated_at);

-- name: UpdateSite :execrows
UPDATE site SET version = @version, title = @title, description = @description, language = @language, time_zone = @time_zone,
    base_url = @base_url, social_links = @social_links, hosts = @hosts, posts_per_page = @posts_per_page, theme = @theme, updated_at = @updated_at
WHERE id = @id AND version = @expected;

-- name: GetSite :one
SELECT id, version, title, description, language, time_zone, base_url, social_links, hosts, posts_per_page, created_at, updated_at, theme
FROM site WHERE id = @id;

-- name: ListSites :many
SELECT id, version, title, description, language, time_zone, base_url, social_links, hosts, posts_per_page, created_at, updated_at, theme
FROM site ORDER BY id LIMIT @page_size;

-- name: CountSites :one
SELECT count(*) FROM site;

-- name: DropHosts :exec
DELETE FROM site_host WHERE site_id = @site_id;

-- name: InsertHost :exec
INSERT INTO site_host (host, site_id) VALUES (@host, @site_id);
