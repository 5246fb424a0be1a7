package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/web"
)

func TestEveryKindOfFaultIsExplained(t *testing.T) {
	t.Parallel()
	known := make(map[string]web.ProblemKind)
	for _, k := range web.ProblemKinds() {
		if _, twice := known[k.Name]; twice || k.Text == "" || http.StatusText(k.Status) == "" {
			t.Errorf("%+v is there twice or says nothing", k)
		}
		known[k.Name] = k
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	for k := fault.KindInternal; k <= fault.KindUnavailable; k++ {
		p := web.NewProblem(r, fault.New(k, "text"))
		if got := known[p.Type[len(web.ProblemPrefix):]]; got.Status != p.Status {
			t.Errorf("%s has status %d, but is explained with %d", p.Type, p.Status, got.Status)
		}
	}
}
