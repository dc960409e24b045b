// Package redistest runs real Redis servers for tests.
package redistest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is a redis-server that belongs to one test and ends with it. One goroutine uses it at a time.
type Server struct {
	Addr string // 127.0.0.1 and a port
	Dir  string // its working directory

	t    testing.TB
	args []string
	end  func()
}

// Start runs the installed redis-server, with args behind the defaults: a free port, a temporary directory, nothing saved.
// It skips the test if there is none.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s, err := TryStart(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TryStart is Start for a server that may refuse to start, such as one that cannot load its file. The error has its log.
func TryStart(t testing.TB, args ...string) (*Server, error) {
	t.Helper()
	s := &Server{t: t, Dir: t.TempDir(), args: args, end: func() {}}
	t.Cleanup(func() { s.end() })
	for range 10 { // another process may take the port meanwhile
		s.Addr = freeAddr(t)
		if err := s.run(); err == nil {
			return s, nil
		} else if !strings.Contains(err.Error(), "Address already in use") {
			return nil, err
		}
	}
	return nil, errors.New("no free port for redis-server")
}

// Program returns the path of the installed redis-server. It skips the test if there is none.
func Program(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("SKIPPED: redis-server is not installed, so nothing here was tried on a real one")
	}
	return path
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return addr
}

// failure is what a server said that did not start.
type failure string

func (f failure) Error() string { return "redis-server says:\n" + string(f) }

// run starts the process and returns when it accepts connections.
func (s *Server) run() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	cmd := exec.Command(Program(s.t), append([]string{ //nolint:gosec // what the tests say
		"--bind", "127.0.0.1", "--port", port, "--dir", s.Dir, "--save", "", "--enable-debug-command", "yes",
	}, s.args...)...)
	log, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	read := make(chan struct{})
	s.end = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		<-read
		_ = cmd.Wait()
	})
	var said strings.Builder
	lines := bufio.NewScanner(io.TeeReader(log, &said))
	for lines.Scan() && !strings.Contains(lines.Text(), "eady to accept connections") {
	}
	if started := lines.Text() != ""; !started {
		close(read)
		s.end()
		return failure(said.String())
	}
	go func() {
		defer close(read)
		_, _ = io.Copy(io.Discard, log)
	}()
	return nil
}

// Kill ends the server as SIGKILL does, and returns when it has gone.
func (s *Server) Kill() { s.end() }

// Restart runs the server again, which Kill has ended, on the same address and directory.
func (s *Server) Restart() {
	s.t.Helper()
	if err := s.run(); err != nil {
		s.t.Fatal(err)
	}
}

// Client returns a client of the server, which the test closes.
func (s *Server) Client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.Addr, Protocol: 2, DisableIdentity: true, ReadTimeout: time.Minute})
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Info returns a number of INFO.
func (s *Server) Info(field string) int64 {
	s.t.Helper()
	text, err := s.Client().Info(s.t.Context(), "everything").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	_, text, found := strings.Cut(text, "\r\n"+field+":")
	text, _, _ = strings.Cut(text, "\r\n")
	n, err := strconv.ParseInt(text, 10, 64)
	if !found || err != nil {
		s.t.Fatalf("INFO has no number %s: %v", field, err)
	}
	return n
}
