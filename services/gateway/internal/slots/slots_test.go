package slots_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/parution/parution/services/gateway/internal/slots"
)

func TestOnlySoManyAreInside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := slots.New(4) // one works, three wait
		leave, err := s.Enter(t.Context())
		if err != nil {
			t.Fatalf("Enter: %v", err)
		}
		turns := make(chan error, 3)
		for range 3 {
			go func() {
				leave, err := s.Enter(t.Context())
				if err == nil {
					leave()
				}
				turns <- err
			}()
		}
		synctest.Wait()
		if _, err := s.Enter(t.Context()); !errors.Is(err, slots.ErrCrowded) {
			t.Errorf("the fifth: %v, want crowded", err)
		}
		if len(turns) != 0 {
			t.Errorf("%d who wait have entered", len(turns))
		}
		leave()
		for range 3 {
			if err := <-turns; err != nil {
				t.Errorf("one who waited: %v", err)
			}
		}
	})
}

func TestNobodyWaitsForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := slots.New(2)
		if _, err := s.Enter(t.Context()); err != nil {
			t.Fatalf("Enter: %v", err)
		}
		if _, err := s.Enter(t.Context()); !errors.Is(err, slots.ErrCrowded) {
			t.Errorf("nobody leaves: %v, want crowded", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Enter(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("the reader has left: %v", err)
		}
	})
}
