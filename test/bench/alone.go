package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/test/bench/blog"
	"github.com/parution/parution/test/world/topology"
)

const (
	// loading bounds how long a million posts may take.
	loading = 30 * time.Minute
	// beat is how often the stand-in for posts is heard.
	beat = 3 * time.Second
)

// alone is the tags service with a broker and a database, and a stand-in for posts.
type alone struct {
	*topology.Topology

	n      int
	conn   *grpc.ClientConn
	tags   tagsv1.TagsServiceClient
	models eventsv1.ReadModelServiceClient
	stops  []func() error // the last first
}

// openAlone starts the service on a database: SQLite in its folder, or PostgreSQL.
func openAlone(ctx context.Context, b *blog.Blog, n int, sqlite bool) (_ *alone, err error) {
	a := &alone{n: n}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	addr, stop, err := standFor(ctx, b, n)
	if err != nil {
		return nil, err
	}
	a.stops = append(a.stops, stop)
	dir, err := os.MkdirTemp("", "parution-bench-")
	if err != nil {
		return nil, err
	}
	a.stops = append(a.stops, func() error { return os.RemoveAll(dir) })
	o := topology.Options{
		Hold: []string{topology.Accounts, topology.Posts, topology.Render, topology.Gateway}, StandIns: map[string]string{topology.Posts: addr},
		Env: []string{"PARUTION_PROFILES=true"},
	}
	if sqlite {
		o.Databases = map[string]string{topology.Tags: "sqlite:" + filepath.Join(dir, "tags.db")}
		o.Hold = append(o.Hold, topology.Postgres)
	}
	if a.Topology, err = topology.Launch(ctx, topology.Cluster, o); err != nil {
		return nil, err
	}
	a.stops = append(a.stops, a.Close)
	if err := a.beat(); err != nil {
		return nil, err
	}
	if _, err := a.ready(ctx); err != nil {
		return nil, err
	}
	return a, a.dial(ctx)
}

// beat lets the stand-in be heard, with nothing to tell: what it has comes by a rebuild.
func (a *alone) beat() error {
	nc, err := nats.Connect("nats://"+a.NATSAddr(), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1))
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	text, err := proto.Marshal(&eventsv1.Heartbeat{Owner: topology.Posts, Epoch: 1})
	if err != nil {
		return err
	}
	end := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for {
			_ = nc.Publish(stream.HeartbeatSubject(topology.Posts), text) // the next one comes soon
			select {
			case <-end:
				return
			case <-tick.C:
			}
		}
	})
	a.stops = append(a.stops, func() error {
		close(end)
		wg.Wait()
		nc.Close()
		return nil
	})
	return nil
}

// dial makes clients in the name of the gateway.
func (a *alone) dial(ctx context.Context) error {
	key, err := identity.LoadKey(a.KeyFile(topology.Gateway))
	if err != nil {
		return err
	}
	tel, err := telemetry.Start(ctx, telemetry.Config{Service: "bench"})
	if err != nil {
		return err
	}
	a.stops = append(a.stops, func() error { return tel.Stop(context.WithoutCancel(ctx)) })
	a.conn, err = rpc.Dial(rpc.ClientConfig{
		Service: topology.Tags, Target: a.Addr(topology.Tags), Signer: identity.NewSigner(topology.Gateway, key), Telemetry: tel,
	})
	if err != nil {
		return err
	}
	a.stops = append(a.stops, a.conn.Close)
	a.tags, a.models = tagsv1.NewTagsServiceClient(a.conn), eventsv1.NewReadModelServiceClient(a.conn)
	return nil
}

func (a *alone) close() error {
	var errs []error
	for _, stop := range slices.Backward(a.stops) {
		errs = append(errs, stop())
	}
	a.stops = nil
	return errors.Join(errs...)
}

