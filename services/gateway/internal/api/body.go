package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/parution/parution/chassis/fault"
)

const (
	// maxDepth bounds how deep JSON is nested.
	maxDepth = 64

	timestampName = protoreflect.FullName("google.protobuf.Timestamp")
	maskName      = protoreflect.FullName("google.protobuf.FieldMask")
)

// checkBody refuses JSON that does not fit message: what is no JSON, and
// members that message does not have, that come twice or are of another type.
// It names each of them, which the decoder behind it does not.
// Members named in hidden are set by other means than the body.
func checkBody(body []byte, message protoreflect.MessageDescriptor, hidden []string) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if !utf8.Valid(body) {
		return fault.Malformed("", "the request body is not UTF-8 (byte %d)", invalidAt(body))
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	c := &checker{decoder: d, hidden: hidden}
	if err := c.root(message); err != nil {
		return err
	}
	return fault.InvalidFields(c.refused...)
}

func invalidAt(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(text)
}

type checker struct {
	decoder *json.Decoder
	hidden  []string
	depth   int
	refused []fault.Violation
}

func (c *checker) refuse(field, format string, args ...any) {
	c.refused = append(c.refused, fault.Violation{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) root(message protoreflect.MessageDescriptor) error {
	t, err := c.token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return fault.Malformed("", "the request body is %s, not an object", kindOf(t))
	}
	if err := c.object(message, ""); err != nil {
		return err
	}
	if _, err := c.decoder.Token(); !errors.Is(err, io.EOF) {
		return fault.Malformed("", "the request body goes on after its end (byte %d)", c.decoder.InputOffset())
	}
	return nil
}

// token reads on; what is no JSON is told with its place.
func (c *checker) token() (json.Token, error) {
	t, err := c.decoder.Token()
	if err != nil {
		at := c.decoder.InputOffset()
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fault.Wrap(fault.KindMalformed, err, "the request body is not JSON: %s (byte %d)", syntax.Error(), syntax.Offset)
		}
		return nil, fault.Wrap(fault.KindMalformed, err, "the request body ends too early (byte %d)", at)
	}
	if d, ok := t.(json.Delim); ok {
		if d == '{' || d == '[' {
			c.depth++
		} else {
			c.depth--
		}
		if c.depth > maxDepth {
			return nil, fault.Malformed("", "the request body is nested more than %d deep", maxDepth)
		}
	}
	return t, nil
}

// object reads the members up to the closing brace.
func (c *checker) object(message protoreflect.MessageDescriptor, path string) error {
	seen := make(map[string]bool)
	for c.decoder.More() {
		t, err := c.token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return fault.Malformed("", "the request body has a member without a name (byte %d)", c.decoder.InputOffset())
		}
		name := join(path, key)
		var field protoreflect.FieldDescriptor
		if message != nil {
			field = message.Fields().ByName(protoreflect.Name(key))
			switch {
			case path == "" && key == expectedVersion && field != nil:
				return fault.Malformed(key, "is no field of the body; send the version as If-Match")
			case field == nil, path == "" && slices.Contains(c.hidden, key):
				c.refuse(name, "is not a known field")
			case seen[key]:
				c.refuse(name, "is given twice")
			}
		}
		seen[key] = true
		if err := c.value(field, name); err != nil {
			return err
		}
	}
	_, err := c.token()
	return err
}

