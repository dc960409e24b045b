package sink_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/sink"
	"github.com/reimport/reimport/internal/keyspace"
	"github.com/reimport/reimport/internal/redistest"
)

// randomFile is a dump of keys in all the forms that strings and lists have, of all sizes around those that are treated apart.
func randomFile(rng *rand.Rand) []byte {
	d := newDump()
	sizes := []int{0, 1, 63, 64, 8 << 10, 8<<10 + 1, 128<<10 - 100, 128 << 10, 300 << 10}
	bytesOf := func() string {
		b := make([]byte, max(0, sizes[rng.IntN(len(sizes))]-rng.IntN(3)))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return string(b)
	}
	for db := range 3 {
		d.raw(254, byte(db*7))
		for i := range 60 {
			name := fmt.Sprintf("%d:%s", i, strings.Repeat("n", rng.IntN(40)*rng.IntN(40)))
			if rng.IntN(4) == 0 {
				d.expire(4e12 + int64(i))
			}
			switch rng.IntN(6) {
			case 0:
				d.raw(0).text(name).raw(0xC0, byte(i))
			case 1:
				d.raw(0).text(name).raw(0xC1, byte(i), byte(rng.Uint32()))
			case 2:
				d.b = binary.LittleEndian.AppendUint32(d.raw(0).text(name).raw(0xC2).b, rng.Uint32())
			case 3: // compressed: 1 to 29 bytes as they are, then the last one again, 264 times
				stored := bytes.Repeat([]byte{byte('a' + i%26)}, 1+rng.IntN(29))
				n := len(stored) + 264
				d.raw(0).text(name).raw(0xC3, byte(len(stored)+4), 0x40|byte(n>>8), byte(n))
				d.raw(byte(len(stored)-1)).raw(stored...).raw(0xE0, 255, 0)
			case 4:
				d.raw(1).text(name).raw(2).text(bytesOf()).text("x")
			default:
				d.set(name, bytesOf())
			}
		}
	}
	return d.end()
}

// TestRandomFiles: whatever the keys are like, a Redis that was loaded has what it has when it loads the file by itself.
func TestRandomFiles(t *testing.T) {
	s := redistest.Start(t)
	for seed := range uint64(4) {
		file := randomFile(rand.New(rand.NewPCG(seed, 9)))
		mustLoad(t, s, file)
		want := loadedBy(t, file)
		diff, err := keyspace.Diff(t.Context(), s.Client(), want.Client())
		if err != nil || len(diff) > 0 {
			t.Errorf("seed %d: they differ: %v %.2000q", seed, err, diff)
		}
	}
}

// TestMemory: a value is never held, whatever its length.
func TestMemory(t *testing.T) {
	s := redistest.Start(t)
	const size = 100 << 20
	k := rdb.Key{Name: []byte("long"), Type: rdb.TypeString, Idle: -1, Freq: -1, ValueLen: size + 5}
	r, err := sink.NewRedis(t.Context(), &redis.Options{Addr: s.Addr}, sink.Import{Files: make([]rdb.Stats, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	piece := bytes.Repeat([]byte("piece..."), 8<<10)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := r.Key(&k)
	if _, err := w.Write(binary.BigEndian.AppendUint32([]byte{0x80}, size)); err != nil {
		t.Fatal(err)
	}
	for range size / len(piece) {
		if _, err := w.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > size/10 {
		t.Errorf("%d bytes were allocated for a value of %d", grown, size)
	}
	if n := s.Client().StrLen(t.Context(), "long").Val(); n != size {
		t.Errorf("the value has %d bytes, want %d", n, size)
	}
}
