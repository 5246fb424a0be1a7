-- +goose Up
-- Slugs and keys sort by their bytes, as they do on SQLite, whatever the server's language.
-- One row. Whoever writes entries or tags takes it first: they take turns, and
-- what was read of the taxonomy stays true until they commit.
CREATE TABLE taxonomy (
    id         integer PRIMARY KEY CHECK (id = 1),
    entries    bigint  NOT NULL, -- numbers given to entries
    operations bigint  NOT NULL  -- numbers given to operations
);
INSERT INTO taxonomy (id, entries, operations) VALUES (1, 0, 0);
-- What the index knows of each post that was ever public. A tombstone
-- (indexed is false) keeps its version, so that the next one is higher.
CREATE TABLE entry (
    post_id      text    PRIMARY KEY,
    number       bigint  NOT NULL UNIQUE, -- the same in all replicas; never given again
    site_id      text    NOT NULL,
    version      integer NOT NULL,
    indexed      boolean NOT NULL,
    slug         text    NOT NULL,
    title        text    NOT NULL,
    language     text    NOT NULL,
    published_at timestamptz NOT NULL,
    names        text    NOT NULL, -- JSON: tags as the author wrote them
    authors      text    NOT NULL, -- JSON
    keywords     text    NOT NULL, -- JSON
    tags         text    NOT NULL, -- JSON: what the names stand for today
    labels       text    NOT NULL, -- JSON: names that its tags are searched by
    text_hash    text    NOT NULL, -- of entry_text
    post_version integer NOT NULL  -- of the post that it was made from
);
-- What of a published post is searched, and what snippets are cut from.
CREATE TABLE entry_text (
    post_id text PRIMARY KEY,
    source  text NOT NULL -- JSON of text.Source without labels
);
-- The tags that decide about an entry's tags: those it is found under (found),
-- and those that its names led to before. When one changes, these entries do.
CREATE TABLE entry_tag (
    tag_id       text    NOT NULL,
    post_id      text    NOT NULL,
    found        boolean NOT NULL,
    name         text    NOT NULL, -- as the author wrote it, if it is the tag's own name
    published_at timestamptz NOT NULL,
    PRIMARY KEY (tag_id, post_id)
);
CREATE INDEX entry_tag_post ON entry_tag (post_id);
-- Posts that went another way when a tag was split: where a name led to lead_id,
-- and on to from_id, it leads to into_ids.
CREATE TABLE entry_move (
    post_id   text    NOT NULL,
    lead_id   text    NOT NULL,
    operation bigint  NOT NULL,
    from_id   text    NOT NULL,
    into_ids  text    NOT NULL, -- JSON
    standing  boolean NOT NULL, -- false: undone
    PRIMARY KEY (post_id, lead_id, operation)
);
CREATE INDEX entry_move_operation ON entry_move (operation, post_id);
CREATE TABLE tag (
    id           text    PRIMARY KEY,
    site_id      text    NOT NULL,
    version      integer NOT NULL,
    slug         text    NOT NULL,
    name         text    NOT NULL,
    parent_id    text    NOT NULL, -- of its record, as is moved_to: the first tag that took its place
    moved_to     text    NOT NULL,
    record       text    NOT NULL  -- JSON of tag.Record
);
CREATE INDEX tag_site ON tag (site_id, id);
CREATE INDEX tag_parent ON tag (parent_id) WHERE parent_id <> '';
CREATE INDEX tag_moved_to ON tag (moved_to) WHERE moved_to <> '';
-- What leads to a tag: the keys of its names.
CREATE TABLE tag_name (
    site_id text NOT NULL,
    key     text COLLATE "C" NOT NULL,
    tag_id  text NOT NULL,
    PRIMARY KEY (site_id, key)
);
-- Its addresses, present and former.
CREATE TABLE tag_slug (
    site_id text NOT NULL,
    slug    text COLLATE "C" NOT NULL,
    tag_id  text NOT NULL,
    PRIMARY KEY (site_id, slug)
);
-- What was done to tags, and what is needed to undo it.
CREATE TABLE tag_operation (
    number     bigint  PRIMARY KEY,
    id         text    NOT NULL UNIQUE,
    site_id    text    NOT NULL,
    kind       text    NOT NULL,
    running    boolean NOT NULL,
    undone_by  text    NOT NULL,
    record     text    NOT NULL, -- JSON of tag.Operation
    posts      integer NOT NULL,
    posts_done integer NOT NULL,
    walk       text    NOT NULL, -- JSON: tags whose entries are still to be brought up to it
    walked     text    NOT NULL, -- the last post that was, of the first of these
    holder     text    NOT NULL, -- who works on it, until
    held_until timestamptz
);
CREATE INDEX tag_operation_site ON tag_operation (site_id, number DESC);
CREATE INDEX tag_operation_running ON tag_operation (number) WHERE running;
CREATE TABLE tag_operation_tag (
    tag_id text   NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (tag_id, number)
);
