-- name: RecentIDs :many
SELECT post_id FROM doc WHERE site = @site AND state = 1
ORDER BY published_at DESC, post_id DESC LIMIT @size OFFSET @skip;

-- name: FeaturedIDs :many
SELECT post_id FROM doc WHERE site = @site AND featured = true AND state = 1
ORDER BY published_at DESC, post_id DESC LIMIT @size OFFSET @skip;

-- name: TaggedIDs :many
SELECT post_id FROM doc_subject WHERE site = @site AND subject = @subject AND listed = true
ORDER BY published_at DESC, post_id DESC LIMIT @size OFFSET @skip;

-- name: GetTally :one
SELECT count FROM tally WHERE site = @site AND list = @list;

-- name: AuthorIDs :many
SELECT post_id FROM doc_author WHERE site = @site AND slug = @slug
ORDER BY published_at DESC, post_id DESC LIMIT @size OFFSET @skip;

-- name: CountPeriod :one
SELECT count(*) FROM doc WHERE site = @site AND state = 1 AND published_at >= @since AND published_at < @until;

-- name: PeriodIDs :many
SELECT post_id FROM doc WHERE site = @site AND state = 1 AND published_at >= @since AND published_at < @until
ORDER BY published_at DESC, post_id DESC LIMIT @size OFFSET @skip;

-- name: Newest :one
SELECT published_at FROM doc WHERE site = @site AND state = 1 ORDER BY published_at DESC LIMIT 1;

-- name: Oldest :one
SELECT published_at FROM doc WHERE site = @site AND state = 1 ORDER BY published_at LIMIT 1;

-- name: TranslationsOf :many
SELECT post_id, slug, title, language FROM doc
WHERE site = @site AND translation_key = @translation_key AND translation_key <> '' AND state = 1
ORDER BY language, published_at, post_id LIMIT 200;

-- name: LocatedPosts :many
SELECT slug, language, translation_key, published_at, edited_at FROM doc WHERE site = @site AND state = 1
ORDER BY published_at DESC, post_id DESC LIMIT @size OFFSET @skip;