// ready waits until the service is; how long that was.
func (a *alone) ready(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	err := lookEvery(ctx, 5*time.Millisecond, loading, func() error {
		if err := a.Ended(topology.Tags); err != nil {
			return fmt.Errorf("%w\n%s", err, a.Log(topology.Tags))
		}
		return a.Ready(ctx, topology.Tags)
	})
	return time.Since(start), err
}

// asReader is a context in which a reader of the blog calls.
func asReader(ctx context.Context) context.Context {
	return identity.With(ctx, identity.Principal{Role: identity.Public, Site: site})
}

// found is how many posts of the blog the index knows.
func (a *alone) found(ctx context.Context) (int, error) {
	got, err := a.tags.Search(asReader(ctx), &tagsv1.SearchRequest{Language: []string{"fr", "en"}, PageSize: 1})
	return int(got.GetTotal()), err
}

// load rebuilds the read model from the stand-in, waits until all of it is found,
// how long that took, and then until the rebuild has ended.
func (a *alone) load(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	if _, err := a.models.RebuildReadModel(ctx, &eventsv1.RebuildReadModelRequest{Source: topology.Posts}); err != nil {
		return 0, err
	}
	err := lookEvery(ctx, max(20*time.Millisecond, time.Duration(a.n)*500*time.Nanosecond), loading, func() error {
		n, err := a.found(ctx)
		if err == nil && n != a.n {
			err = fmt.Errorf("%d of %d posts are found", n, a.n)
		}
		return err
	})
	took := time.Since(start)
	if err != nil {
		return took, err
	}
	return took, lookEvery(ctx, time.Second, loading, func() error {
		got, err := a.models.ListReadModels(ctx, &eventsv1.ListReadModelsRequest{})
		if err != nil {
			return err
		}
		if m := got.GetReadModels()[0]; m.GetAggregates() < int64(a.n) || m.GetOfOlderGeneration() > 0 || m.GetRebuilding() {
			return fmt.Errorf("%d of %d posts are written (%s)", m.GetAggregates(), a.n, m.GetProblem())
		}
		return nil
	})
}

// restart stops the service and starts it again; how long it took until it was
// ready and found everything.
func (a *alone) restart(ctx context.Context, between func() error) (time.Duration, error) {
	if err := a.Stop(topology.Tags); err != nil {
		return 0, err
	}
	if err := between(); err != nil {
		return 0, err
	}
	if err := a.Start(ctx, topology.Tags); err != nil {
		return 0, err
	}
	took, err := a.ready(ctx)
	if err != nil {
		return 0, err
	}
	var n int
	err = lookEvery(ctx, 5*time.Millisecond, patience, func() (err error) { n, err = a.found(ctx); return err }) // the connection comes back
	if err == nil && n != a.n {
		err = fmt.Errorf("ready, but %d of %d posts are found", n, a.n)
	}
	return took, err
}

// profile writes a CPU profile of what the service does while fn runs, ten seconds
// of it at most, into the folder dir; empty: none.
func (a *alone) profile(ctx context.Context, dir, name string, fn func() error) error {
	if dir == "" {
		return fn()
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		done <- download(ctx, a.OpsURL(topology.Tags)+"/debug/pprof/profile?seconds=10", filepath.Join(dir, name+".prof"))
	}()
	return errors.Join(fn(), <-done)
}

var accounting = regexp.MustCompile(`accounting for ([0-9.]+)MB`)

// heap is the memory that what of the program holds, in MiB, after a collection:
// of all allocations made under functions whose name matches.
func (a *alone) heap(ctx context.Context, what string) (float64, error) {
	file := filepath.Join(a.Dir(), "heap.prof")
	if err := download(ctx, a.OpsURL(topology.Tags)+"/debug/pprof/heap?gc=1", file); err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-sample_index=inuse_space", "-unit=mb", "-focus="+what, file).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("read the heap profile: %w\n%s", err, out)
	}
	found := accounting.FindSubmatch(out)
	if found == nil {
		return 0, nil // nothing of it
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
