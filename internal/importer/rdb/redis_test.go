package rdb

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// redis is a real redis-server that belongs to one test.
type redis struct {
	t           *testing.T
	dir, socket string
	conn        net.Conn
	r           *bufio.Reader
	kill, stop  func() // stop waits for the end, once the log is read
}

// startRedis runs a server in dir, which loads the dump.rdb there, if any. It listens on a socket in a directory of its own.
func startRedis(t *testing.T, dir string, args ...string) *redis {
	t.Helper()
	c, log := launchRedis(t, dir, args...)
	var said strings.Builder
	lines := bufio.NewScanner(io.TeeReader(log, &said))
	for lines.Scan() && !strings.Contains(lines.Text(), ready) {
	}
	if lines.Text() == "" {
		t.Fatalf("redis-server says:\n%s", said.String())
	}
	c.connect()
	go io.Copy(io.Discard, log) // ends with the server
	return c
}

// ready is in the line of the log that says that a server can be connected to.
const ready = "eady to accept connections"

// launchRedis begins what startRedis does. The caller reads the log to its end.
func launchRedis(t *testing.T, dir string, args ...string) (c *redis, log io.Reader) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("SKIPPED: redis-server is not installed, so nothing here was held against the real one")
	}
	c = &redis{t: t, dir: dir, socket: filepath.Join(t.TempDir(), "s")}
	cmd := exec.Command(path, append([]string{
		"--port", "0", "--unixsocket", c.socket, "--dir", dir, "--save", "", "--enable-debug-command", "yes",
	}, args...)...)
	if log, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.kill = func() { cmd.Process.Kill() }
	c.stop = sync.OnceFunc(func() {
		if c.conn != nil {
			c.conn.Close()
		}
		c.kill()
		cmd.Wait()
	})
	t.Cleanup(c.stop)
	return c, log
}

func (c *redis) connect() {
	c.t.Helper()
	conn, err := net.Dial("unix", c.socket)
	if err != nil {
		c.t.Fatal(err)
	}
	c.conn, c.r = conn, bufio.NewReader(conn)
}

// send puts a command on the wire; a reply must be read for each.
func (c *redis) send(w *bufio.Writer, args ...string) {
	w.WriteString("*" + strconv.Itoa(len(args)) + "\r\n")
	for _, a := range args {
		w.WriteString("$" + strconv.Itoa(len(a)) + "\r\n" + a + "\r\n")
	}
}

// do runs a command and returns its reply: a string, an int64, nil or a []any of them.
func (c *redis) do(args ...string) any {
	c.t.Helper()
	w := bufio.NewWriter(c.conn)
	c.send(w, args...)
	if err := w.Flush(); err != nil {
		c.t.Fatal(err)
	}
	reply, err := c.reply()
	if err != nil {
		c.t.Fatalf("%.60q: %v", args, err)
	}
	return reply
}

func (c *redis) text(args ...string) string {
	c.t.Helper()
	return c.do(args...).(string)
}

// pipeline runs many commands without waiting for each one's reply.
func (c *redis) pipeline(commands func(run func(args ...string))) {
	c.t.Helper()
	sent := make(chan int, 1)
	go func() {
		n, w := 0, bufio.NewWriterSize(c.conn, 1<<16)
		commands(func(args ...string) {
			c.send(w, args...)
			n++
		})
		c.send(w, "ECHO", "that was all")
		w.Flush()
		sent <- n
	}()
	for n := 0; ; n++ {
		reply, err := c.reply()
		if err != nil {
			c.t.Fatal(err)
		}
		if reply == "that was all" {
			if want := <-sent; n != want {
				c.t.Fatalf("%d replies to %d commands", n, want)
			}
			return
		}
	}
}

func (c *redis) reply() (any, error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	rest := strings.TrimSuffix(line[1:], "\r\n")
	switch line[0] {
	case '+':
		return rest, nil
	case '-':
		return nil, errors.New(rest)
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	if err != nil || line[0] == ':' {
		return n, err
	}
	if n < 0 {
		return nil, nil
	}
	if line[0] == '$' {
		b := make([]byte, n+2)
		_, err := io.ReadFull(c.r, b)
		return string(b[:n]), err
	}
	list := make([]any, n)
	for i := range list {
		if list[i], err = c.reply(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// info returns a number of INFO.
func (c *redis) info(field string) int64 {
	c.t.Helper()
	for line := range strings.SplitSeq(c.text("INFO", "everything"), "\r\n") {
		if name, value, _ := strings.Cut(line, ":"); name == field {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				c.t.Fatal(err)
			}
			return n
		}
	}
	c.t.Fatalf("INFO has no %s", field)
	return 0
}
