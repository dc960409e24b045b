//go:build unix

package conform

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"
)

// isOpen reports whether the other side of an idle connection has neither closed it nor said anything.
func isOpen(c net.Conn) bool {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	var seen error
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, seen = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK) // which does not wait, as Go has set it so
		return true
	})
	return err == nil && (errors.Is(seen, syscall.EAGAIN) || errors.Is(seen, syscall.EWOULDBLOCK))
}
