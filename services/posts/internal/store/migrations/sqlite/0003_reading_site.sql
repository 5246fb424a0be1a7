-- +goose Up
ALTER TABLE site ADD COLUMN theme text NOT NULL DEFAULT '';
ALTER TABLE post ADD COLUMN image_caption text NOT NULL DEFAULT '';
ALTER TABLE post ADD COLUMN translation_key text NOT NULL DEFAULT '';
-- When what one reads in the post last changed. Of what was written before, the
-- last revision tells it best: it may have changed tags only, never nothing.
ALTER TABLE post ADD COLUMN edited_at timestamp NOT NULL DEFAULT '2000-01-01 00:00:00+00:00';
UPDATE post SET edited_at = COALESCE((SELECT max(post_revision.created_at) FROM post_revision WHERE post_revision.post_id = post.id), updated_at);
-- An import edits nothing: what was written once is of the day that it came with.
UPDATE post SET edited_at = published_at
 WHERE published_at < created_at AND NOT EXISTS (SELECT 1 FROM post_revision WHERE post_revision.post_id = post.id AND post_revision.number > 1);
