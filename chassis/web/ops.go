package web

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"

	"github.com/parution/parution/chassis/process"
)

type readiness struct {
	Status string           `json:"status"`
	Checks map[string]check `json:"checks"`
}

type check struct {
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// Ops is the handler of the operations port: /healthz, /readyz, /metrics and,
// if asked for, /debug/pprof/. It is never served to readers.
func Ops(health *process.Health, metrics http.Handler, withProfiles bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", Alive)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { writeReadiness(w, health) })
	mux.Handle("GET /metrics", metrics)
	if withProfiles {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// Alive answers that the process does.
func Alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n")) // the client may have gone
}

func writeReadiness(w http.ResponseWriter, health *process.Health) {
	ready, checks := health.Report()
	out := readiness{Status: "ready", Checks: make(map[string]check, len(checks))}
	for name, err := range checks {
		c := check{OK: err == nil}
		if err != nil {
			c.Detail = err.Error()
		}
		out.Checks[name] = c
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !ready {
		out.Status = "waiting"
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(out) // the client may have gone
}
