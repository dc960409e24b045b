package keyspace_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/keyspace"
	"github.com/reimport/reimport/internal/redistest"
)

// do runs a command, given as words, in database 0.
func do(t *testing.T, c *redis.Client, args ...any) any {
	t.Helper()
	reply, err := c.Do(t.Context(), args...).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatalf("%.100v: %v", args, err)
	}
	return reply
}

// run runs commands of plain words, one a line.
func run(t *testing.T, c *redis.Client, commands string) {
	t.Helper()
	conn := c.Conn()
	defer conn.Close()
	for line := range strings.Lines(commands) {
		var args []any
		for _, word := range strings.Fields(line) {
			args = append(args, word)
		}
		if len(args) == 0 {
			continue
		}
		if err := conn.Do(t.Context(), args...).Err(); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	if err := conn.Select(t.Context(), 0).Err(); err != nil {
		t.Fatal(err)
	}
}

const filled = `
	SET string value
	SET number 12345
	SET expires value PXAT 4102444800123
	RPUSH list a b c
	SADD numbers 1 2 3
	SADD set a b c d e f g h
	HSET hash a 1 b 2
	ZADD zset 1 a 2.5 b inf c
	XADD stream 1-1 f v f w
	XADD stream 2-1 f v
	XGROUP CREATE stream group 0
	XREADGROUP GROUP group consumer COUNT 1 STREAMS stream >
	SELECT 3
	SET third database`

// fill makes some of every type.
func fill(t *testing.T, c *redis.Client) {
	t.Helper()
	run(t, c, filled)
	table, many := []any{"HSET", "table"}, []any{"MSET"}
	for i := range 1000 {
		table = append(table, fmt.Sprint("field", i), i)
		many = append(many, fmt.Sprint("key:", i), i)
	}
	do(t, c, table...)
	do(t, c, many...)
	do(t, c, "ZADD", "skiplist", 1, strings.Repeat("m", 100), 2, "b")
	do(t, c, "FUNCTION", "LOAD", library("short", 1))
	do(t, c, "FUNCTION", "LOAD", library("other", 1))
}

func library(name string, value int) string {
	return fmt.Sprintf("#!lua name=%s\nredis.register_function('%[1]s', function() return %d end)", name, value)
}

// TestDiff: each change alone is found, and its opposite, and nothing else.
func TestDiff(t *testing.T) {
	got, want := redistest.Start(t).Client(), redistest.Start(t).Client()
	for _, test := range []struct {
		change string
		want   []string // what the lines must have, in any order
	}{
		{"PING", nil},
		{"SET string other", []string{`string "string" differ`}},
		{"SET string value EX 1000000", []string{`"string" expires at`}},
		{"PERSIST expires", []string{`"expires" expires at`}},
		{"PEXPIREAT expires 4102444800124", []string{`"expires" expires at 4102444800`}},
		{"DEL string", []string{`keys, want`, `"string" is`}},
		{"SET new value", []string{`keys, want`, `"new" is`}},
		{"RENAME key:999 key:x", []string{`is missing`}},
		{"HDEL hash a\nHSET hash a 1", nil}, // in another order,
		{"SADD set i", []string{`set "set" differ`}},
		{"SADD numbers 4", []string{`set "numbers" differ`}},
		{"LSET list 1 x", []string{`list "list" differ`}},
		{"HSET hash a 2", []string{`hash "hash" differ`}},
		{"HSET table field500 x", []string{`hash "table" differ`}},
		{"ZADD zset 2.5000000000000004 b", []string{`zset "zset" differ`}},
		{"ZADD skiplist 3 b", []string{`zset "skiplist" differ`}},
		{"LPOP list 3", []string{`keys, want`, `"list" is`}},
		{"COPY string zset REPLACE", []string{`"zset" is a`}},
		{"XADD stream 3-1 f v", []string{`stream "stream" differ`}},
		{"XDEL stream 1-1", []string{`stream "stream" differ`}},
		{"XSETID stream 9-1", []string{`stream "stream" differ`}},
		{"XGROUP SETID stream group 0", []string{`stream "stream" differ`}},
		{"XGROUP CREATECONSUMER stream group other", []string{`stream "stream" differ`}},
		{"XACK stream group 1-1", []string{`stream "stream" differ`}},
		{"XCLAIM stream group consumer 0 1-1", []string{`stream "stream" differ`}},
		{"MOVE string 4", []string{`database 0: 1`, `database 0: key "string"`, `database 4`, `database 4: key "string"`}},
		{"SWAPDB 3 5", []string{`database 3: key "third"`, `database 5: key "third"`}},
		{"FUNCTION DELETE other", []string{`library other is`}},
	} {
		t.Run(test.change, func(t *testing.T) {
			for _, c := range []*redis.Client{got, want} {
				do(t, c, "FLUSHALL")
				do(t, c, "FUNCTION", "FLUSH")
				fill(t, c)
			}
			run(t, got, test.change)
			check(t, got, want, test.want)
			check(t, want, got, test.want)
		})
	}
}

func check(t *testing.T, got, want *redis.Client, lines []string) {
	t.Helper()
	found, err := keyspace.Diff(t.Context(), got, want)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) == 0 && len(found) > 0 {
		t.Errorf("found %q, want nothing", found)
	}
	for _, part := range lines {
		if !slices.ContainsFunc(found, func(line string) bool { return strings.Contains(line, part) }) {
			t.Errorf("found %q, want %s", found, part)
		}
	}
}

func TestDiffOfLibraries(t *testing.T) {
	got, want := redistest.Start(t).Client(), redistest.Start(t).Client()
	do(t, got, "FUNCTION", "LOAD", library("a", 1))
	do(t, want, "FUNCTION", "LOAD", library("a", 2))
	check(t, got, want, []string{"the sources of the function library a differ"})
}

func TestDiffGivesUp(t *testing.T) {
	got, want := redistest.Start(t).Client(), redistest.Start(t).Client()
	fill(t, want)
	lines, err := keyspace.Diff(t.Context(), got, want)
	if err != nil || len(lines) < 20 || len(lines) > 30 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}

func TestDiffOfNobody(t *testing.T) {
	live, closed := redistest.Start(t).Client(), redistest.Start(t).Client()
	closed.Close()
	for _, pair := range [][2]*redis.Client{{live, closed}, {closed, live}} {
		if _, err := keyspace.Diff(t.Context(), pair[0], pair[1]); !errors.Is(err, redis.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
}
