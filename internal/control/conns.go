package control

import (
	"net"
	"net/http"
	"sync"
)

// connections are those that a listener has accepted and that are open, by their addresses. HTTP/2 shows a handler its stream
// and never the connection, which a fault has to close.
type connections struct{ open sync.Map }

// Listen returns l with connections that faults can close.
func (e *Emulator) Listen(l net.Listener) net.Listener { return &listener{l, &e.connections} }

type listener struct {
	net.Listener
	connections *connections
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tracked := &conn{c, l.connections}
	l.connections.open.Store(addresses{c.LocalAddr().String(), c.RemoteAddr().String()}, tracked)
	return tracked, nil
}

type addresses struct{ local, remote string }

type conn struct {
	net.Conn
	connections *connections
}

func (c *conn) Close() error {
	c.connections.open.CompareAndDelete(addresses{c.LocalAddr().String(), c.RemoteAddr().String()}, c)
	return c.Conn.Close()
}

// CloseWrite lets net/http end an answer that its client still sends to.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
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
