package theme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parution/parution/chassis/process"
)

// Bounds of an operator's folder of themes, and how often it is looked at.
const (
	maxThemes = 50
	lookEvery = 2 * time.Second
	// generations is how many former states' assets are kept: pages that browsers
	// and gateways have still name them.
	generations = 5
	// maxUnknown bounds how many unknown names are remembered as told.
	maxUnknown = 1000
)

// Listed is a theme as operators and authors see it.
type Listed struct {
	Name, Description string
	// Custom is the operator's own.
	Custom bool
	// Problem is why its newest files are not used; empty: they are.
	Problem string
}

// Library is the themes that there are: ours, and those in the operator's folder,
// which may change while it is used. Safe for concurrent use.
type Library struct {
	dir   string
	log   *slog.Logger
	words *catalogues
	// own are the themes that Parution brings.
	own     map[string]*Theme
	changes chan struct{}
	current atomic.Pointer[state]

	// mu guards what follows: one at a time loads.
	mu     sync.Mutex
	custom map[string]*custom
	former []map[string]Asset

	unknownMu sync.Mutex
	unknown   map[string]bool
}

// custom is a folder of the operator's.
type custom struct {
	// seen stands for its files as they were when it was last loaded.
	seen string
	// good is the last one that worked; nil if none did.
	good    *Theme
	problem string
}

// state is what the library has at one moment; it never changes.
type state struct {
	themes  map[string]*Theme
	list    []Listed
	assets  map[string]Asset
	edition string
}

// NewLibrary reads our themes and those in dir, each a folder in it; no dir: only
// ours. A theme of dir that is broken is no error: see List.
func NewLibrary(dir string, log *slog.Logger) (*Library, error) {
	words, err := ownCatalogues()
	if err != nil {
		return nil, err
	}
	l := &Library{
		log: log, words: words, own: make(map[string]*Theme), changes: make(chan struct{}, 1),
		custom: make(map[string]*custom), unknown: make(map[string]bool),
	}
	for _, name := range ownNames() {
		if l.own[name], err = build(name, words, ownLayers(name)...); err != nil {
			return nil, fmt.Errorf("read theme %s: %w", name, err)
		}
	}
	return l, l.open(dir)
}

