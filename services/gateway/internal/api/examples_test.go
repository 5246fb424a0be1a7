package api

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// TestExamplesAreTaken holds each example against the contract of its call.
func TestExamplesAreTaken(t *testing.T) {
	t.Parallel()
	for _, r := range newRouteTable().all {
		service := string(r.call.Parent().Name())
		e := exampleOf(service + "_" + string(r.call.Name()))
		if e.answer != "" {
			message := dynamicpb.NewMessage(r.answer)
			if err := protojson.Unmarshal([]byte(e.answer), message); err != nil {
				t.Errorf("%s does not answer its example: %v", r.name(), err)
			}
		}
		if e.query != "" {
			if err := r.checkQuery(strings.TrimPrefix(e.query, "?")); err != nil {
				t.Errorf("%s: %s is refused: %v", r.name(), e.query, err)
			}
		}
		if e.body == "" {
			continue
		}
		if err := checkBody([]byte(e.body), r.body, r.hidden); err != nil {
			t.Errorf("%s: %s is refused: %v", r.name(), e.body, err)
		}
		for _, name := range e.required {
			if r.body.Fields().ByName(protoreflect.Name(name)) == nil || !strings.Contains(e.body, `"`+name+`"`) {
				t.Errorf("%s: the required %s is not in %s", r.name(), name, e.body)
			}
		}
	}
}
