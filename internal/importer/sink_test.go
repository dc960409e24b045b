package importer_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/sink"
)

// TestNames: a name arrives byte for byte, or nothing is erased.
func TestNames(t *testing.T) {
	r := newRecorder()
	b := newBench(t, r.configure)
	longest := strings.Repeat("0123456789abcdef", rdb.MaxName/16)
	db, _ := b.run(b.file("long", newDump().set(longest, "1", 0).set(longest+"x", "expired", 1).end()))
	b.wantSuccess(db)
	if len(r.values) != 1 || r.values["0/"+longest] == nil {
		t.Errorf("the name did not arrive whole, among %d keys", len(r.values))
	}
	r.calls = nil
	db, end := b.run(b.file("longer", newDump().set(longest+"x", "1", 0).end()))
	b.wantFailure(db, database.KeyTooLong)
	if len(r.calls) > 0 || b.failed(end).Offset == nil {
		t.Errorf("the sink was reached: %v; it ended with %+v", r.calls, end)
	}
}

func TestSinkLearnsOfTheFiles(t *testing.T) {
	var learned []rdb.Stats
	r := newRecorder()
	b := newBench(t, func(c *importer.Config) {
		c.Sink = func(_ context.Context, o *importer.Opening) (importer.Sink, error) {
			learned = o.Files
			return r, nil
		}
	})
	db, _ := b.run(b.file("a", newDump().set("a", "1", 0).end()), b.file("b", newDump().raw(254, 3).set("a", "1", 0).end()))
	b.wantSuccess(db)
	if len(learned) != 2 || learned[0].Version != 11 || learned[0].MaxDB != 0 || learned[1].MaxDB != 3 || learned[1].Types[rdb.TypeString] != 1 {
		t.Errorf("it was opened with %+v", learned)
	}
}

// TestModuleAux: the log warns of what no sink can be given.
func TestModuleAux(t *testing.T) {
	b := newBench(t, newRecorder().configure)
	db, _ := b.run(b.file("a", newDump().raw(247, 0x81, 0, 0, 1, 0, 0, 0, 0, 0, 2, 1, 0).set("a", "1", 0).end()))
	b.wantSuccess(db)
	if e := eventtest.All[event.ImportChecked](b.events); len(e) != 1 || e[0].ModuleAux != 1 || e[0].Level() != slog.LevelWarn {
		t.Errorf("it was checked with %+v", e)
	}
}

func TestSimulatedDatabases(t *testing.T) {
	b := newBench(t)
	db, _ := b.run(b.file("last", newDump().raw(254, 15).set("a", "1", 0).end()))
	b.wantSuccess(db)
	b = newBench(t)
	db, _ = b.run(b.file("beyond", newDump().raw(254, 16).set("a", "1", 0).end()))
	b.wantFailure(db, database.GeneralError)
}

// TestKeyErrors: what a sink says of a key ends the import, with the key in the log.
func TestKeyErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		want database.FailureReason
	}{{sink.ErrOutOfMemory, database.OutOfMemory}, {errors.New("broken"), database.GeneralError}} {
		r := newRecorder()
		r.onKey = func(_ context.Context, k *rdb.Key) error {
			return &sink.KeyError{DB: k.DB, Name: []byte(strings.Repeat(string(k.Name), 200)), Err: c.err}
		}
		b := newBench(t, r.configure)
		db, end := b.run(b.file("a", newDump().set("a", "1", 0).end()))
		if db.Import.FailureReason != c.want {
			t.Errorf("%v: got %s, want %s", c.err, db.Import.FailureReason, c.want)
		}
		want := `key "` + strings.Repeat("a", 100) + `"… of 200 bytes in database 0: ` + c.err.Error()
		if got := b.failed(end).Err.Error(); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
