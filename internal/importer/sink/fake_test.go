package sink_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/importer/sink"
)

// fake is a server that speaks RESP and is no Redis. It answers a command with what answer returns, in RESP, and ends the connection
// behind a reply that is not whole. What answer leaves out it answers as an empty Redis 7 does.
func fake(t *testing.T, answer func(command []string) (reply string, ok bool)) *redis.Options {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		served.Wait()
	})
	served.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			served.Go(func() { serve(conn, answer) })
		}
	})
	return &redis.Options{Addr: l.Addr().String()}
}

func serve(conn net.Conn, answer func([]string) (string, bool)) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	keys, queued := map[string]string{}, false
	for {
		command, err := readCommand(in)
		if err != nil {
			return
		}
		reply, ok := answer(command)
		if !ok {
			reply = likeRedis(command, keys, &queued)
		}
		if reply == "" {
			return
		}
		if _, err := io.WriteString(conn, reply); err != nil || !strings.HasSuffix(reply, "\n") {
			return
		}
	}
}

func likeRedis(c []string, keys map[string]string, queued *bool) string {
	name := strings.ToUpper(c[0])
	if *queued && name != "DISCARD" {
		return "+QUEUED\r\n"
	}
	switch name {
	case "HELLO":
		return "-ERR unknown command\r\n"
	case "PING":
		return "+PONG\r\n"
	case "INFO":
		return bulk("redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\n")
	case "CONFIG", "CLIENT":
		return "-NOPERM no\r\n"
	case "MULTI", "DISCARD":
		*queued = name == "MULTI"
	case "RESTORE":
		keys[c[1]] = c[3][2 : len(c[3])-10]
	case "GET":
		return bulk(keys[c[1]])
	case "DEL":
		return ":1\r\n"
	}
	return "+OK\r\n"
}

func bulk(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

func readCommand(in *bufio.Reader) ([]string, error) {
	n, err := readNumber(in, '*')
	command := make([]string, 0, 8)
	for range n {
		size, err := readNumber(in, '$')
		if err != nil {
			return nil, err
		}
		arg := make([]byte, size+2)
		if _, err := io.ReadFull(in, arg); err != nil {
			return nil, err
		}
		command = append(command, string(arg[:size]))
	}
	return command, err
}

func readNumber(in *bufio.Reader, kind byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, errors.New("unexpected " + line)
	}
	return strconv.Atoi(strings.TrimRight(line[1:], "\r\n"))
}

// TestFakes: what only resembles a Redis is refused before anything is erased.
func TestFakes(t *testing.T) {
	for name, c := range map[string]struct {
		command, reply, want string
	}{
		"restores something else": {"GET", bulk("\x00garbage"), "expected a Redis that restores"},
		"does not restore":        {"RESTORE", "-ERR unknown command 'RESTORE'\r\n", "unknown command 'RESTORE'"},
		"does not keep":           {"GET", "$-1\r\n", "expected a Redis that restores"},
		"does not introduce":      {"INFO", bulk("hello:1\r\n"), `found one in mode ""`},
		"old":                     {"INFO", bulk("redis_version:4.0.14\r\nredis_mode:standalone\r\nrole:master\r\n"), "expected Redis 5.0.0 or later, or a Valkey, found Redis 4.0.14"},
		"cluster":                 {"INFO", bulk("redis_version:7.0.15\r\nredis_mode:cluster\r\nrole:master\r\n"), `found one in mode "cluster"`},
		"sentinel":                {"INFO", bulk("redis_version:7.0.15\r\nredis_mode:sentinel\r\nrole:master\r\n"), `found one in mode "sentinel"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := fake(t, func(command []string) (string, bool) {
				if command[0] == "FLUSHALL" && len(command) > 1 {
					t.Error("it was erased")
				}
				return c.reply, strings.EqualFold(command[0], c.command)
			})
			if err := load(t.Context(), o, small); err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, sink.ErrConnectionLost) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestReplies: nothing but the reply that a command has counts as its success.
func TestReplies(t *testing.T) {
	plain, long := newDump().set("k", "1").end(), newDump().set("k", strings.Repeat("x", 1<<20)).end()
	for name, c := range map[string]struct {
		file                 []byte
		command, reply, want string
		lost                 bool
	}{
		"another":              {plain, "MSET", ":1\r\n", `key "k" in database 0: expected another reply`, false},
		"none":                 {plain, "MSET", "", "the connection to the database is lost", true},
		"part":                 {plain, "MSET", "+O", "the connection to the database is lost", true},
		"no line":              {plain, "MSET", "OK\n", "expected another reply", false},
		"long":                 {plain, "MSET", "-ERR " + strings.Repeat("x", 1<<16) + "\r\n", `expected another reply, found one that begins with "-ERR xxx`, false},
		"empty":                {plain, "MSET", "\r\n", "expected another reply", false},
		"loading":              {plain, "MSET", "-LOADING wait\r\n", "LOADING wait", true},
		"refusal":              {long, "RESTORE", "-ERR Bad data format\r\n", `key "k" in database 0: the Redis answers ERR Bad data format`, false},
		"memory":               {long, "RESTORE", "-OOM command not allowed\r\n", `key "k" in database 0: the database is out of memory`, false},
		"no database":          {newDump().raw(254, 9).set("k", "1").end(), "SELECT", "-ERR DB index is out of range\r\n", `expected a Redis with database 9`, false},
		"loading at the start": {plain, "INFO", bulk("redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\nloading:1\r\n"), "loading its own data", true},
		"no keys":              {plain, "NEVER", "", "expected 1 to 1 keys after the load, found 0", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := fake(t, func(command []string) (string, bool) {
				probing := strings.HasPrefix(command[min(1, len(command)-1)], "reimport")
				return c.reply, strings.EqualFold(command[0], c.command) && !probing
			})
			err := load(t.Context(), o, c.file)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, sink.ErrConnectionLost) != c.lost {
				t.Errorf("got %v, want %q, lost: %v", err, c.want, c.lost)
			}
		})
	}
}
