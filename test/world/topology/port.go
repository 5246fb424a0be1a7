package topology

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken below those that the system gives to outgoing connections: a
// killed server must find its port free when it comes back.
const (
	firstPort = 15000
	ports     = 17000
	portTries = 200
)

// freeAddress is an address on 127.0.0.1 that nobody listens on.
func freeAddress() (string, error) {
	var failed error
	for range portTries {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+rand.IntN(ports)))
		l, err := net.Listen("tcp", addr)
		if err == nil {
			return addr, l.Close()
		}
		failed = errors.Join(failed, err)
	}
	return "", fmt.Errorf("find a free port: %w", failed)
}

// freeAddresses are n different ones.
func freeAddresses(n int) ([]string, error) {
	seen := make(map[string]bool, n)
	var out []string
	for len(out) < n {
		addr, err := freeAddress()
		if err != nil {
			return nil, err
		}
		if !seen[addr] {
			seen[addr] = true
			out = append(out, addr)
		}
	}
	return out, nil
}
