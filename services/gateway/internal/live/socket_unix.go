//go:build unix

package live

import (
	"errors"
	"net"
	"syscall"
)

// canTakeOver tells whether sockets can be written to without waiting here.
const canTakeOver = true

// reserved are the files that a process needs for other things than readers.
const reserved = 256

// socket is a reader that costs no more than its connection.
type socket struct {
	conn net.Conn
	raw  syscall.RawConn
}

func newSocket(conn net.Conn) (*socket, error) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	raw, err := c.SyscallConn()
	return &socket{conn, raw}, err
}

// send writes once. A reader that has not read what came before, so that there is
// no room in the socket, is as good as away: nobody waits for it.
func (s *socket) send(frame []byte) bool {
	sent := false
	err := s.raw.Write(func(fd uintptr) bool {
		n, err := syscall.Write(int(fd), frame)
		for errors.Is(err, syscall.EINTR) {
			n, err = syscall.Write(int(fd), frame)
		}
		sent = err == nil && n == len(frame)
		return true // does not wait
	})
	return err == nil && sent
}

// left looks whether the other side has closed the connection. What it says
// meanwhile is nobody's concern.
func (s *socket) left() bool {
	left := false
	err := s.raw.Read(func(fd uintptr) bool {
		var said [64]byte
		n, err := syscall.Read(int(fd), said[:])
		left = err == nil && n == 0 || err != nil && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR)
		return true // does not wait
	})
	return err != nil || left
}

func (s *socket) end() { _ = s.conn.Close() } // the reader may have closed it

// roomForReaders is how many connections readers may take of those that the
// system allows, so that there are some for pages.
func roomForReaders() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1 << 20
	}
	files := int(min(limit.Cur, 1<<21))
	return max(1, files-max(reserved, files/4))
}
