package simulation

import (
	"context"
	"database/sql"

	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/stream"
)

// Options says what a run is. Everything but Seed may be left out: the functions
// are for parts of other modules, and for planting faults that must be found.
type Options struct {
	Seed uint64
	// Steps is how many things happen before all faults end; 0: a number by the seed.
	Steps int
	// DatabaseBack lets posts' database go back in time; Without names troubles that are not wanted.
	DatabaseBack bool
	Without      []string
	// Live is told each line of the history at once.
	Live func(line string)
	// Setup adds nodes to the world; Step is called after each step of the driver.
	Setup func(w *World)
	Step  func(w *World)
	// Converged tells what is not yet as it should be once all faults have ended.
	Converged func(w *World, truth map[string]Post) error
	// Facts are those of render's notice of a post, PostFacts those of posts' own.
	Facts, PostFacts func(p Post) proto.Message

	// Log, Source, Follow, Refresh and Append stand in for the real parts.
	Log     func(l stream.Log) stream.Log
	Source  func(s stream.Source) stream.Source
	Follow  func(i *Instance, cfg projection.Config[Post]) process.Part
	Refresh func(ctx context.Context, tx *sql.Tx, i *Instance, items []projection.Item[Post]) error
	Append  func(ctx context.Context, i *Instance, out *outbox.Outbox, tx *sql.Tx, e outbox.Entry) error

	// commits is the chance that a commit fails, while faults last.
	commits func() float64
}

func (o *Options) commitFails() float64 {
	if o.commits == nil {
		return 0
	}
	return o.commits()
}

func (o *Options) facts(p Post) proto.Message {
	if o.Facts == nil {
		return nothing(p)
	}
	return o.Facts(p)
}

func (o *Options) refresh(ctx context.Context, tx *sql.Tx, i *Instance, items []projection.Item[Post]) error {
	if o.Refresh == nil {
		return Refresh(ctx, tx, i, items)
	}
	return o.Refresh(ctx, tx, i, items)
}

func (o *Options) append(ctx context.Context, i *Instance, out *outbox.Outbox, tx *sql.Tx, p Post) error {
	e := entry(p)
	if o.PostFacts != nil {
		e.Facts = o.PostFacts(p)
	}
	if o.Append == nil {
		return out.Append(ctx, tx, e)
	}
	return o.Append(ctx, i, out, tx, e)
}
