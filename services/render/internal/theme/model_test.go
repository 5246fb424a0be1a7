package theme

import (
	"html/template"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// goSource is the text of this package, without its tests.
func goSource(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// views are what templates get, by kind of page.
func views() map[string]any {
	return map[string]any{
		"home": HomeView{}, "list": ListView{}, "post": PostView{}, "tags": TagsView{}, "tagged": TaggedView{}, "archive": ArchiveView{},
		"period": PeriodView{}, "author": AuthorView{}, "search": SearchView{}, "absent": AbsentView{},
	}
}

// TestManualNamesTheModel holds that docs/themes.md says everything that a template
// can use: every exported field and method of every type, in the section of
// the type, every function, every template and every message.
func TestManualNamesTheModel(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../../docs/themes.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := make(map[string]string)
	for part := range strings.SplitSeq(string(text), "\n### ") {
		title, body, _ := strings.Cut(part, "\n")
		body, _, _ = strings.Cut(body, "\n## ")
		sections[strings.Trim(strings.Fields(title)[0], "`")] = body
	}
	seen := make(map[reflect.Type]bool)
	for kind, view := range views() {
		if !slices.Contains(kinds(), kind) {
			t.Errorf("there is no page %s", kind)
		}
		describe(t, reflect.TypeOf(view), sections, seen)
	}
	if len(views()) != len(kinds()) {
		t.Errorf("there are %d views and %d kinds", len(views()), len(kinds()))
	}
	src, err := gather(ownLayers(Default))
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Concat(sortedKeys(functions(nil, nil)), sortedKeys(src.pages), sortedKeys(src.parts), sortedKeys(src.icons))
	for _, name := range names {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/themes.md does not name %s", name)
		}
	}
	c, err := ownCatalogues()
	if err != nil {
		t.Fatal(err)
	}
	for key := range c.list[0].Messages {
		if !strings.Contains(string(text), "`"+key+"`") {
			t.Errorf("docs/themes.md does not name the message %s", key)
		}
	}
}

// describe holds that a type is in the manual, and those of its fields.
func describe(t *testing.T, typ reflect.Type, sections map[string]string, seen map[reflect.Type]bool) {
	t.Helper()
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if seen[typ] || typ.Kind() != reflect.Struct || typ.PkgPath() != reflect.TypeFor[Frame]().PkgPath() {
		return
	}
	seen[typ] = true
	section, ok := sections[typ.Name()]
	if !ok {
		t.Errorf("docs/themes.md has no section for %s", typ.Name())
		return
	}
	for f := range typ.Fields() {
		if !f.IsExported() {
			continue
		}
		if !strings.Contains(section, "`"+f.Name+"`") {
			t.Errorf("docs/themes.md does not name %s.%s", typ.Name(), f.Name)
		}
		describe(t, f.Type, sections, seen)
	}
	for _, has := range []reflect.Type{typ, reflect.PointerTo(typ)} {
		for m := range has.Methods() {
			if embedded(typ, m.Name) {
				continue
			}
			if !strings.Contains(section, "`"+m.Name) {
				t.Errorf("docs/themes.md does not name the method %s.%s", typ.Name(), m.Name)
			}
		}
	}
}

// embedded tells whether a method is that of an embedded field.
func embedded(typ reflect.Type, method string) bool {
	for f := range typ.Fields() {
		if _, ok := f.Type.MethodByName(method); ok && f.Anonymous {
			return true
		}
	}
	return false
}

// TestFewFieldsAreHTML holds that no other field of the model can carry markup past
// the escaping than those that were sanitised or escaped before.
func TestFewFieldsAreHTML(t *testing.T) {
	t.Parallel()
	var fields []string
	seen := make(map[reflect.Type]bool)
	var look func(typ reflect.Type)
	look = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if seen[typ] || typ.Kind() != reflect.Struct || typ.PkgPath() != reflect.TypeFor[Frame]().PkgPath() {
			return
		}
		seen[typ] = true
		for f := range typ.Fields() {
			if f.IsExported() && f.Type.PkgPath() == reflect.TypeFor[template.HTML]().PkgPath() {
				fields = append(fields, f.Name+" "+f.Type.Name())
			}
			if f.IsExported() {
				look(f.Type)
			}
		}
	}
	for _, kind := range kinds() {
		look(reflect.TypeOf(views()[kind]))
	}
	slices.Sort(fields)
	if want := []string{"Body HTML", "Description HTML", "HTML HTML", "Marked HTML", "Snippet HTML"}; !slices.Equal(fields, want) {
		t.Errorf("fields of types from elsewhere = %v, want %v", fields, want)
	}
}
