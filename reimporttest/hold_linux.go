package reimporttest

import (
	"net/netip"
	"os"
	"sync"
	"syscall"
)

// hold takes a free port of 127.0.0.1 and returns its address and what gives it up. Between the death of a server and its
// restart nobody else gets the port then: a client would take another test's server for its own. Linux lets a socket that
// does not listen share its port with one that does, if both allow it, as those of package net do.
func hold() (address string, release func(), err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", nil, os.NewSyscallError("socket", err)
	}
	release = sync.OnceFunc(func() { _ = syscall.Close(fd) })
	if address, err = bind(fd); err != nil {
		release()
	}
	return address, release, err
}

func bind(fd int) (address string, err error) {
	local := netip.MustParseAddr("127.0.0.1").As4()
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return "", os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: local}); err != nil {
		return "", os.NewSyscallError("bind", err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		return "", os.NewSyscallError("getsockname", err)
	}
	port := bound.(*syscall.SockaddrInet4).Port
	return netip.AddrPortFrom(netip.AddrFrom4(local), uint16(port)).String(), nil //nolint:gosec // a port
}
