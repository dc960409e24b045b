package server

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// TestAnswersOfEverySize asks for answers around the multiples of net/http's buffer, over connections that are kept, that
// are closed after each answer, and over one to which all requests were sent at once. Each arrives whole, and alone.
func TestAnswersOfEverySize(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{IdleTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Path[1:])
		w.Header().Set("Content-Length", strconv.Itoa(n))
		w.Write(bytes.Repeat([]byte{'x'}, n))
	})}
	go s.Serve(coalescingListener{l})
	defer s.Close()
	var sizes []int
	for _, multiple := range []int{1, 2, 3} {
		for n := multiple*writeBuffer - 200; n < multiple*writeBuffer+10; n++ { // a header is about 120 bytes
			sizes = append(sizes, n)
		}
	}
	ask := func(w io.Writer, n int, connection string) {
		fmt.Fprintf(w, "GET /%d HTTP/1.1\r\nHost: x\r\nConnection: %s\r\n\r\n", n, connection)
	}
	answered := func(r *bufio.Reader, n int) {
		t.Helper()
		answer, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		defer answer.Body.Close()
		if body, err := io.ReadAll(answer.Body); err != nil || len(body) != n {
			t.Fatalf("%d: %d bytes, %v", n, len(body), err)
		}
	}
	dial := func() (net.Conn, *bufio.Reader) {
		t.Helper()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(time.Minute))
		return conn, bufio.NewReader(conn)
	}
	kept, answers := dial()
	for _, n := range sizes {
		ask(kept, n, "keep-alive")
		answered(answers, n)
		closed, last := dial()
		ask(closed, n, "close")
		answered(last, n)
		if rest, err := io.ReadAll(last); err != nil || len(rest) > 0 {
			t.Fatalf("%d: %d bytes behind the answer, %v", n, len(rest), err)
		}
	}
	var all bytes.Buffer
	for _, n := range sizes {
		ask(&all, n, "keep-alive")
	}
	pipelined, answers := dial()
	var sent sync.WaitGroup
	sent.Go(func() { pipelined.Write(all.Bytes()) })
	for _, n := range sizes {
		answered(answers, n)
	}
	sent.Wait()
}

// TestCloseInAWrite closes a connection whose client does not read: the write must not hold the end up.
func TestCloseInAWrite(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	c := &coalescingConn{Conn: ours}
	blocked := make(chan error, 1)
	go func() {
		_, err := c.Write(make([]byte, writeBuffer+1))
		blocked <- err
	}()
	if _, err := io.ReadFull(theirs, make([]byte, 1)); err != nil { // it has begun
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-blocked; err == nil {
		t.Fatal("the write succeeded")
	}
}
