package nemesis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Way is how a link behaves.
type Way int

// The ways.
const (
	Open   Way = iota // passes everything on
	Slow              // passes everything on, late
	Frozen            // accepts and keeps everything to itself: half-open
	Cut               // closes every connection
)

const (
	// slowness is how late a slow link is, each way.
	slowness = 120 * time.Millisecond
	// frozenLook is how often a frozen link looks whether it is open again.
	frozenLook = 10 * time.Millisecond
)

// Link stands between programs and a server. Make it with NewLink. Safe for
// concurrent use.
type Link struct {
	listener net.Listener

	mu     sync.Mutex
	way    Way
	target string
	conns  map[net.Conn]bool
}

// NewLink listens on a port of its own.
func NewLink(ctx context.Context) (*Link, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for a link: %w", err)
	}
	return &Link{listener: listener, conns: make(map[net.Conn]bool)}, nil
}

// Addr is where it listens.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// To says where it leads.
func (l *Link) To(target string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target = target
}

// Run serves until ctx ends.
func (l *Link) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		_ = l.listener.Close() // nothing more is to come
		l.Set(Cut)
	})
	defer stop()
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("accept on a link: %w", err)
		}
		go l.serve(ctx, conn)
	}
}

// Set changes how it behaves.
func (l *Link) Set(way Way) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.way = way
	if way == Cut {
		for c := range l.conns {
			_ = c.Close() // that is what a cut is
		}
	}
}

func (l *Link) now() (Way, string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.way, l.target
}

func (l *Link) serve(ctx context.Context, conn net.Conn) {
	defer l.forget(conn)
	way, target := l.now()
	if way == Cut || target == "" || !l.remember(conn) || !l.patient(ctx) {
		return
	}
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", target)
	if err != nil {
		return
	}
	defer l.forget(server)
	if !l.remember(server) {
		return
	}
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{conn, server}, {server, conn}} {
		go func() {
			l.pass(ctx, pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	<-done
}

func (l *Link) remember(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = true
	return l.way != Cut
}

func (l *Link) forget(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
	_ = c.Close() // both ends are done with it
}

// pass copies one way.
func (l *Link) pass(ctx context.Context, from, to net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if !l.patient(ctx) {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// patient waits as the link's way demands; false if nothing is to pass any more.
func (l *Link) patient(ctx context.Context) bool {
	for {
		switch way, _ := l.now(); way {
		case Open:
			return true
		case Slow:
			return wait(ctx, slowness) == nil
		case Cut:
			return false
		case Frozen:
		}
		if wait(ctx, frozenLook) != nil {
			return false
		}
	}
}

var errLink = errors.New("this topology has no link to its broker")
