// Package theme turns what a page shows into HTML. It is the only package that
// declares HTML safe: the sanitised body of a post. Pages need no script and
// have nothing inline, and nothing of theirs comes from another host.
package theme

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	_ "time/tzdata" // a static program on an empty image has no zones otherwise
)

//go:embed templates assets
var files embed.FS

// ContentType is that of every page.
const ContentType = "text/html; charset=utf-8"

// Asset is a file of the theme; its name has its hash, so it never changes.
type Asset struct {
	ContentType string
	Body        []byte
}

// Theme makes pages. Safe for concurrent use.
type Theme struct {
	pages   map[string]*template.Template
	assets  map[string]Asset
	edition string
}

// pageNames are the kinds of page, each a template "main" in a file of its own.
func pageNames() []string { return []string{"home", "list", "post", "tagged", "tags", "absent"} }

// New reads the theme. An error is a mistake in its files.
func New() (*Theme, error) {
	t := &Theme{pages: make(map[string]*template.Template), assets: make(map[string]Asset)}
	edition := sha256.New()
	names, err := t.readAssets()
	if err != nil {
		return nil, err
	}
	layout, err := template.New("layout").Option("missingkey=error").Funcs(template.FuncMap{
		"rtl":   isRTL,
		"asset": func(name string) string { return names[name] },
	}).ParseFS(files, "templates/layout.html")
	if err != nil {
		return nil, fmt.Errorf("parse the layout: %w", err)
	}
	for _, name := range pageNames() {
		clone, err := layout.Clone()
		if err != nil {
			return nil, fmt.Errorf("copy the layout: %w", err)
		}
		if t.pages[name], err = clone.ParseFS(files, "templates/"+name+".html"); err != nil {
			return nil, fmt.Errorf("parse page %s: %w", name, err)
		}
	}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(edition, "%s %d\n%s", name, len(text), text)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the theme: %w", err)
	}
	t.edition = hex.EncodeToString(edition.Sum(nil)[:8])
	return t, nil
}

// readAssets loads the assets; it returns their hashed names by plain name.
func (t *Theme) readAssets() (map[string]string, error) {
	entries, err := files.ReadDir("assets")
	if err != nil {
		return nil, fmt.Errorf("list the assets: %w", err)
	}
	names := make(map[string]string, len(entries))
	for _, e := range entries {
		body, err := files.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read asset %s: %w", e.Name(), err)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(e.Name())
		hashed := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a := Asset{Body: body}
		switch ext {
		case ".css":
			a.ContentType = "text/css; charset=utf-8"
		case ".svg":
			a.ContentType = "image/svg+xml"
		default:
			return nil, fmt.Errorf("asset %s is of an unknown kind", e.Name())
		}
		names[e.Name()], t.assets[hashed] = hashed, a
	}
	return names, nil
}

// Asset is a file by its name with its hash.
func (t *Theme) Asset(name string) (Asset, bool) {
	a, ok := t.assets[name]
	return a, ok
}

// AssetNames lists the files of the theme, in order.
func (t *Theme) AssetNames() []string {
	names := make([]string, 0, len(t.assets))
	for name := range t.assets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Edition stands for everything in the theme: pages of another one look different.
func (t *Theme) Edition() string { return t.edition }

func (t *Theme) execute(name string, view any) ([]byte, error) {
	var b bytes.Buffer
	if err := t.pages[name].ExecuteTemplate(&b, "layout", view); err != nil {
		return nil, fmt.Errorf("press page %s: %w", name, err)
	}
	return b.Bytes(), nil
}
