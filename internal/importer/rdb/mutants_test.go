package rdb

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// leftToTarget are the reasons for which redis-server 7.0 refuses what a strict scan accepts. The package's doc has them in
// other words.
var leftToTarget = []string{
	"FATAL: Data file was created with a Redis server configured to handle more than ? databases. Exiting",
	"Failed loading library, Engine ? not found",
	"Failed loading library, Error compiling function",
	"Failed loading library, Error registering functions",
	"=== ASSERTION FAILED ===", // elements within a blob
}

// TestMutants holds a strict scan against redis-server: what each makes of damaged files without a checksum. Both must agree,
// but for leftToTarget. Of the files that the scan refuses few are tried: each costs a start of the server.
func TestMutants(t *testing.T) {
	accepted, refused := 250, 12
	if testing.Short() || slowed {
		accepted, refused = 50, 3
	}
	j := &judge{t: t, dir: t.TempDir()}
	differences := map[string]int{}
	for _, data := range mutable(t) {
		m := &mutator{data, rand.New(rand.NewPCG(7, 7))}
		for left := map[bool]int{true: accepted, false: refused}; left[true]+left[false] > 0; {
			mutant := m.next()
			ours := strictly(mutant)
			if left[ours == nil] == 0 {
				continue
			}
			left[ours == nil]--
			differences[j.difference(mutant, ours)]++
		}
	}
	t.Logf("%d damaged files, %d starts of redis-server", len(mutable(t))*(accepted+refused), j.starts)
	for _, class := range slices.Sorted(maps.Keys(differences)) {
		t.Logf("%5d %s", differences[class], class)
		why, ok := strings.CutPrefix(class, "accepted here, refused there: ")
		if class != agreed && !(ok && slices.ContainsFunc(leftToTarget, func(left string) bool { return strings.HasPrefix(why, left) })) {
			t.Errorf("%d files: %s", differences[class], class)
		}
	}
}

const agreed = "agreed upon"

func strictly(data []byte) error {
	s := NewScanner(nil)
	s.Strict = true
	return scan(s, bytes.NewReader(data))
}

// mutable are the files that are damaged. They have each type and encoding that Redis 7.0 reads, in few bytes.
func mutable(t *testing.T) [][]byte {
	old := newFile("REDIS0009").db(0).raw(251).lengths(2, 0)
	old.key(TypeZSet, "zset 1").length(2).texts("a", "1.5", "b", "2")
	old.key(TypeList, "list 1").length(2).texts("a", "b")
	return [][]byte{fixture(t, "redis-7.0-short"), fixture(t, "redis-7.0-packed"), old.raw(255).u64(0).b}
}

func fillShort(c *redis) {
	word := strings.Repeat("some words ", 5)
	c.do("SET", "number", "1000")
	c.do("SET", "string", word, "PXAT", "4102444800123")
	c.do("RPUSH", "list", "a", "b", word)
	c.do("SADD", "intset", "1", "2", "3")
	c.do("SADD", "set", "a", "b", "cc", "1")
	c.do("ZADD", "zset", "1", "a", "2.5", "b")
	c.do("ZADD", "skiplist", "1", strings.Repeat("m", 65), "inf", "b", "-inf", "c")
	c.do("HSET", "hash", "a", "b", "c", word)
	c.do("HSET", "table", "a", strings.Repeat(word, 2), "b", "100", "c", "d")
	for i := range 4 {
		c.do("XADD", "stream", fmt.Sprintf("%d-1", i+1), "field", "value")
	}
	c.do("XGROUP", "CREATE", "stream", "group", "0")
	c.do("XGROUP", "CREATE", "stream", "grouq", "$")
	c.do("XREADGROUP", "GROUP", "group", "first", "COUNT", "2", "STREAMS", "stream", ">")
	c.do("XREADGROUP", "GROUP", "group", "fiRst", "COUNT", "1", "STREAMS", "stream", ">")
	c.do("FUNCTION", "LOAD", "#!lua name=a\nredis.register_function('f',function()end)")
	c.do("SELECT", "3")
	c.do("SET", "number", "2")
}

// mutator damages data in one place at a time.
type mutator struct {
	data []byte
	rng  *rand.Rand
}

