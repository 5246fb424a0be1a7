package replica_test

import (
	"errors"
	"testing"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/telemetry"
	"github.com/parution/parution/services/tags/internal/replica"
	"github.com/parution/parution/services/tags/internal/text"
)

func TestNobodyIsAnsweredFromAFullTextThatIsMadeAnew(t *testing.T) {
	t.Parallel()
	r, err := replica.New(replica.Deps{Telemetry: telemetry.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	r.Lost("damaged", errors.Join(text.ErrRemoved, errors.New("bytes")))
	r.Lost("behind", errors.New("the disk is full"))
	if err := r.Words("damaged"); fault.KindOf(err) != fault.KindUnavailable {
		t.Errorf("a site of which all is gone: %v, want Unavailable", err)
	}
	for _, site := range []string{"behind", "other"} {
		if err := r.Words(site); err != nil {
			t.Errorf("site %s: %v, want an answer of what there is", site, err)
		}
	}
}
