package frontmatter

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// show writes a value in one line.
func show(v Value) string {
	switch v.Kind {
	case List:
		parts := make([]string, 0, len(v.Items))
		for _, i := range v.Items {
			parts = append(parts, show(i))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case Map:
		parts := make([]string, 0, len(v.Fields))
		for _, k := range slices.Sorted(maps.Keys(v.Fields)) {
			parts = append(parts, fmt.Sprintf("%s@%d:%s", k, v.Fields[k].Line, show(v.Fields[k])))
		}
		return "{" + strings.Join(parts, " ") + "}"
	case Nil:
		return "nil"
	case Number, Bool:
		return v.Text
	case Text:
	}
	return fmt.Sprintf("%q", v.Text)
}

func TestRead(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, source, values, body, fails string }{
		{"YAML", "---\ntitle: A\ndate: 2019-05-01\nn: 3\nyes: true\nlist:\n  - a\n  -\nnone:\n---\nBody\n", `{date@3:"2019-05-01" list@7:["a" nil] n@4:3 none@9:nil title@2:"A" yes@5:true}`, "Body\n", ""},
		{"YAML with blank before the colon", "---\nexcerpt : \"x\"\n...\nBody", `{excerpt@2:"x"}`, "Body", ""},
		{"YAML alias", "---\na: &x [1]\nb: *x\n---\n", `{a@2:[1] b@2:[1]}`, "", ""},
		{"empty YAML", "---\n---\nBody", `{}`, "Body", ""},
		{"only comments", "---\n# none\n---\nBody", `{}`, "Body", ""},
		{"blanks behind the fence", "---  \ntitle: A\n--- \nBody", `{title@2:"A"}`, "Body", ""},
		{"TOML", "+++\ntitle = \"A\"\ndate = 2019-05-01\nat = 2019-05-01T08:00:00+02:00\ntags = [\"a\", \"b\"]\n[cover]\nimage = \"x\"\n+++\nBody", `{at@4:"2019-05-01T08:00:00+02:00" cover@6:{image@2:"x"} date@3:"2019-05-01" tags@5:["a" "b"] title@2:"A"}`, "Body", ""},
		{"JSON", "{\n \"title\": \"A\\u00e9\",\n \"n\": 1.5, \"x\": null\n}\n\nBody", `{n@3:1.5 title@2:"Aé" x@1:nil}`, "\nBody", ""},
		{"no front matter", "Body\n---\n", `nil`, "Body\n---\n", ""},
		{"a rule", "---\n\nBody", `nil`, "---\n\nBody", ""},
		{"a brace", "{: .class}\nBody", `nil`, "{: .class}\nBody", ""},
		{"empty", "", `nil`, "", ""},
		{"broken YAML", "---\ntitle: \"A\nb: c\n---\nBody", `nil`, "Body", "line 4: the front matter is not YAML: found unexpected end of stream"},
		{"a list", "---\n- a\n---\nBody", `nil`, "Body", "line 2: the front matter is a list; it must be names with values"},
		{"broken TOML", "+++\na = \"x\"\nb = \n+++\nBody", `nil`, "Body", "line 3: the front matter is not TOML: unexpected character U+000A at start of value"},
		{"broken JSON", "{\n \"a\": 1", `nil`, "{\n \"a\": 1", "line 1: the front matter is not JSON: it is never closed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := Read(tt.source)
			if got := show(doc.Values); got != tt.values {
				t.Errorf("values = %s, want %s", got, tt.values)
			}
			if doc.Body != tt.body {
				t.Errorf("body = %q, want %q", doc.Body, tt.body)
			}
			text := ""
			if e, ok := errors.AsType[*Error](err); ok {
				text = e.Error()
			} else if err != nil {
				t.Errorf("error is no *Error: %v", err)
			}
			if diff := cmp.Diff(tt.fails, text); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadNotes(t *testing.T) {
	t.Parallel()
	doc, err := Read("---\na: 1\na: 2\n---\n")
	if v, _ := doc.Values.Get("A"); err != nil || v.Text != "2" || len(doc.Notes) != 1 || doc.Notes[0].Line != 3 {
		t.Errorf("a name given twice = %v, %v, %v", v, doc.Notes, err)
	}
}

// Aliases that multiply are refused, not unfolded.
func TestReadBomb(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("---\na0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	b.WriteString("---\n")
	if _, err := Read(b.String()); err == nil || !strings.Contains(err.Error(), "more than 20000 values") {
		t.Errorf("Read of aliases that multiply = %v", err)
	}
	if _, err := Read("---\na: " + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "\n---\n"); err == nil {
		t.Error("Read of deep lists refuses nothing")
	}
}

// Whatever is read, nothing of the body is lost and its line is right.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"---\ntitle: A\n---\nBody", "+++\na = 1\n+++\nBody", "{\"a\": 1}\nBody", "---\n---\n", "---\na: &x [*x]\n---\n", "--- \r\n", "+++\n+++", "{\"", "---\n? a\n: b\n---\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		doc, err := Read(source)
		if e, ok := errors.AsType[*Error](err); err != nil && (!ok || e.Reason == "") {
			t.Fatalf("Read(%q): not an *Error with a reason: %v", source, err)
		}
		if !strings.HasSuffix(source, doc.Body) {
			t.Fatalf("Read(%q): the body %q is no end of it", source, doc.Body)
		}
		head := strings.TrimSuffix(source, doc.Body)
		if got := 1 + strings.Count(head, "\n"); got != doc.BodyLine && doc.Body != "" {
			t.Fatalf("Read(%q): the body begins on line %d, not %d", source, got, doc.BodyLine)
		}
		if doc.Values.Kind != Nil && doc.Values.Kind != Map {
			t.Fatalf("Read(%q): the values are %s", source, doc.Values.Kind)
		}
	})
}
