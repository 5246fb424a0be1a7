package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log" //nolint:depguard // what libraries write with it is taken over
	"log/slog"
	"os"
	"testing"

	"github.com/parution/parution/chassis/telemetry"
)

// Not parallel: the log of the standard library is one for the process.
func TestLinesOfLibrariesAreLinesOfTheLog(t *testing.T) { //nolint:paralleltest // see above
	flags := log.Flags()
	t.Cleanup(func() {
		log.SetFlags(flags)
		log.SetOutput(os.Stderr)
	})
	var out bytes.Buffer
	tel := telemetry.Discard()
	tel.Log = slog.New(slog.NewJSONHandler(&out, nil))
	tel.TakeLog()
	log.Printf("unable to load snapshot, %v, continuing", "x")
	var line struct{ Level, Msg string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Level != "WARN" || line.Msg != "unable to load snapshot, x, continuing" {
		t.Errorf("the log has %q (%v), want one line of JSON", out.String(), err)
	}
}
