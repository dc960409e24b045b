package control_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

const (
	admin    = "admin@example.com"
	viewer   = "viewer@example.com"
	password = "correct horse"
)

var hash = sync.OnceValues(func() ([]byte, error) { return bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost) })

// cluster is the demo cluster, emulated by a node that listens.
type cluster struct {
	*node.Node
	*control.Emulator
	t      testing.TB
	events *eventtest.Recorder
}

func start(t testing.TB, change ...func(*node.Config)) *cluster {
	t.Helper()
	demo, err := seed.Read(filepath.FromSlash("../../examples/demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	h, err := hash()
	if err != nil {
		t.Fatal(err)
	}
	demo.Users = []access.User{
		{Email: admin, PasswordHash: string(h), Role: access.Admin}, {Email: viewer, PasswordHash: string(h), Role: access.DBViewer},
	}
	c := &cluster{t: t, events: eventtest.NewRecorder()}
	cfg := node.Config{Seed: *demo, Listen: "127.0.0.1:0", Emulate: true, Events: c.events.Sink}
	for _, f := range change {
		f(&cfg)
	}
	if c.Node, err = node.Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Node.Close(); err != nil {
			t.Error(err)
		}
	})
	c.Emulator = c.Node.Emulator()
	return c
}

func withTLS(c *node.Config) { c.TLS = true }

// client returns a client that speaks one protocol, such as HTTP/2.0, and keeps its connections.
func (c *cluster) client(protocol string) *http.Client {
	c.t.Helper()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(protocol == "HTTP/1.1")
	protocols.SetHTTP2(protocol == "HTTP/2.0")
	transport := &http.Transport{Protocols: protocols}
	if c.CA() != "" {
		pem, err := os.ReadFile(c.CA())
		if err != nil {
			c.t.Fatal(err)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem)
	}
	c.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (c *cluster) request(method, path, body string, change ...func(*http.Request)) *http.Request {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.URL()+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.SetBasicAuth(admin, password)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, f := range change {
		f(r)
	}
	return r
}

// answer is one that was read to its end, or as far as there was one.
type answer struct {
	status int
	header http.Header
	body   string
	proto  string
}

func send(client *http.Client, r *http.Request) (answer, error) {
	w, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	return answer{w.StatusCode, w.Header, string(body), w.Proto}, err
}

// call sends a request that must be answered.
func (c *cluster) call(client *http.Client, method, path, body string, change ...func(*http.Request)) answer {
	c.t.Helper()
	a, err := send(client, c.request(method, path, body, change...))
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (c *cluster) put(f control.Fault) {
	c.t.Helper()
	if err := c.Faults.Put(f); err != nil {
		c.t.Fatal(err)
	}
}

// dial returns a connection without TLS, which the test's end closes.
func (c *cluster) dial() net.Conn {
	c.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.URL(), "http://"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			c.t.Error(err)
		}
	})
	return conn
}
