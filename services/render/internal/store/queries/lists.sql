-- name: CountPublic :one
SELECT count(*) FROM doc WHERE site = @site AND state = 1;

-- name: RecentIDs :many
SELECT post_id FROM doc WHERE site = @site AND state = 1
ORDER BY published_at DESC, post_id DESC LIMIT @size OFFSET @skip;

-- name: CountFeatured :one
SELECT count(*) FROM doc WHERE site = @site AND featured = true AND state = 1;

-- name: FeaturedIDs :many
SELECT post_id FROM doc WHERE site = @site AND featured = true AND state = 1
ORDER BY published_at DESC, post_id DESC LIMIT @size OFFSET @skip;

-- name: CountTagged :one
SELECT count(*) FROM doc_tag WHERE site = @site AND slug = @slug AND listed = true;

-- name: TaggedIDs :many
SELECT post_id FROM doc_tag WHERE site = @site AND slug = @slug AND listed = true
ORDER BY published_at DESC, post_id DESC LIMIT @size OFFSET @skip;

-- name: TopTags :many
SELECT slug, name, count FROM tag WHERE site = @site ORDER BY count DESC, slug LIMIT @size;
