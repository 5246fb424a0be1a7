-- name: InsertPost :exec
INSERT INTO post (id, site_id, version, status, slug, title, body, format, language, tags, authors, aliases, featured,
    excerpt, image, image_alt, image_caption, translation_key, external_id, created_by, was_public, created_at, updated_at, edited_at, published_at, scheduled_for, sort_at)
VALUES (@id, @site_id, @version, @status, @slug, @title, @body, @format, @language, @tags, @authors, @aliases, @featured, @excerpt, @image, @image_alt, @image_caption, @translation_key, @external_id, @created_by, @was_public, @created_at, @updated_at, @edited_at, @published_at, @scheduled_for, @sort_at);

-- name: UpdatePost :execrows
UPDATE post SET version = @version, status = @status, slug = @slug, title = @title, body = @body, format = @format,
    language = @language, tags = @tags, authors = @authors, aliases = @aliases, featured = @featured, excerpt = @excerpt,
    image = @image, image_alt = @image_alt, image_caption = @image_caption, translation_key = @translation_key,
    was_public = @was_public, updated_at = @updated_at, edited_at = @edited_at,
    published_at = @published_at, scheduled_for = @scheduled_for, sort_at = @sort_at
WHERE id = @id AND version = @expected;

-- name: GetPost :one
SELECT id, site_id, version, status, slug, title, body, format, language, tags, authors, aliases, featured,
    excerpt, image, image_alt, external_id, created_by, was_public, created_at, updated_at, published_at, scheduled_for, sort_at,
    image_caption, translation_key, edited_at
FROM post WHERE id = @id;

-- name: FindBySlug :one
SELECT post_id FROM post_slug WHERE site_id = @site_id AND slug = @slug;

-- name: FindByExternalID :one
-- The index is of those that have one: without the last condition SQLite reads all posts of the site.
SELECT id FROM post WHERE site_id = @site_id AND external_id = @external_id AND external_id <> '';

-- name: ListPosts :many
-- Tags are slugs between commas, ",a,b,": a slug has neither a comma nor what LIKE understands.
SELECT id, site_id, version, status, slug, title, body, format, language, tags, authors, aliases, featured,
    excerpt, image, image_alt, external_id, created_by, was_public, created_at, updated_at, published_at, scheduled_for, sort_at,
    image_caption, translation_key, edited_at
FROM post
WHERE site_id = @site_id AND status <> 'deleted'
    AND (CAST(@status AS text) = '' OR status = @status)
    AND (CAST(@language AS text) = '' OR language = @language OR language LIKE @language_prefix)
    AND (CAST(@featured AS text) = '' OR featured = (CAST(@featured AS text) = 'yes'))
    AND (CAST(@tags AS text) = '' OR EXISTS (SELECT 1 FROM post_label WHERE post_label.post_id = post.id AND post_label.kind = 'tag' AND CAST(@tags AS text) LIKE '%,' || post_label.slug || ',%'))
    AND (CAST(@author AS text) = '' OR EXISTS (SELECT 1 FROM post_label WHERE post_label.post_id = post.id AND post_label.kind = 'author' AND post_label.slug = @author))
    AND (sort_at, id) < (@before_sort_at, CAST(@before_id AS text))
ORDER BY sort_at DESC, id DESC
LIMIT @page_size;

-- name: SlugOwner :one
SELECT post_slug.post_id, post.slug AS current_slug, post.status
FROM post_slug JOIN post ON post.id = post_slug.post_id
WHERE post_slug.site_id = @site_id AND post_slug.slug = @slug;

-- name: ClaimSlug :execrows
INSERT INTO post_slug (site_id, slug, post_id) VALUES (@site_id, @slug, @post_id) ON CONFLICT DO NOTHING;

-- name: TakeOverSlug :execrows
UPDATE post_slug SET post_id = @post_id WHERE site_id = @site_id AND slug = @slug AND post_id = @from_id;

-- name: DropSlug :exec
DELETE FROM post_slug WHERE site_id = @site_id AND slug = @slug AND post_id = @post_id;

-- name: DropAliases :exec
DELETE FROM post_alias WHERE post_id = @post_id;

-- name: InsertAlias :exec
INSERT INTO post_alias (site_id, path, post_id) VALUES (@site_id, @path, @post_id);

-- name: DropLabels :exec
DELETE FROM post_label WHERE post_id = @post_id;

-- name: InsertRevision :exec
INSERT INTO post_revision (post_id, number, author, created_at, content) VALUES (@post_id, @number, @author, @created_at, @content);

-- name: ListRevisions :many
SELECT post_id, number, author, created_at, content FROM post_revision
WHERE post_id = @post_id AND number < @before ORDER BY number DESC LIMIT @page_size;

-- name: GetRevision :one
SELECT post_id, number, author, created_at, content FROM post_revision WHERE post_id = @post_id AND number = @number;

-- name: DropRevisions :exec
DELETE FROM post_revision WHERE post_id = @post_id;

-- name: DuePosts :many
SELECT id, site_id, scheduled_for FROM post
WHERE status = 'scheduled' AND scheduled_for <= @now ORDER BY scheduled_for LIMIT @page_size;

-- name: NextDue :one
SELECT scheduled_for FROM post WHERE status = 'scheduled' ORDER BY scheduled_for LIMIT 1;
