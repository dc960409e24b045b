package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/reimport/reimport/internal/event"
)

// The time limits of a connection. A request is small and so is its answer; imports run behind them.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 20 * time.Second
	idleTimeout       = 60 * time.Second
	// maxHeaderBytes leaves a request with 64 KiB of headers to limitHeaders. HTTP/2 counts 32 bytes more for each field.
	maxHeaderBytes = 256 << 10
)

// ErrCut is why a context ends that ends Serve at once: it cuts the connections, and the requests in flight get no answer.
var ErrCut = errors.New("the connections are cut")

// Serve has handler answer requests on l until ctx ends, with TLS if config is not nil. Then it takes no more connections and,
// unless the cause is ErrCut, waits up to grace for the requests in flight. It returns nil after such an end. What net/http
// says of connections is an event.
func Serve(ctx context.Context, l net.Listener, handler http.Handler, config *tls.Config, grace time.Duration, events event.Sink) error {
	h := &http.Server{
		Handler:           handler,
		TLSConfig:         config,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          log.New(transport(events), "", 0),
	}
	served := make(chan error, 1)
	go func() {
		if config != nil {
			served <- h.ServeTLS(l, "", "")
		} else {
			served <- h.Serve(coalescingListener{l})
		}
	}()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	err := shutDown(ctx, h, grace)
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

func shutDown(ctx context.Context, h *http.Server, grace time.Duration) error {
	if errors.Is(context.Cause(ctx), ErrCut) {
		return h.Close()
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := h.Shutdown(deadline)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(errors.New("requests still in flight were cut off"), h.Close())
	}
	return err
}

// Drain has /healthz say that the server is about to end.
func (s *Server) Drain() { s.draining.Store(true) }

// transport reports what is written to it, which net/http does a line at a time.
type transport event.Sink

func (t transport) Write(line []byte) (int, error) {
	t(context.Background(), event.Transport{Text: strings.TrimSuffix(string(line), "\n")})
	return len(line), nil
}
