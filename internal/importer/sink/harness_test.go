package sink_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/sink"
	"github.com/reimport/reimport/internal/redistest"
)

// now is before all expiries of the files that tests make, in milliseconds.
const now = 1_700_000_000_000

func options(s *redistest.Server) *redis.Options { return &redis.Options{Addr: s.Addr} }

// load imports files as the importer does, into the Redis of opt.
func load(ctx context.Context, opt *redis.Options, files ...[]byte) error {
	imp, err := checkFiles(files...)
	if err != nil {
		return err
	}
	r, err := sink.NewRedis(ctx, opt, imp)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Begin(ctx); err != nil {
		return err
	}
	for _, f := range files {
		if err := pass(r, f); err != nil {
			return err
		}
	}
	return r.Flush()
}

// checkFiles returns what a check of the files learns.
func checkFiles(files ...[]byte) (imp sink.Import, err error) {
	for _, f := range files {
		s := rdb.NewScanner(bytes.NewReader(f))
		s.Now = now
		for s.Next() {
		}
		imp.Files = append(imp.Files, s.Stats())
		err = errors.Join(err, s.Err())
	}
	return imp, err
}

func check(t testing.TB, files ...[]byte) sink.Import {
	t.Helper()
	imp, err := checkFiles(files...)
	if err != nil {
		t.Fatal(err)
	}
	return imp
}

// pass hands the keys of file to r.
func pass(r *sink.Redis, file []byte) error {
	s := rdb.NewScanner(bytes.NewReader(file))
	s.Now, s.Library = now, r.Library
	var value bytes.Buffer
	for s.Next() {
		k := *s.Key()
		if k.Expired || k.Empty {
			continue
		}
		value.Reset()
		n, err := s.WriteValue(&value)
		if err != nil {
			return err
		}
		k.ValueLen = n
		if _, err := io.Copy(struct{ io.Writer }{r.Key(&k)}, &value); err != nil {
			return err
		}
	}
	return s.Err()
}

func mustLoad(t testing.TB, s *redistest.Server, files ...[]byte) {
	t.Helper()
	if err := load(t.Context(), options(s), files...); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// dump writes RDB files of version 10.
type dump struct{ b []byte }

func newDump() *dump { return &dump{[]byte("REDIS0010")} }

func (d *dump) raw(b ...byte) *dump {
	d.b = append(d.b, b...)
	return d
}

func (d *dump) text(s string) *dump {
	d.b = binary.BigEndian.AppendUint32(append(d.b, 0x80), uint32(len(s)))
	d.b = append(d.b, s...)
	return d
}

// set adds a string.
func (d *dump) set(name, value string) *dump {
	return d.raw(byte(rdb.TypeString)).text(name).text(value)
}

// expire gives the next key an expiry in milliseconds.
func (d *dump) expire(ms int64) *dump {
	d.b = binary.LittleEndian.AppendUint64(d.raw(252).b, uint64(ms))
	return d
}

func (d *dump) end() []byte {
	d.raw(255)
	return binary.LittleEndian.AppendUint64(d.b, rdb.CRC64(0, d.b))
}
