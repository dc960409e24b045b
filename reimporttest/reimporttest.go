package reimporttest

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/node"
)

// A Server is a server that lasts as long as a test. Its methods and those of its fields end the test if they fail, so they
// are for the goroutine of the test.
type Server struct {
	// URL is where the server listens, such as https://127.0.0.1:40123. It stays the same after a Restart.
	URL string
	// User and Password are of an administrator. UserOf names users of other roles, who have the same password.
	User, Password string

	Clock   *Clock
	Scripts *Scripts
	Faults  *Faults
	Trace   *Trace

	t       testing.TB
	cfg     node.Config
	mu      sync.Mutex
	node    *node.Node     // nil while the server is dead
	pool    *x509.CertPool // nil for plain HTTP
	ca      []byte
	http    *http.Client
	release func() // gives up the address
}

// Run starts a server, which answers when Run returns, and ends it with the test. Without options it has the databases that
// DBIdle and its like name, and speaks HTTPS. If the test fails, its log has what the server was asked and what it answered,
// without secrets.
//
// The server listens on 127.0.0.1. It may import any file of this machine, and from any URL. Its password is a secret of the
// process.
func Run(t testing.TB, options ...Option) *Server {
	t.Helper()
	shared, err := common()
	if err != nil {
		t.Fatal(err)
	}
	c, err := configure(shared, options)
	if err != nil {
		t.Fatalf("reimporttest: %v", err)
	}
	s := &Server{t: t, User: UserOf(Admin), Password: shared.password, cfg: c.node()}
	if c.onDisk {
		s.cfg.DataDir = filepath.Join(t.TempDir(), "data")
	}
	if !c.plain {
		s.cfg.TLS, s.cfg.Certificate, s.pool, s.ca = true, &shared.certificate, shared.pool, shared.ca
	}
	if s.cfg.Listen, s.release, err = hold(); err != nil {
		t.Fatalf("reimporttest: %v", err)
	}
	s.http = &http.Client{Transport: transport(s.pool)}
	t.Cleanup(s.end)
	s.open()
	s.URL = s.node.URL()
	_, s.cfg.Listen, _ = strings.Cut(s.URL, "://")
	e := s.node.Emulator()
	s.cfg.Emulator = e
	s.Clock, s.Scripts, s.Faults, s.Trace = &Clock{t, e.Clock}, &Scripts{t, e.Scripts}, &Faults{t: t, faults: e.Faults}, &Trace{e.Trace}
	return s
}

func (s *Server) open() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.node, err = node.Open(s.t.Context(), s.cfg); err != nil {
		s.t.Fatalf("reimporttest: %v", err)
	}
}

// Kill ends the server as the death of its process would: it cuts the connections, leaves requests under way without an
// answer, and writes nothing more. What was answered before is kept for Restart. A server that is dead stays dead. Kill may be
// called from any goroutine.
func (s *Server) Kill() {
	s.t.Helper()
	if s.kill() {
		s.forget()
	}
}

// kill reports whether the server has lived.
func (s *Server) kill() bool {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.node == nil {
		return false
	}
	if err := s.node.Kill(); err != nil {
		s.t.Errorf("reimporttest: %v", err)
	}
	s.node = nil
	return true
}

// forget has HTTPClient find out that its connections are cut, as it would by and by: a request on one of them would fail
// though the server is up again.
func (s *Server) forget() {
	for patience := time.Now().Add(10 * time.Second); time.Now().Before(patience); {
		resp, err := s.http.Get(s.URL)
		if err == nil {
			_ = resp.Body.Close()
			return // somebody else has the port, which is not Linux
		}
		if dial := new(net.OpError); errors.As(err, &dial) && dial.Op == "dial" {
			return
		}
	}
}

// Restart starts the server again, at the same address and with what it had; one that still runs it kills before. Imports
// that were running show as failed, with the reason general-error, as after a crash. Clock, scripts, faults and trace go on.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.cfg.Seed.Databases, s.cfg.Seed.HighestUID = nil, 0 // they are kept, or have been deleted since
	s.open()
}

// end ends the server with its test. Nobody waits for an answer any more.
func (s *Server) end() {
	s.t.Helper()
	s.endRedises()
	s.kill()
	s.http.CloseIdleConnections()
	s.release()
	if s.t.Failed() && s.Trace != nil && s.Trace.trace.Last() > 0 {
		s.t.Logf("what %s was asked:\n%s", s.URL, s.Trace)
	}
}

// endRedises ends what would live on after a kill.
func (s *Server) endRedises() {
	s.t.Helper()
	if s.cfg.DataPlane != node.DataPlaneLocal || s.cfg.DataDir == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.node == nil {
		s.cfg.Seed.Databases, s.cfg.Seed.HighestUID = nil, 0
		s.node, err = node.Open(context.WithoutCancel(s.t.Context()), s.cfg)
	}
	if err == nil {
		err = s.node.Close()
	}
	if s.node = nil; err != nil {
		s.t.Errorf("reimporttest: %v", err)
	}
}

// CertPool returns a pool of the caller's with the CA to trust the server by, nil for plain HTTP.
func (s *Server) CertPool() *x509.CertPool {
	if s.pool == nil {
		return nil
	}
	return s.pool.Clone()
}

// CAFile writes the CA to trust the server by to a file, for programs that want one, and returns its path, which lasts as long
// as the test. It is empty for plain HTTP.
func (s *Server) CAFile() string {
	s.t.Helper()
	if s.ca == nil {
		return ""
	}
	path := filepath.Join(s.t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, s.ca, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}
