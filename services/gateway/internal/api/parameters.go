package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/parution/parution/chassis/fault"
)

const (
	// maxParameters bounds the parameters of a query.
	maxParameters = 100
	// maxPageSize bounds page_size; maxChanges does for changes.
	maxPageSize = 100
	maxChanges  = 1000
)

// checkQuery refuses a query that does not fit the call: parameters that it
// does not know, that come twice or that are of another type.
func (r *route) checkQuery(raw string) error {
	if raw == "" {
		return nil
	}
	if n := strings.Count(raw, "&") + 1; n > maxParameters {
		return fault.Invalid("query", "has %d parameters; at most %d", n, maxParameters)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return fault.Wrap(fault.KindMalformed, err, "the query could not be read")
	}
	var refused []fault.Violation
	for _, name := range sortedKeys(values) {
		if !utf8.ValidString(name) || slices.ContainsFunc(values[name], func(v string) bool { return !utf8.ValidString(v) }) {
			return fault.Malformed("", "the query is not UTF-8")
		}
		if name == expectedVersion {
			return fault.Malformed(name, "is no parameter; send the version as If-Match")
		}
		if message := r.checkParameter(name, values[name]); message != "" {
			refused = append(refused, fault.Violation{Field: name, Message: message})
		}
	}
	return fault.InvalidFields(refused...)
}

func sortedKeys(values url.Values) []string {
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (r *route) checkParameter(name string, values []string) string {
	field := r.query[name]
	switch {
	case field == nil:
		return "is not a parameter of this call"
	case len(values) > 1 && !field.IsList():
		return "is given " + strconv.Itoa(len(values)) + " times"
	}
	for _, v := range values {
		if message := checkText(field, v); message != "" {
			return message
		}
	}
	if n, err := strconv.Atoi(values[0]); name == "page_size" && err == nil && (n < 0 || n > r.maxPage()) {
		return "is " + strconv.Itoa(n) + "; between 1 and " + strconv.Itoa(r.maxPage())
	}
	return ""
}

// maxPage is the largest page_size of the call.
func (r *route) maxPage() int {
	if r.feeds() {
		return maxChanges
	}
	return maxPageSize
}

// checkText tells what is wrong with a value that came as text.
func checkText(field protoreflect.FieldDescriptor, v string) string {
	switch field.Kind() {
	case protoreflect.Int32Kind:
		if _, err := strconv.ParseInt(v, 10, 32); err != nil {
			return "is not a whole number"
		}
	case protoreflect.Int64Kind:
		if _, err := strconv.ParseInt(v, 10, 64); err != nil {
			return "is not a whole number"
		}
	case protoreflect.BoolKind:
		if v != "true" && v != "false" {
			return "is neither true nor false"
		}
	case protoreflect.MessageKind:
		if field.Message().FullName() == timestampName {
			if _, err := time.Parse(time.RFC3339Nano, v); err != nil {
				return "is not a time such as 2026-01-31T12:00:00Z"
			}
		}
	}
	return ""
}

// checkPath refuses path variables that do not fit their fields.
func (r *route) checkPath(variables map[string]string) error {
	for name, v := range variables {
		if !utf8.ValidString(v) {
			return fault.Malformed(name, "is not UTF-8")
		}
		field := r.call.Input().Fields().ByName(protoreflect.Name(name))
		if field == nil {
			continue
		}
		if message := checkText(field, v); message != "" {
			return fault.Invalid(name, "%s", message)
		}
	}
	return nil
}
