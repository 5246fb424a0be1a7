package projection

// lock is a mutex whose holder may wait for others: for a fetch, for a database.
// Who waits for a sync.Mutex holds up the clock of testing/synctest.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

// Lock takes l, once whoever has it gives it back.
func (l lock) Lock() { l <- struct{}{} }

// Unlock gives l back.
func (l lock) Unlock() { <-l }
