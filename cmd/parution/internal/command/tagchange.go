package command

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/parution/parution/cmd/parution/internal/taxonomy"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

type tagDescribe struct {
	changing `embed:""`

	Tag         string   `arg:"" help:"Its slug, or a name that leads to it."`
	Name        *string  `env:"-" help:"Its name with the same words written otherwise; another one is for parution tag rename."`
	Description *string  `env:"-" help:"Markdown, at most 2,000 characters."`
	Colour      *string  `env:"-" help:"Such as \"#a03c28\"; empty: none."`
	Image       *string  `env:"-" help:"Address of an image; empty: none."`
	ImageAlt    *string  `env:"-" help:"What the image shows."`
	Parent      *string  `env:"-" help:"The tag above it; empty: none." placeholder:"TAG"`
	Alias       []string `env:"-" help:"A further name that leads to the tag; may be given several times." sep:"none"`
	NoAlias     []string `env:"-" help:"A name that no longer leads to the tag; may be given several times." sep:"none" placeholder:"ALIAS"`
	NameIn      []string `env:"-" help:"Its name in a language, such as \"en=Procurement\"; without a name: none; may be given several times." placeholder:"LANGUAGE=NAME" sep:"none"`
	Internal    *bool    `env:"-" help:"Readers do not see it; --no-internal: they do." negatable:""`
}

// Run describes.
func (d tagDescribe) Run(g *globals) error {
	for _, n := range d.NameIn {
		if language, _, ok := strings.Cut(n, "="); !ok || strings.TrimSpace(language) == "" {
			return usage(fmt.Sprintf("--name-in %q must be LANGUAGE=NAME, such as \"en=Procurement\"", n))
		}
	}
	if d.isEmpty() {
		return usage("nothing to change: name at least one setting")
	}
	return d.work(g, func(ctx context.Context, w *taxonomy.Work) error {
		return w.Describe(ctx, d.Tag, func(t *tagsv1.Tag) ([]string, error) {
			if d.Parent != nil && *d.Parent != "" {
				above, err := taxonomy.Find(ctx, w.API, *d.Parent)
				if err != nil {
					return nil, err
				}
				*d.Parent = above.GetSlug()
			}
			return d.apply(t)
		})
	})
}

func (d tagDescribe) isEmpty() bool {
	return d.Name == nil && d.Description == nil && d.Colour == nil && d.Image == nil && d.ImageAlt == nil && d.Parent == nil &&
		len(d.Alias) == 0 && len(d.NoAlias) == 0 && len(d.NameIn) == 0 && d.Internal == nil
}

// apply changes t and answers the names of the changed fields.
func (d tagDescribe) apply(t *tagsv1.Tag) (mask []string, err error) {
	for _, f := range []struct {
		name  string
		given *string
		into  *string
	}{
		{"name", d.Name, &t.Name},
		{"description", d.Description, &t.Description},
		{"colour", d.Colour, &t.Colour},
		{"image", d.Image, &t.Image},
		{"image_alt", d.ImageAlt, &t.ImageAlt},
		{"parent", d.Parent, &t.Parent},
	} {
		if f.given != nil {
			mask, *f.into = append(mask, f.name), *f.given
		}
	}
	if d.Internal != nil {
		mask, t.Internal = append(mask, "internal"), *d.Internal
	}
	if len(d.NameIn) > 0 {
		mask = append(mask, "names")
		if t.Names == nil {
			t.Names = make(map[string]string)
		}
		for _, n := range d.NameIn {
			language, name, _ := strings.Cut(n, "=")
			language, name = strings.ReplaceAll(strings.TrimSpace(language), "_", "-"), strings.TrimSpace(name)
			maps.DeleteFunc(t.GetNames(), func(known, _ string) bool { return strings.EqualFold(known, language) })
			if name != "" {
				t.Names[language] = name
			}
		}
	}
	if len(d.Alias)+len(d.NoAlias) == 0 {
		return mask, nil
	}
	for _, a := range d.NoAlias {
		if !slices.Contains(t.GetAliases(), a) {
			return nil, usage(fmt.Sprintf("%s is no alias of %s; it has: %s", a, t.GetSlug(), strings.Join(t.GetAliases(), ", ")))
		}
	}
	t.Aliases = slices.DeleteFunc(t.GetAliases(), func(a string) bool { return slices.Contains(d.NoAlias, a) })
	for _, a := range d.Alias {
		if !slices.Contains(t.GetAliases(), a) {
			t.Aliases = append(t.Aliases, a)
		}
	}
	return append(mask, "aliases"), nil
}

type tagSplit struct {
	changing `embed:""`

	Tag   string   `arg:"" help:"Its slug, or a name that leads to it."`
	Part  []string `arg:"" help:"A tag that comes out, with a query for the posts that go to it: Rail, or \"Rail=train OR gare\". Without any query and any --posts, all posts get all parts."`
	Posts []string `env:"-" help:"Posts that go to a part, by id; may be given several times." placeholder:"PART=ID,…" sep:"none"`
	Alias []string `env:"-" help:"An alias of the tag that goes with a part, also for what is published later; may be given several times." placeholder:"PART=NAME" sep:"none"`
}

// Run splits.
func (s tagSplit) Run(g *globals) error {
	parts, err := s.parts()
	if err != nil {
		return err
	}
	return s.work(g, func(ctx context.Context, w *taxonomy.Work) error { return w.Split(ctx, s.Tag, parts) })
}

func (s tagSplit) parts() ([]*tagsv1.SplitTagRequest_Part, error) {
	var out []*tagsv1.SplitTagRequest_Part
	find := func(name string) *tagsv1.SplitTagRequest_Part {
		i := slices.IndexFunc(out, func(p *tagsv1.SplitTagRequest_Part) bool { return p.GetName() == name })
		if i < 0 {
			return nil
		}
		return out[i]
	}
	for _, text := range s.Part {
		name, q, asked := strings.Cut(text, "=")
		name, q = strings.TrimSpace(name), strings.TrimSpace(q)
		switch {
		case name == "" || asked && q == "":
			return nil, usage(fmt.Sprintf("the part %q must be NAME or NAME=QUERY, such as \"Rail=train OR gare\"", text))
		case find(name) != nil:
			return nil, usage(fmt.Sprintf("the part %s is given twice", name))
		}
		out = append(out, &tagsv1.SplitTagRequest_Part{Name: name, Q: q})
	}
	for _, given := range []struct {
		flag   string
		values []string
		set    func(p *tagsv1.SplitTagRequest_Part, value string)
	}{
		{"--posts", s.Posts, func(p *tagsv1.SplitTagRequest_Part, ids string) {
			p.Posts = append(p.Posts, strings.FieldsFunc(ids, func(r rune) bool { return r == ',' || r == ' ' })...)
		}},
		{"--alias", s.Alias, func(p *tagsv1.SplitTagRequest_Part, name string) {
			p.Aliases = append(p.Aliases, strings.TrimSpace(name))
		}},
	} {
		for _, text := range given.values {
			name, value, ok := strings.Cut(text, "=")
			part := find(strings.TrimSpace(name))
			if !ok || part == nil || strings.TrimSpace(value) == "" {
				return nil, usage(fmt.Sprintf("%s %q must begin with the name of a part and \"=\"", given.flag, text))
			}
			given.set(part, value)
		}
	}
	return out, nil
}
