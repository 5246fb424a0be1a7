package streamsim_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamsim"
	"github.com/parution/parution/chassis/stream/streamtest"
)

// rig is the simulated broker as the conformance suite wants it.
type rig struct {
	*streamsim.Broker

	clients int
}

func (r *rig) client() *streamsim.Client {
	r.clients++
	return r.Client(fmt.Sprintf("client %d", r.clients))
}

func (r *rig) Log(_ testing.TB, owner string) stream.Log { return r.client().Log(owner) }
func (r *rig) Source(_ testing.TB, owner, reader string) stream.Source {
	return r.client().Source(owner, reader)
}
func (r *rig) Live(testing.TB) stream.Live       { return r.client().Live() }
func (r *rig) Restart(testing.TB)                { r.Start() }
func (r *rig) Wipe(testing.TB)                   { r.Broker.Wipe() }
func (r *rig) Delete(_ testing.TB, owner string) { r.Broker.Delete(owner) }
func (r *rig) IsPatient() bool                   { return true }
func (r *rig) Save(testing.TB) (back func())     { b := r.Broker.Save(); return func() { b(false) } }

func TestItConforms(t *testing.T) {
	t.Parallel()
	for _, c := range streamtest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(20) {
				synctest.Test(t, func(t *testing.T) {
					var history []string
					broker := streamsim.New(seed, func(line string) { history = append(history, line) })
					c.Run(t, &rig{Broker: broker})
					if t.Failed() {
						t.Logf("seed %d: %q", seed, history)
					}
				})
			}
		})
	}
}