func (m *mutator) next() []byte {
	b := slices.Clone(m.data[:len(m.data)-8])
	at := 9 + m.rng.IntN(len(b)-9)
	n := min(1+m.rng.IntN(24), len(b)-at)
	from := 9 + m.rng.IntN(len(b)-9-n+1)
	switch m.rng.IntN(8) {
	case 0, 1:
		b[at] ^= 1 << m.rng.IntN(8)
	case 2:
		b[at] = byte(m.rng.IntN(256))
	case 3:
		b[at]++
	case 4: // something is there again
		copy(b[at:at+n], m.data[from:from+n])
	case 5: // the same twice
		b = slices.Insert(b, at+n, b[at:at+n]...)
	case 6:
		b = slices.Delete(b, at, at+n)
	case 7:
		b = slices.Insert(b, at, byte(m.rng.IntN(256)))
	}
	return append(b, make([]byte, 8)...)
}

// judge asks redis-server what it makes of files. It keeps a server as long as that accepts them: one that refuses a file
// ends itself.
type judge struct {
	t      *testing.T
	dir    string
	server *redis
	starts int
	log    strings.Builder
	ended  chan struct{} // closed when the log is complete
}

// difference says how redis-server's judgement of data differs from ours.
func (j *judge) difference(data []byte, ours error) string {
	j.t.Helper()
	if err := os.WriteFile(filepath.Join(j.dir, "dump.rdb"), data, 0o600); err != nil {
		j.t.Fatal(err)
	}
	why := j.refusal()
	switch {
	case ours == nil && why != "":
		if strings.HasPrefix(why, "Short read") { // that is all that DEBUG RELOAD says of damage within a value
			if at := j.start(); at != "" {
				why = at
			}
		}
		return "accepted here, refused there: " + why
	case ours != nil && why == "":
		detail := ours.Error()
		if own := new(Error); errors.As(ours, &own) {
			detail = own.Detail
		}
		return "refused here, accepted there: " + changing.ReplaceAllString(detail, "?")
	}
	return agreed
}

// refusal returns why the file is refused, "" if it is not.
func (j *judge) refusal() string {
	if j.server == nil {
		return j.start()
	}
	w := bufio.NewWriter(j.server.conn)
	j.server.send(w, "DEBUG", "RELOAD", "NOSAVE")
	if err := w.Flush(); err != nil {
		j.t.Fatal(err)
	}
	if _, err := j.server.reply(); err != nil {
		return j.end()
	}
	return ""
}

// start has a server load the file.
func (j *judge) start() string {
	j.t.Helper()
	c, log := launchRedis(j.t, j.dir, "--crash-log-enabled", "no", "--crash-memcheck-enabled", "no")
	j.server, j.ended = c, make(chan struct{})
	j.starts++
	j.log.Reset()
	lines := bufio.NewScanner(io.TeeReader(log, &j.log))
	for lines.Scan() {
		if strings.Contains(lines.Text(), ready) {
			c.connect()
			go func() {
				io.Copy(&j.log, log)
				close(j.ended)
			}()
			return ""
		}
	}
	close(j.ended)
	return j.end()
}

// end stops the server and returns what its log has last of a refusal.
func (j *judge) end() string {
	j.server.kill()
	<-j.ended
	j.server.stop()
	j.server = nil
	for line := range strings.Lines(j.log.String()[max(0, strings.LastIndex(j.log.String(), "Done loading")):]) {
		if said := refusal.FindStringSubmatch(line); said != nil && !usual.MatchString(said[1]) {
			return changing.ReplaceAllString(strings.TrimSpace(said[1]), "?")
		}
	}
	j.t.Fatalf("the server ended for no known reason:\n%s", j.log.String())
	return ""
}

var (
	refusal = regexp.MustCompile(`# (?:Internal error in RDB.*-> )?(.+)`)
	usual   = regexp.MustCompile(`^(oO|Redis version|Configuration|Server init|WARNING|RDB file was saved|RDB: |Loading RDB|DB reloaded|Internal error)`)
	// changing matches what differs between two reports of the same fault.
	changing = regexp.MustCompile(`'.*'|"[^"]*"|[0-9]+|\[.*\]|#.*`)
)
