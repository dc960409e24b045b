package reimporttest_test

import (
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/reimport/reimport/reimporttest"
)

// TestPortIsKept: nobody else gets the port of a server that is dead, until its test ends.
func TestPortIsKept(t *testing.T) {
	var url string
	in := within(t, func(t testing.TB) {
		srv := reimporttest.Run(t)
		url = srv.URL
		srv.Kill()
		if err := take(t, url); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("dead: %v", err)
		}
		srv.Restart()
	})
	if err := take(t, url); in.failed || err != nil {
		t.Errorf("at the end: %v\n%s", err, in.log.String())
	}
}

// take binds the port of a URL as a program does that shares it with nobody.
func take(t testing.TB, url string) error {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	address := netip.MustParseAddrPort(strings.TrimPrefix(url, "https://"))
	return syscall.Bind(fd, &syscall.SockaddrInet4{Addr: address.Addr().As4(), Port: int(address.Port())})
}
