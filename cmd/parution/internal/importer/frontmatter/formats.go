package frontmatter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v4"
)

var lineOfYAML = regexp.MustCompile(`line (\d+)`)

func readYAML(text string, first int) (values Value, notes []Error, err error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return Value{}, nil, yamlError(err, first)
	}
	if len(doc.Content) == 0 {
		return Value{Kind: Map, Line: first}, nil, nil
	}
	y := yamlReader{shift: first - 1, budget: budget{left: maxValues}}
	values, err = y.value(doc.Content[0], 0)
	if err != nil {
		return Value{}, nil, err
	}
	switch values.Kind {
	case Map:
	case Nil:
		values = Value{Kind: Map, Line: first}
	case Text, Number, Bool, List:
		return Value{}, nil, &Error{Line: values.Line, Reason: "the front matter is " + values.Kind.String() + "; it must be names with values"}
	}
	return values, y.notes, nil
}

func yamlError(err error, first int) error {
	line := first
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := lineOfYAML.FindStringSubmatch(text); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n + first - 1
		}
		text = strings.TrimPrefix(strings.Replace(text, m[0], "", 1), ":")
	}
	return &Error{Line: line, Reason: "the front matter is not YAML: " + strings.Join(strings.Fields(text), " ")}
}

type yamlReader struct {
	shift  int
	budget budget
	notes  []Error
}

func (y *yamlReader) value(n *yaml.Node, depth int) (Value, error) {
	line := n.Line + y.shift
	if err := y.budget.spend(depth, line); err != nil {
		return Value{}, err
	}
	switch n.Kind {
	case yaml.AliasNode:
		return y.value(n.Alias, depth+1)
	case yaml.ScalarNode:
		return Value{Kind: scalarKind(n), Text: n.Value, Line: line}, nil
	case yaml.SequenceNode:
		v := Value{Kind: List, Line: line}
		for _, c := range n.Content {
			item, err := y.value(c, depth+1)
			if err != nil {
				return Value{}, err
			}
			v.Items = append(v.Items, item)
		}
		return v, nil
	case yaml.MappingNode:
		return y.mapping(n, depth)
	case yaml.DocumentNode, yaml.StreamNode:
	}
	return Value{Line: line}, nil
}

func (y *yamlReader) mapping(n *yaml.Node, depth int) (Value, error) {
	v := Value{Kind: Map, Line: n.Line + y.shift, Fields: make(map[string]Value, len(n.Content)/2)}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		item, err := y.value(n.Content[i+1], depth+1)
		if err != nil {
			return Value{}, err
		}
		if item.Kind == Nil || item.Line == 0 {
			item.Line = key.Line + y.shift
		}
		if _, twice := v.Fields[key.Value]; twice {
			y.notes = append(y.notes, Error{Line: key.Line + y.shift, Reason: fmt.Sprintf("%q is given twice; the last one holds", key.Value)})
		}
		v.Fields[key.Value] = item
	}
	return v, nil
}

func scalarKind(n *yaml.Node) Kind {
	switch n.ShortTag() {
	case "!!null":
		return Nil
	case "!!int", "!!float":
		return Number
	case "!!bool":
		return Bool
	}
	return Text
}

func readTOML(text string, first int) (Value, []Error, error) {
	var m map[string]any
	if err := toml.Unmarshal([]byte(text), &m); err != nil {
		line, reason := first, err.Error()
		if d, ok := errors.AsType[*toml.DecodeError](err); ok {
			row, _ := d.Position()
			line = row + first - 1
		}
		return Value{}, nil, &Error{Line: line, Reason: "the front matter is not TOML: " + strings.TrimPrefix(reason, "toml: ")}
	}
	v, err := plain(m, text, first)
	return v, nil, err
}

// looksLikeJSON tells an object from a text that begins with a brace.
func looksLikeJSON(source string) bool {
	rest, ok := strings.CutPrefix(source, "{")
	rest = strings.TrimLeft(rest, " \t\n")
	return ok && (strings.HasPrefix(rest, `"`) || strings.HasPrefix(rest, "}"))
}

func readJSON(source string) (Document, error) {
	dec := json.NewDecoder(strings.NewReader(source))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it is never closed")
		}
		return Document{Body: source, BodyLine: 1}, &Error{Line: 1, Reason: "the front matter is not JSON: " + err.Error()}
	}
	end := int(dec.InputOffset())
	head, body := source[:end], source[end:]
	line := 1 + strings.Count(head, "\n")
	if cut, after, ok := strings.Cut(body, "\n"); ok && strings.TrimSpace(cut) == "" {
		body, line = after, line+1
	}
	values, err := plain(m, head, 1)
	return Document{Values: values, Present: true, Body: body, BodyLine: line}, err
}

// plain turns decoded TOML or JSON into values. Neither tells lines: those of
// the names at the outermost level are looked up.
func plain(m map[string]any, text string, first int) (Value, error) {
	b := budget{left: maxValues}
	v, err := fromAny(m, first, 0, &b)
	if err != nil {
		return Value{}, err
	}
	lines := make(map[string]int)
	for i, l := range strings.Split(text, "\n") {
		name, _, ok := strings.Cut(l, "=")
		if !ok {
			name, _, ok = strings.Cut(l, ":")
		}
		if !ok {
			name, _, ok = strings.Cut(strings.TrimLeft(l, "[ \t"), "]") // a table of TOML
		}
		name = strings.Trim(strings.TrimSpace(name), "\"'{, \t")
		if _, seen := lines[name]; ok && !seen {
			lines[name] = first + i
		}
	}
	for k, f := range v.Fields {
		if n, ok := lines[k]; ok {
			f.Line = n
			v.Fields[k] = f
		}
	}
	return v, nil
}

func fromAny(a any, line, depth int, b *budget) (Value, error) {
	if err := b.spend(depth, line); err != nil {
		return Value{}, err
	}
	switch a := a.(type) {
	case nil:
		return Value{Line: line}, nil
	case string:
		return Value{Kind: Text, Text: a, Line: line}, nil
	case bool:
		return Value{Kind: Bool, Text: strconv.FormatBool(a), Line: line}, nil
	case time.Time:
		return Value{Kind: Text, Text: a.Format(time.RFC3339Nano), Line: line}, nil
	case []any:
		v := Value{Kind: List, Line: line}
		for _, e := range a {
			item, err := fromAny(e, line, depth+1, b)
			if err != nil {
				return Value{}, err
			}
			v.Items = append(v.Items, item)
		}
		return v, nil
	case map[string]any:
		v := Value{Kind: Map, Line: line, Fields: make(map[string]Value, len(a))}
		for k, e := range a {
			item, err := fromAny(e, line, depth+1, b)
			if err != nil {
				return Value{}, err
			}
			v.Fields[k] = item
		}
		return v, nil
	case toml.LocalDate, toml.LocalDateTime, toml.LocalTime:
		return Value{Kind: Text, Text: fmt.Sprint(a), Line: line}, nil
	}
	// What is left are the number types of both decoders.
	return Value{Kind: Number, Text: fmt.Sprint(a), Line: line}, nil
}

// Format is how values are written.
type Format uint8

// The formats.
const (
	YAML Format = iota
	TOML
	JSON
)

// Parse understands a whole file of values, such as a configuration. The
// error is an *Error.
func Parse(text string, format Format) (Value, error) {
	switch format {
	case TOML:
		v, _, err := readTOML(text, 1)
		return v, err
	case JSON:
		doc, err := readJSON(text)
		return doc.Values, err
	case YAML:
	}
	v, _, err := readYAML(text, 1)
	return v, err
}
