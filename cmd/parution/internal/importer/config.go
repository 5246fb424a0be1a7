package importer

import (
	"net/url"
	"strings"
	"time"

	"github.com/parution/parution/cmd/parution/internal/importer/frontmatter"
)

// settings reads the first of the named configuration files that is there.
// What cannot be understood is reported; the values are then empty.
func (r *reader) settings(files ...string) (values frontmatter.Value, file string) {
	for _, f := range files {
		if !r.folder.has(f) {
			continue
		}
		v, err := r.parse(f)
		if err != nil {
			line, reason := 0, err.Error()
			if e, ok := asFrontmatter(err); ok {
				line, reason = e.Line, e.Reason
			}
			r.problems = append(r.problems, Problem{File: f, Line: line, Topic: "configuration", Reason: reason + "; not used"})
			continue
		}
		return v, f
	}
	return frontmatter.Value{Kind: frontmatter.Map}, ""
}

// parse reads a whole YAML, TOML or JSON file.
func (r *reader) parse(file string) (frontmatter.Value, error) {
	data, err := r.folder.read(file, maxFileBytes)
	if err != nil {
		return frontmatter.Value{}, err
	}
	text, _, err := decode(data)
	if err != nil {
		return frontmatter.Value{}, err
	}
	format := frontmatter.YAML
	switch extension(file) {
	case ".toml":
		format = frontmatter.TOML
	case ".json":
		format = frontmatter.JSON
	}
	v, err := frontmatter.Parse(text, format)
	if err == nil && v.Kind != frontmatter.Map {
		err = errNoValue
	}
	return v, err
}

// address notes the old site's address, if it is one.
func (r *reader) address(base, below string) {
	u, err := url.Parse(strings.TrimSpace(base))
	if err != nil || u.Host == "" || len(r.bases) > 0 {
		return
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	if below != "" && u.Path == "" {
		u.Path = "/" + strings.Trim(below, "/")
	}
	r.bases = append(r.bases, u)
}

// below is the path of the old site's root, without slash at its end.
func (r *reader) below() string {
	if len(r.bases) == 0 {
		return ""
	}
	return strings.TrimSuffix(r.bases[0].Path, "/")
}

// timezone sets the zone that dates without one are in.
func (r *reader) timezone(file string, v frontmatter.Value) {
	loc, err := time.LoadLocation(v.Text)
	if err != nil || v.Text == "" {
		r.problems = append(r.problems, Problem{File: file, Line: v.Line, Topic: "configuration", Reason: "time zone \"" + v.Text + "\" is not known; dates are taken as UTC"})
		return
	}
	r.zone = loc
}

// scalar is a field's text, empty if there is none.
func scalar(v frontmatter.Value, names ...string) string {
	if f, ok := v.First(names...); ok && f.Scalar() {
		return strings.TrimSpace(f.Text)
	}
	return ""
}