func join(path, key string) string {
	const longest = 100
	if len(key) > longest {
		key = strings.ToValidUTF8(key[:longest], "") + "…"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// value reads one value; a nil field takes everything.
func (c *checker) value(field protoreflect.FieldDescriptor, path string) error {
	t, err := c.token()
	if err != nil {
		return err
	}
	if field != nil && field.IsList() {
		switch t {
		case json.Delim('['):
			return c.list(field, path)
		case nil:
			return nil
		}
		c.refuse(path, "is %s, not a list", kindOf(t))
		return c.rest(t)
	}
	return c.single(field, t, path)
}

func (c *checker) list(field protoreflect.FieldDescriptor, path string) error {
	for i := 0; c.decoder.More(); i++ {
		t, err := c.token()
		if err != nil {
			return err
		}
		element := path + "[" + strconv.Itoa(i) + "]"
		if t == nil {
			c.refuse(element, "is null")
			continue
		}
		if err := c.single(field, t, element); err != nil {
			return err
		}
	}
	_, err := c.token()
	return err
}

// single reads what is no list.
func (c *checker) single(field protoreflect.FieldDescriptor, t json.Token, path string) error {
	if field == nil || t == nil {
		return c.rest(t)
	}
	if t == json.Delim('{') && field.IsMap() {
		return c.entries(field.MapValue(), path)
	}
	if t == json.Delim('{') && field.Kind() == protoreflect.MessageKind && !isText(field.Message()) {
		return c.object(field.Message(), path)
	}
	if message := checkToken(field, t); message != "" {
		c.refuse(path, "%s", message)
	}
	return c.rest(t)
}

// entries reads the members of a map, which may have any name once.
func (c *checker) entries(value protoreflect.FieldDescriptor, path string) error {
	seen := make(map[string]bool)
	for c.decoder.More() {
		t, err := c.token()
		if err != nil {
			return err
		}
		key, _ := t.(string) // the decoder takes nothing else for a name
		name := join(path, key)
		if seen[key] {
			c.refuse(name, "is given twice")
		}
		seen[key] = true
		if t, err = c.token(); err != nil {
			return err
		}
		if t == nil {
			c.refuse(name, "is null")
			continue
		}
		if err := c.single(value, t, name); err != nil {
			return err
		}
	}
	_, err := c.token()
	return err
}

// rest reads what is left of a value that began with t.
func (c *checker) rest(t json.Token) error {
	switch t {
	case json.Delim('{'):
		return c.object(nil, "")
	case json.Delim('['):
		for c.decoder.More() {
			if err := c.value(nil, ""); err != nil {
				return err
			}
		}
		_, err := c.token()
		return err
	}
	return nil
}

// isText tells whether JSON writes message as a string.
func isText(message protoreflect.MessageDescriptor) bool {
	return message.FullName() == timestampName || message.FullName() == maskName
}

// checkToken tells what is wrong with a scalar.
func checkToken(field protoreflect.FieldDescriptor, t json.Token) string {
	want := ""
	switch field.Kind() {
	case protoreflect.StringKind:
		if _, ok := t.(string); ok {
			return ""
		}
		want = "a string"
	case protoreflect.BoolKind:
		if _, ok := t.(bool); ok {
			return ""
		}
		want = "true or false"
	case protoreflect.Int32Kind:
		n, ok := t.(json.Number)
		if _, err := strconv.ParseInt(n.String(), 10, 32); ok && err == nil {
			return ""
		}
		if ok {
			return "is " + n.String() + ", not a whole number of 32 bits"
		}
		want = "a number"
	case protoreflect.MessageKind:
		return checkMessage(field.Message(), t)
	default:
		return ""
	}
	return "is " + kindOf(t) + ", not " + want
}

func checkMessage(message protoreflect.MessageDescriptor, t json.Token) string {
	text, ok := t.(string)
	switch {
	case !isText(message):
		return "is " + kindOf(t) + ", not an object"
	case !ok:
		return "is " + kindOf(t) + ", not a string"
	case message.FullName() != timestampName:
		return ""
	}
	// Timestamps go from year 1 to 9999 (google.protobuf.Timestamp).
	if at, err := time.Parse(time.RFC3339Nano, text); err != nil || at.Year() < 1 || at.UTC().Year() > 9999 {
		return "is not a time such as 2026-01-31T12:00:00Z"
	}
	return ""
}

func kindOf(t json.Token) string {
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return "an object"
		}
		return "a list"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "true or false"
	}
	return "null"
}
