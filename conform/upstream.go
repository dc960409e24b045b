package conform

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"sync"
	"time"

	"github.com/reimport/reimport/internal/contract"
)

// upstream sends requests over HTTP/1.1, each in the goroutine that asks: two goroutines for a connection, as net/http has
// them, cost a proxy a quarter of its throughput. What is out of the ordinary, it leaves to net/http.
type upstream struct {
	tls    *tls.Config
	others http.Transport

	mu   sync.Mutex
	idle []*link // the newest last
}

// link is a connection to the server.
type link struct {
	net.Conn
	reader *bufio.Reader
	writer *bufio.Writer
	since  time.Time // when it became idle
}

const (
	maxIdle     = 256
	idleTimeout = 30 * time.Second
	dialTimeout = 30 * time.Second
	linkBuffer  = 32 << 10
)

func newUpstream(config *tls.Config) *upstream {
	return &upstream{tls: config, others: http.Transport{
		TLSClientConfig: config, DisableCompression: true, IdleConnTimeout: idleTimeout, ExpectContinueTimeout: time.Second,
	}}
}

// isPlain reports whether a request is one whose body can be sent without a look at what the server says meanwhile.
func isPlain(r *http.Request) bool {
	return r.ContentLength >= 0 && r.ContentLength <= contract.MaxBody && r.Header["Expect"] == nil && r.Header["Upgrade"] == nil && len(r.Trailer) == 0
}

// RoundTrip implements http.RoundTripper.
func (u *upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	if !isPlain(r) {
		return u.others.RoundTrip(r)
	}
	l, err := u.take(r)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // why there is no connection matters more
		}
		return nil, err
	}
	stop := context.AfterFunc(r.Context(), func() { _ = l.Close() })
	response, err := l.exchange(r)
	if err != nil {
		stop()
		return nil, errors.Join(err, l.Close())
	}
	response.Body = &linkBody{ReadCloser: response.Body, upstream: u, link: l, stop: stop, last: response.Close || r.Close}
	return response, nil
}

// exchange sends a request, and returns its response, whose body is still to be read.
func (l *link) exchange(r *http.Request) (*http.Response, error) {
	sent := errors.Join(r.Write(l.writer), l.writer.Flush())
	var network *net.OpError
	if sent != nil && !errors.As(sent, &network) {
		return nil, sent // the client has not sent all of it, for which the server would wait
	}
	for {
		response, err := http.ReadResponse(l.reader, r)
		switch {
		case err != nil && sent != nil:
			return nil, sent
		case err != nil:
			return nil, err
		case response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols:
			return response, nil
		}
		if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.Got1xxResponse != nil {
			if err := trace.Got1xxResponse(response.StatusCode, textproto.MIMEHeader(response.Header)); err != nil {
				return nil, err
			}
		}
	}
}

// take returns a connection that is idle and alive, or a new one.
func (u *upstream) take(r *http.Request) (*link, error) {
	for {
		u.mu.Lock()
		last := len(u.idle) - 1
		if last < 0 {
			u.mu.Unlock()
			return u.dial(r)
		}
		l := u.idle[last]
		u.idle = u.idle[:last]
		u.mu.Unlock()
		if time.Since(l.since) < idleTimeout && l.reader.Buffered() == 0 && isOpen(l.Conn) {
			return l, nil
		}
		_ = l.Close() // the server has closed it, or has said what nobody asked
	}
}

func (u *upstream) dial(r *http.Request) (*link, error) {
	address, dialer := r.URL.Host, &net.Dialer{Timeout: dialTimeout}
	var conn net.Conn
	var err error
	if r.URL.Scheme == "https" {
		conn, err = (&tls.Dialer{NetDialer: dialer, Config: u.tls}).DialContext(r.Context(), "tcp", withPort(address, r.URL.Port(), "443"))
	} else {
		conn, err = dialer.DialContext(r.Context(), "tcp", withPort(address, r.URL.Port(), "80"))
	}
	if err != nil {
		return nil, err
	}
	return &link{Conn: conn, reader: bufio.NewReaderSize(conn, linkBuffer), writer: bufio.NewWriter(conn)}, nil
}

func withPort(host, port, usual string) string {
	if port == "" {
		return host + ":" + usual
	}
	return host
}

func (u *upstream) giveBack(l *link) {
	l.since = time.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.idle) == maxIdle {
		_ = l.Close()
		return
	}
	u.idle = append(u.idle, l)
}

// close closes what is idle.
func (u *upstream) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, l := range u.idle {
		_ = l.Close()
	}
	u.idle = nil
	u.others.CloseIdleConnections()
}

// linkBody gives the connection back when it has been read.
type linkBody struct {
	io.ReadCloser
	upstream *upstream
	link     *link // nil once it is given back or closed
	stop     func() bool
	last     bool // the server closes the connection
}

func (b *linkBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end(err == io.EOF && !b.last)
	}
	return n, err
}

// Close implements io.Closer. What has not been read is lost with the connection.
func (b *linkBody) Close() error {
	b.end(false)
	return nil
}

func (b *linkBody) end(again bool) {
	if b.link == nil {
		return
	}
	if stopped := b.stop(); again && stopped {
		b.upstream.giveBack(b.link)
	} else {
		_ = b.link.Close() // it may be closed already
	}
	b.link = nil
}
