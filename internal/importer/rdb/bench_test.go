package rdb

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// smallFile has n strings of 32 to 95 bytes under names of 16.
func smallFile(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 1))
	f := newFile("REDIS0011").aux("redis-ver", "7.2.4").db(0).raw(251).lengths(uint64(n), 0)
	text := strings.Repeat("abcdefghijklmnop", 6)
	for i := range n {
		f.key(TypeString, fmt.Sprintf("key:%012d", i)).text(text[:32+rng.IntN(64)])
	}
	return f.end()
}

// mixedFile has n keys of all shapes that Redis 7 writes, a quarter of them with an expiry.
func mixedFile(n int) []byte {
	rng := rand.New(rand.NewPCG(2, 2))
	f := newFile("REDIS0011").aux("redis-ver", "7.2.4").db(0).raw(251).lengths(uint64(n), uint64(n/4))
	text := strings.Repeat("abcdefghijklmnop", 40)
	for i := range n {
		if rng.IntN(4) == 0 {
			f.expireMS(1_900_000_000_000)
		}
		mixedKey(f, fmt.Sprintf("key:%012d", i), rng, text)
	}
	return f.end()
}

func mixedKey(f *file, name string, rng *rand.Rand, text string) {
	size := func() string { return text[:20+rng.IntN(80)] }
	switch p := rng.IntN(100); {
	case p < 30:
		f.key(TypeString, name).text(text[:32+rng.IntN(600)])
	case p < 35:
		f.key(TypeString, name).raw(0xC2, 1, 2, 3, 4)
	case p < 50:
		f.key(TypeHashListpack, name).text(listpack("name", size(), "mail", size(), "city", size()))
	case p < 60:
		f.key(TypeHash, name).length(20)
		for i := range 20 {
			f.text(fmt.Sprintf("field:%d", i)).text(size())
		}
	case p < 68:
		f.key(TypeSetIntset, name).text(intset(30))
	case p < 75:
		f.key(TypeSet, name).length(20).texts(numbered("member:", 20)...)
	case p < 80:
		f.key(TypeZSetListpack, name).text(listpack(numbered("m", 20)...))
	case p < 85:
		f.key(TypeZSet2, name).length(40)
		for i := range 40 {
			f.text(fmt.Sprintf("member:%d", i)).f64(float64(i))
		}
	case p < 95:
		f.key(TypeListQuicklist2, name).lengths(2, 2).text(listpack(numbered("element:", 60)...))
		f.length(2).text(listpack(numbered("element:", 60)...))
	default:
		f.key(TypeStreamListpacks3, name).length(1).text(name).text(listpack(numbered("entry:", 100)...))
		f.lengths(100, 1, 1, 1, 1, 0, 0, 100, 0)
	}
}

// hugeFile has collections of n elements and strings of 32 MiB.
func hugeFile(n int) []byte {
	f := newFile("REDIS0011").db(0)
	f.key(TypeHash, "hash").length(uint64(n))
	for i := range n {
		f.text(fmt.Sprintf("field:%d", i)).text("value of moderate length")
	}
	f.key(TypeZSet2, "zset").length(uint64(n))
	for i := range n {
		f.text(fmt.Sprintf("member:%d", i)).f64(float64(i))
	}
	f.key(TypeSet, "set").length(uint64(n)).texts(numbered("member:", n)...)
	big := strings.Repeat("x", 32<<20)
	return f.key(TypeString, "a").text(big).key(TypeString, "b").text(big).end()
}

func benchmarkScan(b *testing.B, data []byte) { benchmark(b, data, false) }

func benchmark(b *testing.B, data []byte, strict bool) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	r := bytes.NewReader(data)
	s := NewScanner(r)
	s.Strict = strict
	for b.Loop() {
		r.Reset(data)
		s.Reset(r)
		for s.Next() {
		}
		if s.Err() != nil {
			b.Fatal(s.Err())
		}
	}
	b.ReportMetric(float64(s.Stats().Keys)*float64(b.N)/b.Elapsed().Seconds(), "keys/s")
}

func BenchmarkScanSmall(b *testing.B) { benchmarkScan(b, smallFile(1_000_000)) }
func BenchmarkScanMixed(b *testing.B) { benchmarkScan(b, mixedFile(200_000)) }
func BenchmarkScanHuge(b *testing.B)  { benchmarkScan(b, hugeFile(1_000_000)) }

// packedFile has n strings and hashes of a few hundred bytes, compressed.
func packedFile(n int) []byte {
	rng := rand.New(rand.NewPCG(3, 3))
	f := newFile("REDIS0011").db(0)
	words := strings.Fields("session user theme dark light language english german last seen yesterday at from mobile desktop")
	text := func() string {
		var b strings.Builder
		for b.Len() < 60+rng.IntN(600) {
			fmt.Fprintf(&b, "%s=%d&", words[rng.IntN(len(words))], rng.IntN(1000))
		}
		return b.String()
	}
	for i := range n {
		if name := fmt.Sprintf("key:%012d", i); i%2 == 0 {
			f.key(TypeString, name).packed(text())
		} else {
			f.key(TypeHashListpack, name).packed(listpack("name", text(), "mail", text()))
		}
	}
	return f.end()
}

func BenchmarkScanPacked(b *testing.B) { benchmarkScan(b, packedFile(100_000)) }

// BenchmarkWriteValue is the scan that a load makes: every value is written somewhere.
func BenchmarkWriteValue(b *testing.B) {
	data := smallFile(1_000_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	r := bytes.NewReader(data)
	s := NewScanner(r)
	for b.Loop() {
		r.Reset(data)
		s.Reset(r)
		for s.Next() {
			if _, err := s.WriteValue(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkScanStrict is the second walk of a file without a checksum.
func BenchmarkScanStrict(b *testing.B) {
	for _, f := range []struct {
		name string
		data []byte
	}{{"Small", smallFile(300_000)}, {"Mixed", mixedFile(100_000)}, {"Packed", packedFile(100_000)}} {
		b.Run(f.name, func(b *testing.B) { benchmark(b, f.data, true) })
	}
}
