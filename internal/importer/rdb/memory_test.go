package rdb

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestMemoryEstimate holds the estimate against used_memory of a real server that loaded the same file.
func TestMemoryEstimate(t *testing.T) {
	for _, c := range []struct {
		name string
		fill func(run func(args ...string))
	}{
		{"small strings", fillSmall},
		{"mixed", fillMixed},
		{"big collections", fillBig},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			src := startRedis(t, dir)
			empty := src.info("used_memory")
			src.pipeline(c.fill)
			src.do("SAVE")
			src.stop()
			got := scanFile(t, filepath.Join(dir, "dump.rdb")).Memory
			real := startRedis(t, dir).info("used_memory") - empty
			off := float64(got-real) / float64(real) * 100
			t.Logf("estimated %d, really %d bytes: %+.1f %%", got, real, off)
			if off < -25 || off > 25 {
				t.Errorf("estimate is off by %+.1f %%, want at most 25", off)
			}
		})
	}
}

// Each database has hash tables of its own, and expiries have theirs.
func TestMemoryOfDatabases(t *testing.T) {
	memory := func(f *file) int64 {
		s := NewScanner(bytes.NewReader(f.end()))
		for s.Next() {
		}
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		return s.Stats().Memory
	}
	one := memory(newFile("REDIS0011").db(0).key(TypeString, "a").text("x"))
	if two := memory(newFile("REDIS0011").db(0).key(TypeString, "a").text("x").db(1).key(TypeString, "b").text("y")); two != 2*one {
		t.Errorf("a key takes %d bytes, two in two databases %d", one, two)
	}
	if timed := memory(newFile("REDIS0011").db(0).expireMS(1).key(TypeString, "a").text("x")); timed != one+dictEntry+8 {
		t.Errorf("a key takes %d bytes, with an expiry %d; want an entry and a bucket more", one, timed)
	}
}

func scanFile(t *testing.T, path string) Stats {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := NewScanner(f)
	for s.Next() {
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	return s.Stats()
}

func newRand() *rand.Rand { return rand.New(rand.NewPCG(7, 7)) }

func fillSmall(run func(args ...string)) {
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range 60_000 {
		run("SET", fmt.Sprintf("key:%012d", i), noise(rng, 32+rng.IntN(64)))
	}
}

// static is longer than LZF looks back, and made once: letter by letter it takes most of the time of a test.
var static = sync.OnceValue(func() string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b, rng := make([]byte, 256<<10), newRand()
	for i := range b {
		b[i] = digits[rng.IntN(len(digits))]
	}
	return string(b)
})

// noise does not compress, so that files are as large as what they hold.
func noise(rng *rand.Rand, n int) string {
	from := static()[rng.IntN(128<<10):]
	for len(from) < n {
		from += static()
	}
	return from[:n]
}

func fillMixed(run func(args ...string)) {
	rng := rand.New(rand.NewPCG(4, 4))
	for i := range 12_000 {
		key := fmt.Sprintf("key:%012d", i)
		fillKey(run, key, rng)
		if rng.IntN(4) == 0 {
			run("EXPIRE", key, "100000")
		}
	}
}

func fillKey(run func(args ...string), key string, rng *rand.Rand) {
	many := 5 + rng.IntN(20)
	if rng.IntN(10) == 0 {
		many += 200
	}
	add := func(command string, element func(i int) []string) {
		args := []string{command, key}
		for i := range many {
			args = append(args, element(i)...)
		}
		run(args...)
	}
	switch p := rng.IntN(100); {
	case p < 30:
		run("SET", key, noise(rng, 20+rng.IntN(1000)))
	case p < 35:
		run("SET", key, fmt.Sprint(rng.IntN(1<<30)))
	case p < 60:
		add("HSET", func(i int) []string { return []string{fmt.Sprintf("field%d", i), noise(rng, 5+rng.IntN(90))} })
	case p < 65:
		add("SADD", func(int) []string { return []string{fmt.Sprint(rng.IntN(1 << 30))} })
	case p < 75:
		add("SADD", func(i int) []string { return []string{fmt.Sprintf("member:%d", i)} })
	case p < 85:
		add("ZADD", func(i int) []string { return []string{fmt.Sprint(rng.Float64()), fmt.Sprintf("member:%d", i)} })
	case p < 95:
		add("RPUSH", func(int) []string { return []string{noise(rng, 10+rng.IntN(60))} })
	default:
		for range many {
			run("XADD", key, "*", "sensor", noise(rng, 10), "value", noise(rng, 10))
		}
	}
}

func fillBig(run func(args ...string)) {
	rng := rand.New(rand.NewPCG(5, 5))
	for i := range 50_000 {
		run("HSET", "hash", fmt.Sprintf("field:%d", i), noise(rng, 24))
		run("ZADD", "zset", fmt.Sprint(i), fmt.Sprintf("member:%d", i))
		run("SADD", "set", fmt.Sprintf("member:%d", i))
		run("RPUSH", "list", noise(rng, 40))
		run("XADD", "stream", "*", "field", noise(rng, 20))
	}
	run("SET", "string", strings.Repeat("x", 1<<20)+noise(rng, 1<<20))
	run("XGROUP", "CREATE", "stream", "readers", "0")
	run("XREADGROUP", "GROUP", "readers", "r1", "COUNT", "10000", "STREAMS", "stream", ">")
}
