package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/cmd/parution/internal/importer/frontmatter"
	"github.com/parution/parution/cmd/parution/internal/importer/markup"
)

// source is what the kinds differ in.
type source interface {
	// scan finds the posts, in the order of their files, with all but their
	// finished bodies and covers.
	scan(ctx context.Context) ([]*item, error)
	// carry takes the kind's own language out of a text.
	carry(it *item, t markup.Text, code []markup.Range, x *index) markup.Text
	// candidates are the files of the folder that a path may mean, best first.
	candidates(it *item, p string) []string
}

// item is one post on its way.
type item struct {
	file     string
	modified time.Time
	head     frontmatter.Value
	body     string
	bodyLine int
	format   markup.Format
	post     Post
	// cover is the image as the front matter names it.
	cover     string
	coverLine int
	kin       kinship
	// bare says that the file has no front matter.
	bare bool
	// also are paths that lead here within the folder only.
	also []string
	// old are the paths that the post had, the best known first.
	old []string
	// moved are those of them that only links tell of.
	moved    []string
	problems []Problem
	refused  bool
}

func (it *item) warn(line int, topic, format string, args ...any) {
	it.problems = append(it.problems, Problem{File: it.file, Line: line, Topic: topic, Reason: fmt.Sprintf(format, args...)})
}

func (it *item) refuse(line int, topic, format string, args ...any) {
	it.refused = true
	it.problems = append(it.problems, Problem{File: it.file, Line: line, Severity: Refused, Topic: topic, Reason: fmt.Sprintf(format, args...)})
}

// dir is the folder that the item's file is in, "." for the outermost.
func (it *item) dir() string { return path.Dir(it.file) }

// base is the file's name without extension.
func (it *item) base() string { return stem(it.file) }

func stem(p string) string { return strings.TrimSuffix(path.Base(p), path.Ext(p)) }

// reader is what the kinds share. Its parts do not change while posts are carried.
type reader struct {
	folder   folder
	scanner  *markup.Scanner
	options  Options
	zone     *time.Location
	language string // of the whole folder, if its configuration says
	bases    []*url.URL
	problems []Problem // of no single post
	notes    []string
	// names holds the media of the folder by their file names.
	names map[string][]string
}

// load reads a post's file. What cannot be read is a refused item.
func (r *reader) load(f file) *item {
	it := &item{file: f.path, modified: f.modified, head: frontmatter.Value{Kind: frontmatter.Map}}
	it.post = Post{ExternalID: externalID(r.options.Kind, f.path), Format: "markdown"}
	if e := extension(f.path); e == ".html" || e == ".htm" {
		it.format, it.post.Format = markup.HTML, "html"
	}
	data, err := r.folder.read(f.path, maxFileBytes)
	if err != nil {
		it.refuse(0, "unreadable file", "%s", err)
		return it
	}
	text, note, err := decode(data)
	if err != nil {
		it.refuse(0, "unreadable file", "%s", err)
		return it
	}
	if note != "" {
		it.warn(0, "encoding", "%s", note)
	}
	doc, err := frontmatter.Read(text)
	it.body, it.bodyLine = doc.Body, doc.BodyLine
	for _, n := range doc.Notes {
		it.warn(n.Line, "front matter", "%s", n.Reason)
	}
	if err != nil {
		line, reason := 0, err.Error()
		if e, ok := asFrontmatter(err); ok {
			line, reason = e.Line, e.Reason
		}
		it.refuse(line, "front matter", "%s", reason)
		return it
	}
	if it.bare = !doc.Present; doc.Present {
		it.head = doc.Values
	}
	return it
}

// externalID names a file of a kind within the limits.
func externalID(k Kind, p string) string {
	id := k.String() + ":" + p
	if len(id) > maxIDBytes {
		sum := sha256.Sum256([]byte(p))
		id = k.String() + ":sha256:" + hex.EncodeToString(sum[:])
	}
	return id
}

// slugs gives each post its own, in the order of the files.
func slugs(items []*item) {
	taken := make(map[string]string, len(items))
	for _, it := range items {
		if it.refused {
			continue
		}
		want := it.post.Slug
		for n := 2; ; n++ {
			holder, used := taken[it.post.Slug]
			if !used {
				break
			}
			suffix := fmt.Sprintf("-%d", n)
			it.post.Slug = slug.Make(want[:min(len(want), slug.MaxBytes-len(suffix))]) + suffix
			if _, used = taken[it.post.Slug]; !used {
				it.warn(0, "slug", "%q is the slug of %s already; this post has %q", want, holder, it.post.Slug)
			}
		}
		taken[it.post.Slug] = it.file
	}
}
