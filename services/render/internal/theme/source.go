package theme

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// What a theme may weigh.
const (
	maxFileBytes = 2 << 20
	maxFiles     = 200
	maxAllBytes  = 16 << 20
)

// manifest is a theme's theme.json.
type manifest struct {
	// Model is the version of the data that its templates expect.
	Model int `json:"model"`
	// Description is one sentence.
	Description string `json:"description"`
	// Colour is what browsers give to the frame around a page, as #rrggbb.
	Colour Colour `json:"colour"`
}

const manifestName = "theme.json"

// themeFolders are those of a theme: pages, parts, assets and icons.
func themeFolders() []string {
	return []string{"templates", "templates/parts", "assets", "icons"}
}

// source are the files of a theme, before they mean anything.
type source struct {
	manifest manifest
	// pages are by their kind, with the layout around them; parts by their file.
	pages, parts map[string]string
	assets       map[string][]byte
	// below are the style sheets that others of the same name replaced, the lowest first.
	below map[string][][]byte
	icons map[string]template.HTML
}

var (
	fileName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,80}$`)
	colour   = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
)

// layout is the template around every page, inner what it calls for the page's own.
const (
	layout = "layout"
	inner  = "main"
)

// gather reads folders, later ones over earlier ones.
func gather(layers []fs.FS) (*source, error) {
	src := &source{pages: make(map[string]string), parts: make(map[string]string), assets: make(map[string][]byte), below: make(map[string][][]byte), icons: make(map[string]template.HTML)}
	for _, layer := range layers {
		if err := src.add(layer); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func (src *source) add(layer fs.FS) error {
	budget := &budget{files: maxFiles, bytes: maxAllBytes}
	text, err := budget.read(layer, manifestName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := src.readManifest(text); err != nil {
			return err
		}
	}
	take := []func(name string, text []byte) error{src.takePage, src.takePart, src.takeAsset, src.takeIcon}
	for i, folder := range themeFolders() {
		if err := budget.each(layer, folder, take[i]); err != nil {
			return err
		}
	}
	return nil
}

func (src *source) readManifest(text []byte) error {
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("read theme.json: %w", err)
	}
	if m.Model != ModelVersion {
		return fmt.Errorf("theme.json says model %d and this Parution has model %d: see docs/themes.md for what changed, adapt the templates and set \"model\": %d", m.Model, ModelVersion, ModelVersion)
	}
	for _, c := range []string{m.Colour.Light, m.Colour.Dark} {
		if c != "" && !colour.MatchString(c) {
			return fmt.Errorf("theme.json: colour %q is not like #c0ffee", c)
		}
	}
	m.Colour.Light, m.Colour.Dark = cmp.Or(m.Colour.Light, src.manifest.Colour.Light), cmp.Or(m.Colour.Dark, src.manifest.Colour.Dark)
	src.manifest = m
	return nil
}

func (src *source) takePage(name string, text []byte) error {
	plain, ok := strings.CutSuffix(name, ".html")
	if !ok || plain != layout && !slices.Contains(kinds(), plain) {
		return fmt.Errorf("template %s: a page is one of %s.html and %s.html; everything else belongs into templates/parts", name, strings.Join(kinds(), ".html, "), layout)
	}
	src.pages[plain] = string(text)
	return nil
}

func (src *source) takePart(name string, text []byte) error {
	plain, ok := strings.CutSuffix(name, ".html")
	if !ok || plain == layout || plain == inner || slices.Contains(kinds(), plain) {
		return fmt.Errorf("template parts/%s: a part's name ends with .html and is not that of a page", name)
	}
	src.parts[plain] = string(text)
	return nil
}

func (src *source) takeAsset(name string, text []byte) error {
	if _, ok := contentType(name); !ok {
		return fmt.Errorf("asset %s is of an unknown kind; known are css, js, svg, png, jpg, webp, woff2, ico and txt", name)
	}
	if old, ok := src.assets[name]; ok && path.Ext(name) == styleExt {
		src.below[name] = append(src.below[name], old)
	}
	src.assets[name] = text
	return nil
}

func (src *source) takeIcon(name string, text []byte) error {
	plain, ok := strings.CutSuffix(name, ".svg")
	if !ok {
		return fmt.Errorf("icon %s: an icon's name ends with .svg", name)
	}
	src.icons[plain] = template.HTML(strings.TrimSpace(string(text))) // a file of ours or of the operator
	return nil
}

// budget bounds what is read of a folder.
type budget struct {
	files, bytes int
}

// each reads the files of a folder, if there is one. Folders in it and files
// whose name begins with a dot are left out: mounted volumes have some.
func (b *budget) each(layer fs.FS, folder string, take func(name string, text []byte) error) error {
	entries, err := fs.ReadDir(layer, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		// Stat follows links: a mounted file is one.
		if info, err := fs.Stat(layer, name); strings.HasPrefix(e.Name(), ".") || err == nil && info.IsDir() {
			continue
		}
		if !fileName.MatchString(e.Name()) {
			return fmt.Errorf("file %s: a name has small letters, digits, dots and hyphens", name)
		}
		text, err := b.read(layer, name)
		if err != nil {
			return err
		}
		if err := take(e.Name(), text); err != nil {
			return err
		}
	}
	return nil
}

func (b *budget) read(layer fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(layer, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("file %s is not a regular file", name)
	}
	b.files--
	b.bytes -= int(info.Size())
	switch {
	case info.Size() > maxFileBytes:
		return nil, fmt.Errorf("file %s has %d bytes; a file may have %d", name, info.Size(), maxFileBytes)
	case b.files < 0:
		return nil, fmt.Errorf("there are more than %d files", maxFiles)
	case b.bytes < 0:
		return nil, fmt.Errorf("the files have more than %d bytes in all", maxAllBytes)
	}
	return fs.ReadFile(layer, name)
}

// editionOf stands for the files of a theme and for what becomes of them: a page
// of the sample changes when our own code changes it.
func editionOf(src *source, assets map[string]Asset, sample map[string][]byte) string {
	sum := sha256.New()
	write := func(name string, text []byte) {
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text) // a hash takes everything
	}
	write("manifest", fmt.Append(nil, src.manifest))
	for _, name := range sortedKeys(src.pages) {
		write("template "+name, []byte(src.pages[name]))
	}
	for _, name := range sortedKeys(src.parts) {
		write("part "+name, []byte(src.parts[name]))
	}
	for _, name := range sortedKeys(assets) {
		write("asset "+name, assets[name].Body)
	}
	for _, name := range sortedKeys(sample) {
		write("page "+name, sample[name])
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
