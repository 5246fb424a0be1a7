package frontmatter

import "strings"

// Kind is what a value is.
type Kind uint8

// The kinds. Dates are Text: each program writes them in its own way, so it is
// for the reader to understand them.
const (
	Nil Kind = iota
	Text
	Number
	Bool
	List
	Map
)

// String names the kind as it is said to people.
func (k Kind) String() string {
	switch k {
	case Nil:
		return "nothing"
	case Text:
		return "a text"
	case Number:
		return "a number"
	case Bool:
		return "yes or no"
	case List:
		return "a list"
	case Map:
		return "a map"
	}
	return "something unknown"
}

// Value is one value of the front matter.
type Value struct {
	// Kind is what it is.
	Kind Kind
	// Text is a scalar as it was written, without quotes.
	Text string
	// Items are the values of a list.
	Items []Value
	// Fields are the values of a map.
	Fields map[string]Value
	// Line is where the value stands in the file, counted from 1.
	Line int
}

// Scalar tells whether the value is a text, a number, or yes or no.
func (v Value) Scalar() bool { return v.Kind == Text || v.Kind == Number || v.Kind == Bool }

// Empty tells whether the value says nothing: nil, blank, or an empty list or map.
func (v Value) Empty() bool {
	switch v.Kind {
	case Nil:
		return true
	case Text:
		return strings.TrimSpace(v.Text) == ""
	case List:
		return len(v.Items) == 0
	case Map:
		return len(v.Fields) == 0
	case Number, Bool:
	}
	return false
}

// Get is the field of that name, or failing that of that name in other letter
// case; nil (and false) if the value is no map or has no such field.
func (v Value) Get(name string) (Value, bool) {
	if f, ok := v.Fields[name]; ok {
		return f, true
	}
	for _, k := range sortedKeys(v.Fields) {
		if strings.EqualFold(k, name) {
			return v.Fields[k], true
		}
	}
	return Value{}, false
}

// First is the first of the named fields that is there and is not empty.
func (v Value) First(names ...string) (Value, bool) {
	for _, n := range names {
		if f, ok := v.Get(n); ok && !f.Empty() {
			return f, true
		}
	}
	return Value{}, false
}

// True tells whether the value says yes.
func (v Value) True() bool {
	switch strings.ToLower(strings.TrimSpace(v.Text)) {
	case "true", "yes", "on", "1":
		return v.Scalar()
	}
	return false
}
