-- name: GetSite :one
SELECT id, title, description, language, time_zone, base_url, host, links, posts_per_page, theme, updated_at FROM site WHERE id = @id;

-- name: SaveSite :exec
INSERT INTO site (id, title, description, language, time_zone, base_url, host, links, posts_per_page, theme, updated_at)
VALUES (@id, @title, @description, @language, @time_zone, @base_url, @host, @links, @posts_per_page, @theme, @updated_at)
ON CONFLICT (id) DO UPDATE SET title = excluded.title, description = excluded.description, language = excluded.language,
    time_zone = excluded.time_zone, base_url = excluded.base_url, host = excluded.host, links = excluded.links,
    posts_per_page = excluded.posts_per_page, theme = excluded.theme, updated_at = excluded.updated_at;

-- name: DropSite :exec
DELETE FROM site WHERE id = @id;

-- name: ListSites :many
SELECT id FROM site ORDER BY id;

-- name: GetDoc :one
SELECT post_id, site, epoch, version, state, slug, title, language, excerpt, standfirst, image, image_alt, cover, image_caption, translation_key,
    authors, featured, words, minutes, html, contents, hash, former, aliases, published_at, updated_at, edited_at
FROM doc WHERE site = @site AND post_id = @post_id;

-- name: SaveDoc :exec
INSERT INTO doc (post_id, site, epoch, version, state, slug, title, language, excerpt, standfirst, image, image_alt, cover, image_caption,
    translation_key, authors, featured, words, minutes, html, contents, hash, former, aliases, published_at, updated_at, edited_at)
VALUES (@post_id, @site, @epoch, @version, @state, @slug, @title, @language, @excerpt, @standfirst, @image, @image_alt, @cover, @image_caption,
    @translation_key, @authors, @featured, @words, @minutes, @html, @contents, @hash, @former, @aliases, @published_at, @updated_at, @edited_at)
ON CONFLICT (post_id) DO UPDATE SET epoch = excluded.epoch, version = excluded.version, state = excluded.state,
    slug = excluded.slug, title = excluded.title, language = excluded.language, excerpt = excluded.excerpt,
    standfirst = excluded.standfirst, image = excluded.image, image_alt = excluded.image_alt, cover = excluded.cover,
    image_caption = excluded.image_caption, translation_key = excluded.translation_key,
    authors = excluded.authors, featured = excluded.featured, words = excluded.words, minutes = excluded.minutes,
    html = excluded.html, contents = excluded.contents, hash = excluded.hash, former = excluded.former,
    aliases = excluded.aliases, published_at = excluded.published_at, updated_at = excluded.updated_at,
    edited_at = excluded.edited_at;

-- name: DropAddresses :exec
DELETE FROM address WHERE post_id = @post_id;

-- In the order of page.Resolve, so that the one that counts is among them.
-- name: OwnersOf :many
SELECT address.post_id, doc.slug, address.kind, doc.state
FROM address JOIN doc ON doc.post_id = address.post_id
WHERE address.site = @site AND address.path = @path AND doc.site = @site
ORDER BY CASE WHEN doc.state = 1 THEN 0 ELSE 1 END, address.kind, address.post_id DESC LIMIT 100;

-- name: DropSubject :exec
DELETE FROM doc_subject WHERE post_id = @post_id AND subject = @subject;

-- name: DropUntold :exec
DELETE FROM tag WHERE id = @id AND told = false;

-- name: SaveTag :exec
INSERT INTO tag (id, site, slug, name, names, description, summary, colour, image, image_alt, parent, former, internal, moved_to, told, count)
VALUES (@id, @site, @slug, @name, @names, @description, @summary, @colour, @image, @image_alt, @parent, @former, @internal, @moved_to, true, 0)
ON CONFLICT (id) DO UPDATE SET site = excluded.site, slug = excluded.slug, name = excluded.name, names = excluded.names,
    description = excluded.description, summary = excluded.summary, colour = excluded.colour, image = excluded.image,
    image_alt = excluded.image_alt, parent = excluded.parent, former = excluded.former, internal = excluded.internal,
    moved_to = excluded.moved_to, told = true;

-- name: DropFormer :exec
DELETE FROM tag_former WHERE tag_id = @tag_id AND lapsed = false;

-- name: SaveFormer :exec
INSERT INTO tag_former (site, slug, tag_id, lapsed) VALUES (@site, @slug, @tag_id, @lapsed)
ON CONFLICT (site, slug, tag_id) DO UPDATE SET lapsed = excluded.lapsed;

-- name: FormerOwners :many
SELECT tag_id FROM tag_former WHERE site = @site AND slug = @slug ORDER BY lapsed, tag_id DESC LIMIT 20;

-- name: DropLapsed :exec
DELETE FROM tag_former WHERE site = @site AND slug = @slug AND lapsed = true;

-- An author is shown by the name in the newest post.
-- name: NewestOfAuthor :one
SELECT post_id, name FROM doc_author WHERE site = @site AND slug = @slug
ORDER BY published_at DESC, post_id DESC LIMIT 1;

-- name: DropEmptyTallies :exec
DELETE FROM tally WHERE site = @site AND count <= 0;

-- name: DropTally :exec
DELETE FROM tally WHERE site = @site AND list = @list;
