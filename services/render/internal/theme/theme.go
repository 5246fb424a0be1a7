// Package theme turns what a page shows into HTML. It is the only package that
// declares HTML safe: the sanitised body of a post, and icons of its own. Pages
// work without scripts and have no code of their own inside, and nothing of
// theirs comes from another host.
//
// A theme is a folder: see docs/themes.md. Those that Parution brings are in
// themes, what all of them share in shared, the words of the interface in
// messages.
package theme

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	_ "time/tzdata" // a static program on an empty image has no zones otherwise
)

//go:embed themes shared messages
var files embed.FS

// ContentType is that of every page.
const ContentType = "text/html; charset=utf-8"

// Default is the theme of sites that chose none.
const Default = "folio"

// Theme makes pages. Safe for concurrent use.
type Theme struct {
	name       string
	manifest   manifest
	pages      map[string]*template.Template
	assets     map[string]Asset
	catalogues *catalogues
	edition    string
	// under is the theme that makes a page which this one fails to make in spite of its
	// rehearsal; report hears of it. Both are nil for a theme of ours.
	under  *Theme
	report func(kind string, err error)
}

// New is the default theme. An error is a mistake in its files.
func New() (*Theme, error) {
	words, err := ownCatalogues()
	if err != nil {
		return nil, err
	}
	return build(Default, words, sub("shared"), sub("themes/"+Default))
}

func ownCatalogues() (*catalogues, error) { return readCatalogues(sub("messages")) }

// sub is a folder of ours.
func sub(folder string) fs.FS {
	out, err := fs.Sub(files, folder)
	if err != nil {
		panic(err) //nolint:forbidigo // the folder is compiled in
	}
	return out
}

// build makes a theme of folders: files of later ones replace those of the same
// name in earlier ones.
func build(name string, words *catalogues, layers ...fs.FS) (*Theme, error) {
	t := &Theme{name: name, pages: make(map[string]*template.Template), catalogues: words}
	src, err := gather(layers)
	if err != nil {
		return nil, err
	}
	t.manifest = src.manifest
	names, err := t.readAssets(src)
	if err != nil {
		return nil, err
	}
	if err := t.parse(src, names); err != nil {
		return nil, err
	}
	sample, err := t.rehearse()
	if err != nil {
		return nil, err
	}
	t.edition = editionOf(src, t.assets, sample)
	return t, nil
}

// parse makes a template of each kind of page: the layout around it, and the
// parts that both use.
func (t *Theme) parse(src *source, assets map[string]string) error {
	root := template.New("root").Funcs(functions(assets, src.icons))
	for _, name := range sortedKeys(src.parts) {
		if _, err := root.New(name).Parse(src.parts[name]); err != nil {
			return fmt.Errorf("parse part %s: %w", name, err)
		}
	}
	if _, err := root.New(layout).Parse(src.pages[layout]); err != nil {
		return fmt.Errorf("parse the layout: %w", err)
	}
	for _, kind := range kinds() {
		page, err := root.Clone()
		if err != nil {
			return fmt.Errorf("copy the layout: %w", err)
		}
		// Mistakes are told with the name of the kind.
		own, err := page.New(kind).Parse(src.pages[kind])
		if err != nil {
			return fmt.Errorf("parse page %s: %w", kind, err)
		}
		if _, err := page.AddParseTree(inner, own.Tree); err != nil {
			return fmt.Errorf("name page %s: %w", kind, err)
		}
		t.pages[kind] = page
	}
	return nil
}

func functions(assets map[string]string, icons map[string]template.HTML) template.FuncMap {
	return template.FuncMap{
		"asset": func(name string) (string, error) {
			hashed, ok := assets[name]
			if !ok {
				return "", fmt.Errorf("there is no asset %q", name)
			}
			return "/assets/" + hashed, nil
		},
		// optional is like asset; empty if there is no such file.
		"optional": func(name string) string {
			if hashed, ok := assets[name]; ok {
				return "/assets/" + hashed
			}
			return ""
		},
		"icon": func(name string) (template.HTML, error) {
			text, ok := icons[name]
			if !ok {
				return "", fmt.Errorf("there is no icon %q", name)
			}
			return text, nil
		},
	}
}

// Edition stands for everything in the theme: pages of another one look different.
func (t *Theme) Edition() string { return t.edition }

func (t *Theme) execute(kind string, view any) ([]byte, error) {
	var b limited
	err := t.pages[kind].ExecuteTemplate(&b, layout, view)
	if err == nil {
		return b.Bytes(), nil
	}
	err = fmt.Errorf("press page %s: %w", kind, err)
	if t.under == nil {
		return nil, err
	}
	t.report(kind, err)
	return t.under.execute(kind, view)
}

// maxPageBytes stops a template that does not end.
const maxPageBytes = 32 << 20

type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxPageBytes {
		return 0, fmt.Errorf("the page has more than %d bytes", maxPageBytes)
	}
	return l.Buffer.Write(p)
}
