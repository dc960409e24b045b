package rdb

import (
	"fmt"
	"hash/crc64"
	"math/rand/v2"
	"testing"
)

// The check value is the one in redis's crc64.c.
func TestCRC64CheckValue(t *testing.T) {
	if got := CRC64(0, []byte("123456789")); got != 0xe9c6d914c4b8d9ca {
		t.Fatalf("CRC64 = %x", got)
	}
}

// The standard library knows the polynomial; it inverts the sum at both ends.
func TestCRC64AgainstTheStandardLibrary(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 40_000)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	table := crc64.MakeTable(jonesPoly)
	for range 300 {
		p := data[rng.IntN(100):][:rng.IntN(len(data)-100)]
		want := ^crc64.Update(^uint64(0), table, p)
		if got := CRC64(0, p); got != want {
			t.Fatalf("%d bytes: CRC64 = %x, want %x", len(p), got, want)
		}
		cut := rng.IntN(len(p) + 1)
		if got := CRC64(CRC64(0, p[:cut]), p[cut:]); got != want {
			t.Fatalf("%d bytes cut at %d: CRC64 = %x, want %x", len(p), cut, got, want)
		}
	}
}

func BenchmarkCRC64(b *testing.B) {
	for _, n := range []int{32, 128, 1 << 10, 64 << 10} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := make([]byte, n)
			b.SetBytes(int64(n))
			sum := uint64(0)
			for b.Loop() {
				sum = CRC64(sum, p)
			}
		})
	}
}
