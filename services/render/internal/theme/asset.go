package theme

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Asset is a file of a theme; its name has its hash, so it never changes.
type Asset struct {
	ContentType string
	Body        []byte
}

// contentType tells what an asset is; false for what a theme may not have.
func contentType(name string) (string, bool) {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8", true
	case ".js":
		return "text/javascript; charset=utf-8", true
	case ".svg":
		return "image/svg+xml", true
	case ".png":
		return "image/png", true
	case ".jpg":
		return "image/jpeg", true
	case ".webp":
		return "image/webp", true
	case ".woff2":
		return "font/woff2", true
	case ".ico":
		return "image/x-icon", true
	case ".txt":
		return "text/plain; charset=utf-8", true
	}
	return "", false
}

// styleURL is an address in a style sheet.
var styleURL = regexp.MustCompile(`url\(\s*["']?([^"')\s]*)["']?\s*\)`)

// readAssets takes the assets; it returns their hashed names by plain name.
func (t *Theme) readAssets(src *source) (map[string]string, error) {
	t.assets = make(map[string]Asset, len(src.assets))
	names := make(map[string]string, len(src.assets))
	take := func(name string, body []byte) {
		sum := sha256.Sum256(body)
		ext := path.Ext(name)
		hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		kind, _ := contentType(name) // known: the source refuses others
		names[name], t.assets[hashed] = hashed, Asset{ContentType: kind, Body: body}
	}
	for _, name := range sortedKeys(src.assets) {
		if path.Ext(name) != styleExt {
			take(name, src.assets[name])
		}
	}
	// Style sheets last: they name the others.
	for _, name := range sortedKeys(src.assets) {
		if path.Ext(name) != styleExt {
			continue
		}
		whole, err := src.style(name, src.assets[name], nil)
		if err != nil {
			return nil, err
		}
		body, err := linked(name, whole, names)
		if err != nil {
			return nil, err
		}
		take(name, body)
	}
	return names, nil
}

const (
	styleExt = ".css"
	// maxImports is how deep style sheets may import one another.
	maxImports = 8
)

// styleImport is how a style sheet takes another one in.
var styleImport = regexp.MustCompile(`@import\s+(?:url\(\s*)?["']([^"']*)["'](?:\s*\))?\s*;`)

// style is the text of a style sheet with those that it imports in their places: a
// page then needs one request. within are those that import it.
func (src *source) style(name string, text []byte, within []string) ([]byte, error) {
	within = append(slices.Clip(within), name)
	if len(within) > maxImports {
		return nil, fmt.Errorf("style sheets import one another too deeply: %s", strings.Join(within, ", "))
	}
	var bad error
	out := styleImport.ReplaceAllFunc(text, func(match []byte) []byte {
		wanted := string(styleImport.FindSubmatch(match)[1])
		found, ok := src.imported(wanted, within)
		if !ok {
			bad = fmt.Errorf("style sheet %s imports %q, which is not a style sheet of the theme, or the one itself", name, wanted)
			return nil
		}
		body, err := src.style(wanted, found, within)
		if err != nil {
			bad = err
		}
		return body
	})
	return out, bad
}

// imported is the style sheet of a name for those that import it: one that imports
// its own name means the one that it replaced.
func (src *source) imported(name string, within []string) ([]byte, bool) {
	times := 0
	for _, w := range within {
		if w == name {
			times++
		}
	}
	text, ok := src.assets[name]
	if times == 0 || !ok || path.Ext(name) != styleExt {
		return text, ok && path.Ext(name) == styleExt
	}
	below := src.below[name]
	if times > len(below) || within[len(within)-1] != name {
		return nil, false
	}
	return below[len(below)-times], true
}

// linked is a style sheet whose addresses are those of assets, with their hashes.
func linked(name string, body []byte, names map[string]string) ([]byte, error) {
	var bad error
	out := styleURL.ReplaceAllFunc(body, func(match []byte) []byte {
		wanted := string(styleURL.FindSubmatch(match)[1])
		if strings.HasPrefix(wanted, "data:image/") || strings.HasPrefix(wanted, "#") {
			return match
		}
		hashed, ok := names[wanted]
		if !ok {
			bad = fmt.Errorf("style sheet %s: url(%s) is not an asset of the theme", name, wanted)
			return match
		}
		return []byte(`url("` + hashed + `")`)
	})
	return out, bad
}

// Asset is a file by its name with its hash.
func (t *Theme) Asset(name string) (Asset, bool) {
	a, ok := t.assets[name]
	return a, ok
}

// AssetNames lists the files of the theme, in order.
func (t *Theme) AssetNames() []string { return sortedKeys(t.assets) }
