-- +goose Up
-- The read model of posts' sites.
CREATE TABLE site (
    id             text    PRIMARY KEY,
    title          text    NOT NULL,
    description    text    NOT NULL,
    language       text    NOT NULL,
    time_zone      text    NOT NULL,
    base_url       text    NOT NULL,
    host           text    NOT NULL, -- the first of the site's own
    links          text    NOT NULL, -- JSON
    posts_per_page integer NOT NULL,
    theme          text    NOT NULL, -- empty: the default
    updated_at     timestamp NOT NULL
);
-- The read model of posts: each as a finished document. state is page.State.
CREATE TABLE doc (
    post_id      text    PRIMARY KEY,
    site         text    NOT NULL,
    epoch        integer NOT NULL,
    version      integer NOT NULL,
    state        integer NOT NULL,
    slug         text    NOT NULL,
    title        text    NOT NULL,
    language     text    NOT NULL,
    excerpt      text    NOT NULL,
    standfirst   boolean NOT NULL,
    image        text    NOT NULL,
    image_alt    text    NOT NULL,
    cover        boolean NOT NULL, -- image is the author's choice
    image_caption   text NOT NULL,
    translation_key text NOT NULL, -- that of posts that are translations of each other
    authors      text    NOT NULL, -- JSON
    featured     boolean NOT NULL,
    words        integer NOT NULL,
    minutes      integer NOT NULL,
    html         text    NOT NULL,
    contents     text    NOT NULL, -- JSON
    hash         text    NOT NULL, -- of html and contents
    former       text    NOT NULL, -- JSON
    aliases      text    NOT NULL, -- JSON
    published_at timestamp NOT NULL,
    updated_at   timestamp NOT NULL,
    edited_at    timestamp NOT NULL
);
CREATE INDEX doc_list ON doc (site, state, published_at DESC, post_id DESC);
CREATE INDEX doc_featured ON doc (site, featured, state, published_at DESC, post_id DESC);
CREATE INDEX doc_translation ON doc (site, translation_key) WHERE translation_key <> '';
-- Who wrote which public posts. published_at repeats what doc says.
CREATE TABLE doc_author (
    post_id      text NOT NULL,
    slug         text NOT NULL,
    name         text NOT NULL, -- as the post writes it
    site         text NOT NULL,
    published_at timestamp NOT NULL,
    PRIMARY KEY (post_id, slug)
);
CREATE INDEX doc_author_list ON doc_author (site, slug, published_at DESC, post_id DESC);
-- How many public posts are in a list, so that a page of a long one need not
-- count them: "posts", "featured" or "author:" and a slug. An empty list has no row.
CREATE TABLE tally (
    site  text    NOT NULL,
    list  text    NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (site, list)
);
-- Every path that a public post has, or that one had; kind is page.AddressKind.
CREATE TABLE address (
    site    text    NOT NULL,
    path    text    NOT NULL,
    post_id text    NOT NULL,
    kind    integer NOT NULL,
    PRIMARY KEY (site, path, post_id)
);
CREATE INDEX address_post ON address (post_id);
-- What posts are found under: tags, by their ids, and the rarest words of their
-- texts, each after "~". listed and published_at repeat what doc says, so that a
-- tag's page is read in order from the index.
CREATE TABLE doc_subject (
    post_id      text    NOT NULL,
    subject      text    NOT NULL,
    site         text    NOT NULL,
    inherited    boolean NOT NULL, -- a tag above one that the post carries
    place        integer NOT NULL, -- among the post's tags
    listed       boolean NOT NULL,
    published_at timestamp NOT NULL,
    PRIMARY KEY (post_id, subject)
);
CREATE INDEX doc_subject_list ON doc_subject (site, subject, listed, published_at DESC, post_id DESC);
-- The read model of tags. Of one that only entries told of so far, told is false.
CREATE TABLE tag (
    id          text    PRIMARY KEY,
    site        text    NOT NULL,
    slug        text    NOT NULL,
    name        text    NOT NULL,
    names       text    NOT NULL, -- JSON, by language
    description text    NOT NULL, -- HTML
    summary     text    NOT NULL, -- its beginning, plain
    colour      text    NOT NULL,
    image       text    NOT NULL,
    image_alt   text    NOT NULL,
    parent      text    NOT NULL, -- slug, maybe a former one
    former      text    NOT NULL, -- JSON: slugs that lead to it, or to moved_to
    internal    boolean NOT NULL, -- readers do not see it
    moved_to    text    NOT NULL, -- id of the tag that took its place
    told        boolean NOT NULL,
    count       integer NOT NULL  -- posts found under it
);
CREATE INDEX tag_count ON tag (site, count DESC, slug);
CREATE INDEX tag_slug ON tag (site, slug);
CREATE INDEX tag_parent ON tag (site, parent);
CREATE INDEX tag_moved ON tag (moved_to) WHERE moved_to <> '';
-- Slugs that lead to another one's page.
CREATE TABLE tag_former (
    site   text NOT NULL,
    slug   text NOT NULL,
    tag_id text NOT NULL, -- whose former slug it is, or was
    lapsed boolean NOT NULL, -- it was: it leads there until a tag of its own has posts
    PRIMARY KEY (site, slug, tag_id)
);
-- Pressed pages. One is old once a key of its has been touched after clock, or
-- when it is of another edition: a change costs the same however many pages there are.
CREATE TABLE page (
    site          text    NOT NULL,
    path          text    NOT NULL,
    number        integer NOT NULL,
    status        integer NOT NULL,
    location      text    NOT NULL,
    content_type  text    NOT NULL,
    body          blob    NOT NULL,
    etag          text    NOT NULL,
    last_modified timestamp NOT NULL,
    keys          text    NOT NULL, -- JSON
    clock         bigint  NOT NULL,
    edition       text    NOT NULL,
    pressed_at    timestamp NOT NULL,
    PRIMARY KEY (site, path, number)
);
-- When each key was last touched, by the press clock and by the time of day.
CREATE TABLE touched (
    site  text   NOT NULL,
    key   text   NOT NULL,
    clock bigint NOT NULL,
    at    timestamp NOT NULL,
    PRIMARY KEY (site, key)
);
-- One row: every refresh moves it first and so locks out the others until it
-- has committed; hence the order of its values is the order of commits.
CREATE TABLE press_clock (
    id      integer PRIMARY KEY,
    clock   bigint  NOT NULL,
    edition text    NOT NULL
);
INSERT INTO press_clock (id, clock, edition) VALUES (1, 1, '');
-- How many notices each aggregate had.
CREATE TABLE press_version (
    aggregate_id text    PRIMARY KEY,
    version      integer NOT NULL
);
