package control_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

// TestSettleSlowFiles: requests wait for files that take their time only for so long after the start of an import, all of them
// together. Each GET is a step all the same.
func TestSettleSlowFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		b := newBench(t, func(c *importer.Config) {
			c.Loads = 1
			c.Sink = func(context.Context, *importer.Opening) (importer.Sink, error) {
				<-release
				return nil, context.Canceled
			}
		})
		good, _, _ := b.files()
		must(t, b.start(b.create(), good)) // which the next one waits for
		synctest.Wait()
		uid := b.create()
		must(t, b.Scripts.Set(uid, []control.Script{{Pace: seed.PacePolled, Steps: 5}}))
		must(t, b.start(uid, good))
		pass(time.Second)
		for _, want := range []time.Duration{4 * time.Second, 0, 0} {
			began := time.Now()
			b.wantAt(b.poll(uid), database.ImportInitializing, 0)
			if took := time.Since(began); took != want {
				t.Errorf("a GET took %v, want %v", took, want)
			}
		}
		close(release)
		synctest.Wait()
		b.wantAt(b.poll(uid), database.ImportImporting, 75)
		b.wantSuccess(b.poll(uid))
	})
}

// TestSettleManySlowFiles: a listing waits no longer for many imports than for one.
func TestSettleManySlowFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(c *importer.Config) {
			next := c.Script
			c.Script = func(db *database.Database) *importer.Script {
				return &importer.Script{End: next(db).End, Open: func(ctx context.Context, _ *importer.Opening) (importer.Sink, error) {
					<-ctx.Done()
					return nil, context.Cause(ctx)
				}}
			}
		})
		good, _, _ := b.files()
		for range 3 {
			uid := b.create()
			must(t, b.Scripts.Set(uid, []control.Script{{}}))
			must(t, b.start(uid, good))
		}
		began := time.Now()
		b.Scripts.Settle(t.Context(), 0, false)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("a listing took %v, want 5s", took)
		}
	})
}

// TestSettleEnds: a request does not wait longer than it lasts.
func TestSettleEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		b := newBench(t, func(c *importer.Config) {
			next := c.Script
			c.Script = func(db *database.Database) *importer.Script {
				s := next(db)
				return &importer.Script{End: s.End, Open: func(ctx context.Context, o *importer.Opening) (importer.Sink, error) {
					<-release
					return s.Open(ctx, o)
				}}
			}
		})
		good, _, _ := b.files()
		uid := b.create()
		must(t, b.Scripts.Set(uid, []control.Script{{}}))
		must(t, b.start(uid, good))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		b.Scripts.Settle(ctx, uid, true)
		if took := time.Since(began); took != time.Second {
			t.Errorf("a GET of a second took %v", took)
		}
		close(release)
		b.wantSuccess(b.poll(uid))
	})
}

// TestChallengesAreNoSteps: a client that sends its credentials once it is challenged sees what others see.
func TestChallengesAreNoSteps(t *testing.T) {
	c := start(t, func(cfg *node.Config) { cfg.Importer.AllowPrivate = true })
	client := c.client("HTTP/1.1")
	must(t, c.Scripts.Set(1, []control.Script{{Outcome: seed.ScriptSucceeded, Pace: seed.PacePolled, Steps: 3}}))
	source := `{"dataset_import_sources": [{"type": "url", "url": "http://127.0.0.1:1/x.rdb"}]}`
	if a := c.call(client, "POST", "/v1/bdbs/1/actions/import", source); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	for _, want := range []string{"initializing", "importing", "succeeded"} {
		if a := c.call(client, "GET", "/v1/bdbs/1", "", func(r *http.Request) { r.Header.Del("Authorization") }); a.status != 401 {
			t.Errorf("%+v", a)
		}
		if a := c.call(client, "GET", "/v1/bdbs/1?fields=import_status", ""); !strings.Contains(a.body, want) {
			t.Errorf("%s, want %s", a.body, want)
		}
	}
}
