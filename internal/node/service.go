package node

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"github.com/reimport/reimport/server"
)

// service answers what comes to a listener.
type service struct {
	ctx   context.Context // ends when the service is to end
	end   context.CancelCauseFunc
	ended chan struct{} // closed when it answers no more
}

func newService(ctx context.Context) *service {
	s := &service{ended: make(chan struct{})}
	s.ctx, s.end = context.WithCancelCause(context.WithoutCancel(ctx))
	return s
}

// run has a service answer what comes to l until the node is closed.
func (n *Node) run(s *service, l net.Listener, h http.Handler, config *tls.Config) {
	var failure error
	go func() {
		defer close(s.ended)
		failure = server.Serve(s.ctx, l, h, config, n.cfg.Grace, n.cfg.Events)
		n.failed()
	}()
	n.services = append(n.services, s)
	n.onClose(func() error {
		s.end(nil)
		<-s.ended
		return failure
	})
}