// open takes in the operator's folder for the first time.
func (l *Library) open(dir string) error {
	l.dir = dir
	if dir != "" {
		if _, err := os.ReadDir(dir); err != nil {
			return fmt.Errorf("read the folder of themes: %w", err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.look()
	l.settle()
	return nil
}

func ownNames() []string {
	entries, err := fs.ReadDir(files, "themes")
	if err != nil {
		return nil // they are compiled in
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// ownLayers are the folders that a theme of that name stands on: what all share,
// the default's, and ours of that name, if there is one.
func ownLayers(name string) []fs.FS {
	layers := []fs.FS{sub("shared"), sub("themes/" + Default)}
	if name != Default && slices.Contains(ownNames(), name) {
		layers = append(layers, sub("themes/"+name))
	}
	return layers
}

// For is the theme of that name, or the default one.
func (l *Library) For(name string) *Theme {
	now := l.current.Load()
	if t, ok := now.themes[name]; ok {
		return t
	}
	if name != "" {
		l.tell(name)
	}
	return now.themes[Default]
}

// tell logs, once, that a theme is unknown.
func (l *Library) tell(name string) {
	l.unknownMu.Lock()
	defer l.unknownMu.Unlock()
	if l.unknown[name] || len(l.unknown) >= maxUnknown {
		return
	}
	l.unknown[name] = true
	l.log.Warn("a site asks for a theme that is not there and gets the default one", "theme", name)
}

// List lists the themes by name, the default first.
func (l *Library) List() []Listed { return slices.Clone(l.current.Load().list) }

// Asset is a file of any theme by its name with its hash.
func (l *Library) Asset(name string) (Asset, bool) {
	a, ok := l.current.Load().assets[name]
	return a, ok
}

// Edition stands for all themes.
func (l *Library) Edition() string { return l.current.Load().edition }

// Changes tells that For answers other themes than before. One signal can stand for
// several changes.
func (l *Library) Changes() <-chan struct{} { return l.changes }

// Part looks after the operator's folder and takes in what changes there.
func (l *Library) Part() process.Part {
	return process.Part{Name: "themes", Run: func(ctx context.Context, ready func()) error {
		ready()
		if l.dir == "" {
			<-ctx.Done()
			return nil
		}
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				l.Refresh()
			}
		}
	}}
}

// Refresh takes in what changed in the operator's folder.
func (l *Library) Refresh() {
	if l.dir == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.look() {
		return
	}
	before := l.current.Load()
	l.settle()
	if before.edition == l.current.Load().edition {
		return
	}
	select {
	case l.changes <- struct{}{}:
	default: // the one that waits stands for this one too
	}
}

// look loads folders that are new or changed and forgets those that are gone; it
// tells whether anything did.
func (l *Library) look() bool {
	if l.dir == "" {
		return false
	}
	names, err := l.folders()
	if err != nil {
		// A volume that is away for a moment takes no theme with it.
		l.log.Warn("the folder of themes cannot be read", "error", err)
		return false
	}
	changed := false
	for name := range l.custom {
		if !slices.Contains(names, name) {
			delete(l.custom, name)
			changed = true
			l.log.Info("a theme is gone", "theme", name)
		}
	}
	for _, name := range names {
		changed = l.load(name) || changed
	}
	return changed
}

// folders are the names of the themes in the operator's folder.
func (l *Library) folders() ([]string, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		// Stat follows links: in a mounted volume a folder is one.
		info, err := os.Stat(filepath.Join(l.dir, e.Name()))
		if err != nil || !info.IsDir() || !fileName.MatchString(e.Name()) {
			continue
		}
		if names = append(names, e.Name()); len(names) > maxThemes {
			return nil, fmt.Errorf("there are more than %d themes in it", maxThemes)
		}
	}
	return names, nil
}

// load takes in one folder if its files changed; it tells whether they did.
func (l *Library) load(name string) bool {
	folder := os.DirFS(filepath.Join(l.dir, name))
	seen := fingerprint(folder)
	c := l.custom[name]
	if c == nil {
		c = &custom{}
		l.custom[name] = c
	}
	if c.seen == seen {
		return false
	}
	t, err := l.buildCustom(name, folder)
	if after := fingerprint(folder); after != seen {
		// Somebody is writing: the next look reads it whole.
		return false
	}
	c.seen = seen
	if err != nil {
		c.problem = err.Error()
		l.log.Error("a theme is broken; its last good state is used", "theme", name, "error", err)
		return true
	}
	c.good, c.problem = t, ""
	l.log.Info("a theme is loaded", "theme", name, "edition", t.Edition())
	return true
}

func (l *Library) buildCustom(name string, folder fs.FS) (*Theme, error) {
	if _, err := fs.Stat(folder, manifestName); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf(`%s is missing; it says which model the templates are for: {"model": %d, "description": "…"}`, manifestName, ModelVersion)
		}
		return nil, err
	}
	t, err := build(name, l.words, append(ownLayers(name), folder)...)
	if err != nil {
		return nil, err
	}
	t.under = l.own[Default]
	if own, ok := l.own[name]; ok {
		t.under = own
	}
	var told sync.Map
	t.report = func(kind string, err error) {
		if _, again := told.LoadOrStore(kind, true); !again {
			l.log.Error("a theme fails to make some page, which looks as in ours instead", "theme", name, "page", kind, "error", err)
		}
	}
	return t, nil
}

// settle makes what the library has now from its parts.
func (l *Library) settle() {
	now := &state{themes: maps.Clone(l.own), assets: make(map[string]Asset)}
	about := make(map[string]Listed)
	for name, t := range l.own {
		about[name] = Listed{Name: name, Description: t.manifest.Description}
	}
	for name, c := range l.custom {
		entry := Listed{Name: name, Custom: true, Problem: c.problem}
		if c.good != nil {
			now.themes[name] = c.good
			entry.Description = c.good.manifest.Description
		}
		about[name] = entry
	}
	now.list = slices.SortedFunc(maps.Values(about), func(a, b Listed) int {
		if (a.Name == Default) != (b.Name == Default) {
			if a.Name == Default {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	sum := sha256.New()
	fresh := make(map[string]Asset)
	for _, name := range sortedKeys(now.themes) {
		_, _ = fmt.Fprintln(sum, name, now.themes[name].Edition()) // a hash takes everything
		maps.Copy(fresh, now.themes[name].assets)
	}
	now.edition = hex.EncodeToString(sum.Sum(nil)[:8])
	for _, old := range l.former {
		maps.Copy(now.assets, old)
	}
	maps.Copy(now.assets, fresh)
	l.former = append(l.former, fresh)
	l.former = l.former[max(0, len(l.former)-generations):]
	l.current.Store(now)
}

// fingerprint stands for the names, sizes and times of a theme's files.
func fingerprint(folder fs.FS) string {
	sum := sha256.New()
	count := 0
	note := func(name string) {
		info, err := fs.Stat(folder, name)
		if err != nil {
			_, _ = fmt.Fprintln(sum, name, "away") // a hash takes everything
			return
		}
		if !info.IsDir() {
			_, _ = fmt.Fprintln(sum, name, info.Size(), info.ModTime().UnixNano())
		}
	}
	note(manifestName)
	for _, dir := range themeFolders() {
		entries, err := fs.ReadDir(folder, dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if count++; count > maxFiles*2 {
				break
			}
			note(dir + "/" + e.Name())
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}
