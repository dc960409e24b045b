// Package node is one running node of a cluster: it opens store, data plane, importer, server and listener from one Config, and
// closes them in reverse order. Nothing else assembles them.
package node

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/dataplane"
	"github.com/reimport/reimport/internal/disk"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
	"github.com/reimport/reimport/internal/store/memory"
	"github.com/reimport/reimport/server"
)

// Node is one running node. It is an http.Handler: what its listener serves, and what a node without one serves.
type Node struct {
	cfg      Config
	dir      string
	store    store.Store
	chosen   chosen
	plane    *dataplane.Plane
	file     seed.Seed // the users file
	importer *importer.Importer
	face     atomic.Pointer[face]
	handler  http.Handler      // nil until the node can answer
	emulator *control.Emulator // nil unless the node emulates
	gate     gate
	changing sync.Mutex // held by whoever replaces or ends the face
	closed   bool
	draining atomic.Bool
	listener net.Listener // nil if there is none
	tls      *tls.Config  // nil for plain HTTP
	ca       string
	controls net.Listener // for the controls; nil if there is none
	services []*service   // of these listeners
	serving  context.Context
	failed   context.CancelFunc // ends serving

	closers []func() error // in the order in which they have come up
}

// StoreIn is the file of a data directory that has the records.
func StoreIn(dataDir string) string { return filepath.Join(dataDir, "reimport.db") }

// LockoutsIn is where a data directory has the names that are locked out.
func LockoutsIn(dataDir string) server.Lockouts {
	return server.Lockouts(filepath.Join(dataDir, "lockouts"))
}

// Open starts a node, which answers requests when Open returns. The error is a *ConfigError if cfg is to blame, and
// store.ErrLocked if another node has the data directory; that writes nothing there. ctx is for the start alone. The
// caller closes the Node.
func Open(ctx context.Context, cfg Config) (*Node, error) {
	cfg.complete()
	n := &Node{cfg: cfg, gate: newGate()}
	n.serving, n.failed = context.WithCancel(context.Background())
	n.onClose(func() error {
		n.failed()
		return nil
	})
	if err := n.open(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// open takes what only one node can have, the address and the store, before it writes anything.
func (n *Node) open(ctx context.Context) error {
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { _ = server.Prepare() }) // server.New has the error
	for _, step := range []func(context.Context) error{
		n.listen, n.listenForControls, n.openStore, n.openPlane, n.loadCertificate, n.emulate, n.startImporter, n.setUp, n.serve, n.serveControls,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) onClose(f func() error) { n.closers = append(n.closers, f) }

func (n *Node) listen(ctx context.Context) (err error) {
	if n.cfg.Listen == "" {
		return nil
	}
	if n.cfg.Seed.Demo && !Loopback(n.cfg.Listen) {
		return n.refuseDemo("the seed")
	}
	n.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", n.cfg.Listen)
	if err != nil {
		return &ConfigError{"listen", err}
	}
	n.onClose(func() error {
		_ = n.listener.Close() // unless the server has done so
		return nil
	})
	return nil
}

func (n *Node) openStore(context.Context) (err error) {
	n.dir = n.cfg.DataDir
	if n.dir == "" {
		return n.openMemory()
	}
	if err := disk.MkdirAll(n.dir, 0o700); err != nil {
		return &ConfigError{"data-dir", err}
	}
	if n.store, err = bolt.Open(StoreIn(n.dir)); err != nil {
		return err
	}
	n.onClose(n.closeStore)
	return nil
}

// openMemory names a temporary directory, which few nodes have a use for: whoever has makes it.
func (n *Node) openMemory() (err error) {
	n.dir = filepath.Join(os.TempDir(), "reimport-"+rand.Text())
	n.onClose(func() error { return os.RemoveAll(n.dir) })
	if n.store, err = memory.Open(n.cfg.Disk); err != nil {
		return err
	}
	n.onClose(n.closeStore)
	return nil
}

func (n *Node) closeStore() error {
	if err := n.store.Close(); !errors.Is(err, store.ErrClosed) { // by Kill
		return err
	}
	return nil
}

// serve has the listener serve.
func (n *Node) serve(ctx context.Context) error {
	if n.listener == nil {
		return nil
	}
	if n.emulator != nil {
		n.listener = n.emulator.Listen(n.listener)
	}
	n.run(newService(ctx), n.listener, n.handler, n.tls)
	return nil
}

// Wait returns when ctx ends, or when a listener has failed: Close then has the error.
func (n *Node) Wait(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-n.serving.Done():
	}
}

// ServeHTTP implements http.Handler.
func (n *Node) ServeHTTP(w http.ResponseWriter, r *http.Request) { n.handler.ServeHTTP(w, r) }

// URL is where programs on this machine reach the node, empty for a node without a listener.
func (n *Node) URL() string {
	if n.listener == nil {
		return ""
	}
	address := n.listener.Addr().(*net.TCPAddr)
	u := url.URL{Scheme: "http", Host: address.String()}
	if address.IP.IsUnspecified() { // which no certificate is for
		u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(address.Port))
	}
	if n.tls != nil {
		u.Scheme = "https"
	}
	return u.String()
}

// CA is the file with the CA to trust the node by, empty unless the node has made its certificate.
func (n *Node) CA() string { return n.ca }

// Store has the node's records.
func (n *Node) Store() store.Store { return n.store }

// Drain has /healthz say that the node is about to close, so that balancers send no more requests. All else goes on.
func (n *Node) Drain() {
	n.draining.Store(true) // for a face that a reset puts in place meanwhile
	n.face.Load().server.Drain()
}

// Kill ends the node as the death of its process would: connections are cut, requests under way get no answer, and nothing
// more is written, not even how the runs under way end. The next node on the same DataDir or Disk finds them as they are; the
// local Redises run on if there is a DataDir.
func (n *Node) Kill() error {
	for _, s := range n.services {
		s.end(server.ErrCut)
		<-s.ended
	}
	return errors.Join(n.plane.Kill(), n.closeStore(), n.end())
}

// Close says so on /healthz, takes no more connections, waits for the requests under way, ends the imports, has the local
// Redises save and end, and closes the store.
func (n *Node) Close() error {
	if n.handler != nil {
		n.Drain()
	}
	if n.emulator != nil {
		n.emulator.Faults.ClearAll() // which requests under way may wait for
	}
	return n.end()
}

func (n *Node) end() (err error) {
	for len(n.closers) > 0 {
		last := len(n.closers) - 1
		err = errors.Join(err, n.closers[last]())
		n.closers = n.closers[:last]
	}
	return err
}
