//go:build !unix

package live

import (
	"errors"
	"net"
)

// canTakeOver tells whether sockets can be written to without waiting here.
const canTakeOver = false

func newSocket(net.Conn) (stream, error) { return stream{}, errors.ErrUnsupported }

// roomForReaders is how many connections readers may take of those that the system allows.
func roomForReaders() int { return 1 << 20 }
