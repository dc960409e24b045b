package importer_test

import (
	"context"
	"errors"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/sink"
)

// script is the sink of a simulated database that says how an import goes on, once its files are checked, and how it ends.
type script struct {
	*sink.Discard
	ctx    context.Context
	report func(float64) error
	play   func(ctx context.Context, report func(percent float64) error) error
}

func (s *script) Begin(ctx context.Context) error {
	s.ctx = ctx
	return nil
}

func (s *script) Flush() error { return s.play(s.ctx, s.report) }

// scripted makes every import go as play says.
func scripted(play func(ctx context.Context, report func(percent float64) error) error) func(*importer.Config) {
	return func(c *importer.Config) {
		c.Sink = func(_ context.Context, o *importer.Opening) (importer.Sink, error) {
			discard, err := sink.NewDiscard(o.Database.UID, o.Files, c.Events)
			return &script{Discard: discard, report: o.Report, play: play}, err
		}
	}
}

// TestScriptedEnds: a script has the last word, whatever the files are.
func TestScriptedEnds(t *testing.T) {
	good := newDump().set("a", "1", 0).end()
	for _, reason := range []database.FailureReason{
		"", database.DownloadError, database.FileCorrupted, database.GeneralError, database.KeyTooLong, database.InvalidBulkLength,
		database.OutOfMemory, database.FileLargerThanMemLimit(7, 5),
	} {
		asScripted := errors.New("as scripted")
		b := newBench(t, scripted(func(context.Context, func(float64) error) error {
			if reason == "" {
				return nil
			}
			return &database.ImportError{Reason: reason, Err: asScripted}
		}))
		files := map[string]database.Source{
			"good": b.file("good", good), "bad": b.file("bad", good[:len(good)-1]), "missing": {Type: database.SourceMountPoint, Location: b.dir + "/missing"},
		}
		for name, src := range files {
			db, e := b.run(src)
			if reason == "" {
				b.wantSuccess(db)
			} else {
				b.wantFailure(db, reason)
				if failed := b.failed(e); !errors.Is(failed.Err, asScripted) || failed.Reason != string(reason) {
					t.Errorf("%s: it ended with %+v", name, failed)
				}
			}
		}
		overruled := eventtest.All[event.ImportOverruled](b.events)
		if len(overruled) != 2 {
			t.Fatalf("%q: overruled %+v, want those of two files", reason, overruled)
		}
		corrupt := 0
		for _, e := range overruled {
			if errors.Is(e.Err, rdb.ErrCorrupt) {
				corrupt++
			}
		}
		if corrupt != 1 {
			t.Errorf("%q: the bad file was not checked: %+v", reason, overruled)
		}
	}
}

// TestScriptedLeavesTheRedis: a script decides how an import into a database with a Redis ends, and nothing of the Redis is erased.
func TestScriptedLeavesTheRedis(t *testing.T) {
	for _, end := range []error{nil, sink.ErrOutOfMemory} {
		var uid int
		var during *database.Database
		var b *bench
		b = newBench(t, func(c *importer.Config) {
			open := func(_ context.Context, o *importer.Opening) (importer.Sink, error) {
				discard, err := sink.NewDiscard(o.Database.UID, o.Files, c.Events)
				return &script{Discard: discard, report: o.Report, play: func(context.Context, func(float64) error) error {
					during = b.get(uid)
					return end
				}}, err
			}
			c.Script = func(*database.Database) *importer.Script { return &importer.Script{Open: open, End: func() {}} }
			c.Erase = func(context.Context, *database.Database) error {
				t.Error("the Redis is erased")
				return nil
			}
		})
		uid = b.local(database.Endpoint{Port: 1})
		b.start(uid, b.file("a.rdb", newDump().set("a", "1", 0).end()))
		e := b.ended(uid)
		if during.Import.Status != database.ImportImporting || during.Incomplete {
			t.Errorf("while it runs: %s, incomplete: %v", during.Import.Status, during.Incomplete)
		}
		if db := b.get(uid); end == nil {
			b.wantSuccess(db)
		} else {
			b.wantFailed(db, e, database.OutOfMemory)
		}
	}
}

// TestFrozenImports: imports whose script waits hold up no other, stay where they are, and end once they are released, or at a
// shutdown.
func TestFrozenImports(t *testing.T) {
	frozen, release := make(chan struct{}), make(chan error)
	b := newBench(t, scripted(func(ctx context.Context, report func(float64) error) error {
		if err := report(40); err != nil {
			return err
		}
		frozen <- struct{}{}
		select {
		case end := <-release:
			return end
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}), func(c *importer.Config) { c.Loads = 1 })
	src := b.file("a.rdb", newDump().set("a", "1", 0).end())
	var uids []int
	for range 3 {
		uids = append(uids, b.create(0))
		b.start(uids[len(uids)-1], src)
		<-frozen
	}
	for _, uid := range uids {
		if i := b.get(uid).Import; i.Status != database.ImportImporting || i.Progress != 40 {
			t.Errorf("%d: %s at %v", uid, i.Status, i.Progress)
		}
	}
	release <- nil
	release <- sink.ErrOutOfMemory
	eventtest.Wait(t, b.events, func(event.ImportSucceeded) bool { return true })
	eventtest.Wait(t, b.events, func(event.ImportFailed) bool { return true })
	if err := b.im.Close(); err != nil {
		t.Fatal(err)
	}
	ends := map[database.FailureReason]float64{}
	for _, uid := range uids {
		i := b.get(uid).Import
		ends[i.FailureReason] = i.Progress
	}
	if len(ends) != 3 || ends[""] != 100 || ends[database.OutOfMemory] != 40 || ends[database.GeneralError] != 40 {
		t.Errorf("they ended with %v", ends)
	}
}
