package server

import (
	"net"
	"sync"
	"time"
)

// writeBuffer is the size of the buffer that net/http has before a connection, and that cannot be set.
const writeBuffer = 4 << 10

// coalescingListener gives out connections that send an answer of a little more than net/http's buffer, as one with a
// whole database is, in one system call and not in two. Each of them wakes the client, which costs more than the rest of
// a read.
type coalescingListener struct{ net.Listener }

func (l coalescingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &coalescingConn{Conn: c}, nil
}

// coalescingConn keeps a full buffer until it knows what follows. net/http sets a read deadline or closes once an answer is
// complete: what is kept then was its end. It has none of the methods with which net/http would write past it.
type coalescingConn struct {
	net.Conn
	mu   sync.Mutex
	kept []byte
}

func (c *coalescingConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) == 0 {
		if len(p) != writeBuffer {
			return c.Conn.Write(p)
		}
		c.kept = append(c.kept, p...)
		return len(p), nil
	}
	pieces := net.Buffers{c.kept, p}
	n, err := pieces.WriteTo(c.Conn)
	n = max(0, n-int64(len(c.kept)))
	c.kept = c.kept[:0]
	return int(n), err
}

// flush sends what is kept, unless a write is under way, which does so itself.
func (c *coalescingConn) flush() {
	if !c.mu.TryLock() {
		return
	}
	defer c.mu.Unlock()
	if len(c.kept) > 0 {
		_, _ = c.Conn.Write(c.kept) // a connection that is broken says so again when it is read
		c.kept = c.kept[:0]
	}
}

func (c *coalescingConn) SetReadDeadline(t time.Time) error {
	c.flush()
	return c.Conn.SetReadDeadline(t)
}

// CloseWrite lets net/http end an answer that its client still sends to.
func (c *coalescingConn) CloseWrite() error {
	c.flush()
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *coalescingConn) Close() error {
	c.flush()
	return c.Conn.Close()
}
