-- name: PutEntry :exec
INSERT INTO entry (post_id, site_id, version, indexed, slug, title, language, published_at, tags)
VALUES (@post_id, @site_id, @version, @indexed, @slug, @title, @language, @published_at, @tags)
ON CONFLICT (post_id) DO UPDATE SET site_id = excluded.site_id, version = excluded.version, indexed = excluded.indexed, slug = excluded.slug,
    title = excluded.title, language = excluded.language, published_at = excluded.published_at, tags = excluded.tags;

-- name: DropEntryTags :exec
DELETE FROM entry_tag WHERE post_id = @post_id;

-- render counts names in the same way: what one shows the other must show.
-- name: ShownName :one
SELECT name FROM entry_tag WHERE site_id = @site_id AND slug = @slug
GROUP BY name ORDER BY count(*) DESC, max(published_at) DESC, max(post_id) DESC LIMIT 1;

-- name: DropTag :exec
DELETE FROM tag WHERE site_id = @site_id AND slug = @slug;

-- name: GetTag :one
SELECT site_id, slug, name, count FROM tag WHERE site_id = @site_id AND slug = @slug;

-- name: ListTags :many
SELECT site_id, slug, name, count FROM tag WHERE site_id = @site_id AND slug > @after ORDER BY slug LIMIT @page_size;

-- The rarest tag leads; slug2 to slug10 are the others, and the first again where there are fewer.
-- name: ListTagged :many
SELECT entry.post_id, entry.site_id, entry.version, entry.indexed, entry.slug, entry.title, entry.language, entry.published_at, entry.tags
FROM entry_tag JOIN entry ON entry.post_id = entry_tag.post_id
WHERE entry_tag.site_id = @site_id AND entry_tag.slug = @slug
    AND (entry_tag.published_at, entry_tag.post_id) < (@before_published_at, CAST(@before_post_id AS text))
    AND (CAST(@wanted AS bigint) = 1 OR (SELECT count(*) FROM entry_tag AS other WHERE other.post_id = entry_tag.post_id
        AND other.slug IN (@slug, @slug2, @slug3, @slug4, @slug5, @slug6, @slug7, @slug8, @slug9, @slug10)) = @wanted)
ORDER BY entry_tag.published_at DESC, entry_tag.post_id DESC
LIMIT @page_size;

-- name: CountTagged :one
SELECT count(*) FROM entry_tag
WHERE entry_tag.site_id = @site_id AND entry_tag.slug = @slug
    AND (SELECT count(*) FROM entry_tag AS other WHERE other.post_id = entry_tag.post_id
        AND other.slug IN (@slug, @slug2, @slug3, @slug4, @slug5, @slug6, @slug7, @slug8, @slug9, @slug10)) = CAST(@wanted AS bigint);
