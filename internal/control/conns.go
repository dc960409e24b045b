package control

import (
	"net"
	"net/http"
	"sync"
)

// connections are those that a listener has accepted and that are open, by their addresses. HTTP/2 shows a handler its stream
// and never the connection, which a fault has to close.
type connections struct{ open sync.Map }

// Listen returns l with connections that faults can close, if they are TCP's.
func (e *Emulator) Listen(l net.Listener) net.Listener { return &listener{l, &e.connections} }

type listener struct {
	net.Listener
	connections *connections
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	tcp, ok := c.(*net.TCPConn)
	if err != nil || !ok {
		return c, err
	}
	tracked := &conn{tcp, addresses{c.LocalAddr().String(), c.RemoteAddr().String()}, l.connections}
	l.connections.open.Store(tracked.addresses, tracked)
	return tracked, nil
}

// conn has all methods of the connection in it, with which an answer in two pieces takes one system call.
type conn struct {
	*net.TCPConn
	addresses
	connections *connections
}

type addresses struct{ local, remote string }

func (c *conn) Close() error {
	c.connections.open.CompareAndDelete(c.addresses, c)
	return c.TCPConn.Close()
}

// close closes the TCP connection of a request, if a listener has accepted it here. TLS does not say goodbye first.
func (cs *connections) close(r *http.Request) {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return
	}
	if c, ok := cs.open.Load(addresses{local.String(), r.RemoteAddr}); ok {
		_ = c.(*conn).Close() // which may be under way
	}
}
