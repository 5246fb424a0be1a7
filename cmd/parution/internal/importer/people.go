package importer

import (
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parution/parution/cmd/parution/internal/importer/frontmatter"
)

// people are the authors that a folder knows, by their ids in lower case.
type people struct {
	names map[string]string
	// where says in which file an author of some id would be.
	where func(id string) string
}

// add notes an author by what describes them.
func (p people) add(id string, v frontmatter.Value) {
	name := scalar(v, "fullname", "full_name", "display_name", "name", "title")
	if v.Scalar() {
		name = strings.TrimSpace(v.Text)
	}
	if key := strings.ToLower(id); name != "" && p.names[key] == "" {
		p.names[key] = name
	}
}

// folder notes the authors of a folder with one file for each.
func (p people) folder(r *reader, files []file) {
	for _, f := range files {
		it := r.load(f)
		if it.refused {
			r.problems = append(r.problems, it.problems...)
			continue
		}
		p.add(stem(f.path), it.head)
	}
}

var idShape = regexp.MustCompile(`^[\p{Ll}\d]+(?:[.\-_][\p{Ll}\d]+)+$`)

// authors settles the post's authors by the first of the fields that says something.
func (it *item) authors(p people, fields ...string) {
	for _, field := range fields {
		values := it.names(field, "authors", byComma)
		for _, v := range values {
			switch {
			case v.Kind == frontmatter.Map && scalar(v, "name", "fullname", "display_name", "title") != "":
				it.author(v.Line, scalar(v, "name", "fullname", "display_name", "title"))
			case !v.Scalar():
				it.warn(v.Line, "authors", "%s holds %s where a name is expected; left out", field, v.Kind)
			default:
				it.author(v.Line, it.named(p, v))
			}
		}
		if len(values) > 0 {
			return
		}
	}
}

// named is an author's name: looked up by id, or else what is written.
func (it *item) named(p people, v frontmatter.Value) string {
	id := strings.TrimSpace(v.Text)
	if name := p.names[strings.ToLower(id)]; name != "" {
		return name
	}
	if !idShape.MatchString(strings.ToLower(id)) || strings.ContainsRune(id, ' ') {
		return id // a name, not an id
	}
	words := strings.FieldsFunc(id, func(r rune) bool { return r == '.' || r == '_' })
	for i, w := range words {
		words[i] = capitals(w)
	}
	name := strings.Join(words, " ")
	if p.where != nil {
		it.warn(v.Line, "authors", "%s is not there; author %q is named %q", p.where(id), id, name)
	}
	return name
}

// capitals begins each part of a name with a capital letter.
func capitals(w string) string {
	parts := strings.Split(w, "-")
	for i, p := range parts {
		first, size := utf8.DecodeRuneInString(p)
		if size > 0 {
			parts[i] = string(unicode.ToUpper(first)) + p[size:]
		}
	}
	return strings.Join(parts, "-")
}

// formerPaths adds the paths that the front matter says the post had.
func (it *item) formerPaths(parent string, fields ...string) {
	for _, field := range fields {
		v, ok := it.head.Get(field)
		if !ok || v.Empty() {
			continue
		}
		for _, e := range it.names(field, "redirect", unsplit) {
			p := strings.TrimSpace(e.Text)
			if _, rest, found := strings.Cut(p, "://"); found {
				_, p, _ = strings.Cut(rest, "/")
				p = "/" + p
			}
			if p == "" || !e.Scalar() {
				it.warn(e.Line, "redirect", "%s holds %s where a path is expected; left out", field, e.Kind)
				continue
			}
			if p[0] != '/' {
				p = path.Join("/", parent, p)
			}
			it.old = append(it.old, forms(p, p)...)
		}
	}
}

// forms are the ways in which servers let one path be written; the given one first.
func forms(first, p string) []string {
	out := []string{first}
	plain := strings.TrimSuffix(p, "/")
	if e := path.Ext(plain); e == ".html" || e == ".htm" {
		plain = strings.TrimSuffix(plain, e)
		plain = strings.TrimSuffix(plain, "/index")
		return appendNew(out, plain)
	}
	return appendNew(out, plain+"/", plain)
}

func appendNew(list []string, more ...string) []string {
next:
	for _, m := range more {
		for _, l := range list {
			if l == m {
				continue next
			}
		}
		if m != "" && m != "/" {
			list = append(list, m)
		}
	}
	return list
}
