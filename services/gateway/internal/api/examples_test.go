package api

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// TestExamplesAreTaken holds each example against the contract of its call.
func TestExamplesAreTaken(t *testing.T) {
	t.Parallel()
	for _, r := range newRouteTable().all {
		service := string(r.call.Parent().Name())
		e := exampleOf(service + "_" + string(r.call.Name()))
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
