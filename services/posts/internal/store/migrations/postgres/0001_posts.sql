-- +goose Up
CREATE TABLE site (
    id             text    PRIMARY KEY,
    version        integer NOT NULL,
    title          text    NOT NULL,
    description    text    NOT NULL,
    language       text    NOT NULL,
    time_zone      text    NOT NULL,
    base_url       text    NOT NULL,
    social_links   text    NOT NULL, -- JSON
    hosts          text    NOT NULL, -- JSON; site_host keeps them apart
    posts_per_page integer NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
);
-- The host '*' stands for every host that no other site has.
CREATE TABLE site_host (
    host    text PRIMARY KEY,
    site_id text NOT NULL REFERENCES site (id)
);
CREATE TABLE post (
    id           text    PRIMARY KEY,
    site_id      text    NOT NULL REFERENCES site (id),
    version      integer NOT NULL,
    status       text    NOT NULL,
    slug         text    NOT NULL,
    title        text    NOT NULL,
    body         text    NOT NULL,
    format       text    NOT NULL,
    language     text    NOT NULL,
    tags         text    NOT NULL, -- JSON
    authors      text    NOT NULL, -- JSON
    aliases      text    NOT NULL, -- JSON
    featured     boolean NOT NULL,
    excerpt      text    NOT NULL,
    image        text    NOT NULL,
    image_alt    text    NOT NULL,
    external_id  text    NOT NULL,
    created_by   text    NOT NULL,
    was_public   boolean NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    published_at timestamptz,
    scheduled_for timestamptz,
    sort_at      timestamptz NOT NULL
);
CREATE INDEX post_list ON post (site_id, sort_at DESC, id DESC);
CREATE INDEX post_due ON post (scheduled_for) WHERE status = 'scheduled';
CREATE UNIQUE INDEX post_site_id_external_id_key ON post (site_id, external_id) WHERE external_id <> '';
-- Every slug that a post has or had; the post's present one is in its row.
CREATE TABLE post_slug (
    site_id text NOT NULL,
    slug    text NOT NULL,
    post_id text NOT NULL REFERENCES post (id),
    PRIMARY KEY (site_id, slug)
);
CREATE INDEX post_slug_post ON post_slug (post_id);
CREATE TABLE post_alias (
    site_id text NOT NULL,
    path    text NOT NULL,
    post_id text NOT NULL REFERENCES post (id),
    PRIMARY KEY (site_id, path)
);
CREATE INDEX post_alias_post ON post_alias (post_id);
-- Labels find posts by tag and author: kind is 'tag' or 'author'.
CREATE TABLE post_label (
    post_id text NOT NULL REFERENCES post (id),
    kind    text NOT NULL,
    slug    text NOT NULL,
    PRIMARY KEY (post_id, kind, slug)
);
CREATE INDEX post_label_slug ON post_label (kind, slug, post_id);
CREATE TABLE post_revision (
    post_id    text    NOT NULL REFERENCES post (id),
    number     integer NOT NULL,
    author     text    NOT NULL,
    created_at timestamptz NOT NULL,
    content    text    NOT NULL, -- JSON
    PRIMARY KEY (post_id, number)
);
