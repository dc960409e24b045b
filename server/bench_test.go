package server_test

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/store"
)

const connections = 16

// BenchmarkReset measures resets over HTTP on loopback, from 16 connections at once, client included:
//
//	bare        a net/http handler that answers 200 and does nothing
//	idempotent  a reset of an idle status: authentication, validation, log, store, and nothing to write
//	durable     a reset of a failed status, which is on disk before the answer
//	store       what durable does without HTTP: the store's group commit alone, from as many goroutines
//
// The load generator writes a request's bytes and reads to the end of the answer's header; a client of net/http would
// cost more than the server.
func BenchmarkReset(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		load(b, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func() {})
	})
	b.Run("idempotent", func(b *testing.B) {
		f := benchServer(b)
		f.fail()
		load(b, f.Config.Handler, func() {})
	})
	b.Run("durable", func(b *testing.B) {
		f := benchServer(b)
		load(b, f.Config.Handler, f.fail)
	})
	b.Run("store", func(b *testing.B) {
		f := benchServer(b)
		spread(b, f.fail, func() func(int) error {
			return func(uid int) error {
				_, err := store.Update(b.Context(), f.store, store.Databases, uid, func(db *database.Database) error { return db.ResetImportStatus(nil) })
				return err
			}
		})
	})
}

// benchServer has its records on disk and logs as in production: JSON, a write a line.
func benchServer(b *testing.B, change ...func(*node.Config)) *fixture {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { null.Close() })
	log := func(c *node.Config) {
		c.DataDir, c.Events = b.TempDir(), event.Log(slog.New(slog.NewJSONHandler(null, nil)))
	}
	return start(b, append(change, log)...)
}

// benchDatabases is the size of the cluster, and how many resets are measured between two breaks. Their uids begin
// at firstBench.
const (
	benchDatabases = 500
	firstBench     = 1000
)

// fail makes it so that the import of every database has failed.
func (f *fixture) fail() {
	var made sync.WaitGroup
	for i := range benchDatabases {
		made.Go(func() {
			db := &database.Database{UID: firstBench + i, Name: "x", Type: "redis", Status: database.Active}
			failed := func(db *database.Database) error {
				db.Import.Status, db.Import.FailureReason = database.ImportFailed, database.FileCorrupted
				return nil
			}
			_, err := store.Update(f.t.Context(), f.store, store.Databases, db.UID, failed)
			if errors.Is(err, database.ErrNotExist) {
				failed(db)
				_, err = store.Create(f.t.Context(), f.store, db)
			}
			if err != nil {
				f.t.Error(err)
			}
		})
	}
	made.Wait()
}

// load sends b.N resets to handler.
func load(b *testing.B, handler http.Handler, prepare func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &http.Server{Handler: handler}
	go s.Serve(l)
	defer s.Close()
	request, _ := http.NewRequest("PUT", "/", nil)
	request.SetBasicAuth(admin, password)
	tail := "/actions/import_reset_status HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + request.Header.Get("Authorization") + "\r\nContent-Length: 0\r\n\r\n"
	spread(b, prepare, func() func(int) error {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		answers := bufio.NewReader(conn)
		return func(uid int) error {
			if _, err := fmt.Fprintf(conn, "PUT /v1/bdbs/%d%s", uid, tail); err != nil {
				return err
			}
			return readOK(answers)
		}
	})
}

// readOK reads an answer without a body, which must be a 200.
func readOK(r *bufio.Reader) error {
	status, err := r.ReadString('\n')
	if err == nil && !strings.HasPrefix(status, "HTTP/1.1 200") {
		err = fmt.Errorf("answer: %s", status)
	}
	for line := status; err == nil && line != "\r\n"; {
		line, err = r.ReadString('\n')
	}
	return err
}

// spread has as many workers as there are connections do b.N pieces of work, each on one database. The time that
// prepare takes before each round over all databases is not measured.
func spread(b *testing.B, prepare func(), worker func() func(int) error) {
	workers := make([]func(int) error, connections)
	for i := range workers {
		workers[i] = worker()
	}
	b.ResetTimer()
	for left := b.N; left > 0; left -= benchDatabases {
		b.StopTimer()
		prepare()
		b.StartTimer()
		var next atomic.Int64
		var done sync.WaitGroup
		for _, work := range workers {
			done.Go(func() {
				for n := int(next.Add(1)); n <= min(left, benchDatabases); n = int(next.Add(1)) {
					if err := work(firstBench + n - 1); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		done.Wait()
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}
