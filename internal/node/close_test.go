package node_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/node"
)

// health asks over a connection of its own.
func health(n *node.Node) (int, error) {
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := c.Get(n.URL() + "/healthz")
	if err != nil {
		return 0, err
	}
	return r.StatusCode, r.Body.Close()
}

// halfAsked returns a connection with a request whose body the node waits for.
func halfAsked(t testing.TB, n *node.Node) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(conn, "GET /openapi.yaml HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	if r, err := http.ReadResponse(answers, nil); err != nil || r.StatusCode != http.StatusContinue { //nolint:bodyclose // it has none; the node reads the body
		t.Fatalf("%v: %+v", err, r)
	}
	return conn, answers
}

// TestClose ends a node with a request under way: /healthz says so before the listener is gone, and the request is
// answered.
func TestClose(t *testing.T) {
	n := open(t, node.Config{Listen: "127.0.0.1:0", Seed: cluster()})
	conn, answers := halfAsked(t, n)
	defer conn.Close()
	if code, err := health(n); code != http.StatusOK {
		t.Errorf("%d, %v", code, err)
	}
	n.Drain()
	if code, err := health(n); code != http.StatusServiceUnavailable {
		t.Errorf("about to close: %d, %v", code, err)
	}
	closed := make(chan error)
	go func() { closed <- n.Close() }()
	for code, err := 0, error(nil); err == nil; code, err = health(n) {
		if code == http.StatusOK {
			t.Fatal("it takes requests again")
		}
	}
	if _, err := fmt.Fprint(conn, "{}"); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Errorf("%+v", r)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
