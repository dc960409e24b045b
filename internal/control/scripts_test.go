package control_test

import (
	"errors"
	"os"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/seed"
)

// outcomes are all that a script may say.
var outcomes = []database.FailureReason{
	"", seed.ScriptSucceeded, database.DownloadError, database.FileCorrupted, database.GeneralError, database.KeyTooLong,
	database.InvalidBulkLength, database.OutOfMemory, database.FileLargerThanMemLimit(2048, 1024),
}

// TestOutcomes: each script has the last word on each file, the next request finds the end, and the log says who decided.
func TestOutcomes(t *testing.T) {
	b := newBench(t)
	good, bad, missing := b.files()
	byFile := map[database.Source]database.FailureReason{good: seed.ScriptSucceeded, bad: database.FileCorrupted, missing: database.DownloadError}
	for _, outcome := range outcomes {
		for src, own := range byFile {
			b.events.Reset()
			uid := b.create()
			must(t, b.Scripts.Set(uid, []control.Script{{Outcome: outcome}}))
			must(t, b.start(uid, src))
			end := outcome
			if end == "" {
				end = own
			}
			if got := b.poll(uid); end == seed.ScriptSucceeded {
				b.wantSuccess(got)
			} else {
				b.wantFailure(got, end, 0)
			}
			must(t, b.reset(uid))
			wantLog(t, b.events, src, outcome, own)
		}
	}
}

// wantLog holds what is reported of an import: that there was a script, the file's own fault if the script went on all the same,
// and at the end whose word it was.
func wantLog(t *testing.T, events *eventtest.Recorder, src database.Source, outcome, own database.FailureReason) {
	t.Helper()
	scripted := eventtest.All[event.ImportScripted](events)
	if len(scripted) != 1 || scripted[0].Outcome != string(outcome) || scripted[0].Pace != "immediate" || scripted[0].Run == "" {
		t.Errorf("%s, %q: scripted %+v", src.Location, outcome, scripted)
	}
	overruled := eventtest.All[event.ImportOverruled](events)
	if wanted := outcome != "" && own != seed.ScriptSucceeded; wanted != (len(overruled) == 1) {
		t.Errorf("%s, %q: overruled %+v", src.Location, outcome, overruled)
	}
	for _, failed := range eventtest.All[event.ImportFailed](events) {
		says := map[bool]string{true: "its script says so, although its files can be loaded", false: "its script says so"}[own == seed.ScriptSucceeded]
		if outcome == "" {
			if failed.Source != src.Location {
				t.Errorf("%s: it failed for %q", src.Location, failed.Source)
			}
		} else if failed.Err.Error() != says || failed.Ours {
			t.Errorf("%s, %q: it failed with %+v", src.Location, outcome, failed)
		}
	}
}

// TestTimed: the progress is that of the moment, and the end comes with the time, looked at or not.
func TestTimed(t *testing.T) {
	b := newBench(t)
	good, _, _ := b.files()
	uid := b.create()
	must(t, b.Scripts.Set(uid, []control.Script{{Pace: seed.PaceTimed, Duration: time.Minute}, {Outcome: database.OutOfMemory, Pace: seed.PaceTimed, Duration: time.Minute}}))
	must(t, b.start(uid, good))
	b.wantAt(b.poll(uid), database.ImportInitializing, 0)
	for _, c := range []struct {
		after    time.Duration
		status   database.ImportStatus
		progress float64
	}{
		{6*time.Second - 1, database.ImportInitializing, 0},
		{1, database.ImportImporting, 10},
		{9 * time.Second, database.ImportImporting, 25},
		{30 * time.Second, database.ImportImporting, 75},
		{15*time.Second - 1, database.ImportImporting, 99.9},
	} {
		must(t, b.Clock.Advance(c.after))
		b.wantAt(b.poll(uid), c.status, c.progress)
		wantBusy(t, b.reset(uid))
	}
	must(t, b.Clock.Advance(1))
	b.wantSuccess(b.poll(uid))
	must(t, b.reset(uid))

	must(t, b.start(uid, good))
	must(t, b.Clock.Advance(time.Minute/2))
	b.wantAt(b.poll(uid), database.ImportImporting, 50)
	must(t, b.Clock.Set(noon)) // back does not take it back
	b.wantAt(b.poll(uid), database.ImportImporting, 50)
	must(t, b.Clock.Advance(time.Hour))
	if failed := b.failed(uid); failed.Reason != string(database.OutOfMemory) {
		t.Errorf("it failed with %+v", failed)
	}
	b.wantFailure(b.read(uid), database.OutOfMemory, 50)
}

// TestTimedByMachine: a clock that is not frozen takes an import to its end by itself.
func TestTimedByMachine(t *testing.T) {
	b := newBench(t)
	good, _, _ := b.files()
	uid := b.create()
	must(t, b.Scripts.Set(uid, []control.Script{{Pace: seed.PaceTimed, Duration: 20 * time.Millisecond}}))
	must(t, b.start(uid, good))
	b.Clock.Resume()
	eventtest.Wait(t, b.events, func(e event.ImportSucceeded) bool { return e.UID == uid })
	b.wantSuccess(b.read(uid))
}

// TestPolled: the nth GET shows the end, and each other request only what is.
func TestPolled(t *testing.T) {
	b := newBench(t)
	good, bad, _ := b.files()
	uid := b.create()
	must(t, b.Scripts.Set(uid, []control.Script{{Pace: seed.PacePolled, Steps: 5, Repeat: true}}))
	must(t, b.start(uid, good))
	b.wantAt(b.poll(uid), database.ImportInitializing, 0)
	for _, progress := range []float64{25, 50, 75} {
		b.wantAt(b.poll(uid), database.ImportImporting, progress)
		wantBusy(t, b.reset(uid))
		b.Scripts.Settle(t.Context(), 0, true) // that of a listing
	}
	b.wantSuccess(b.poll(uid))
	b.wantSuccess(b.poll(uid))

	must(t, b.start(uid, bad)) // whose own end it is
	for range 4 {
		b.wantAt(b.poll(uid), database.ImportInitializing, 0)
	}
	b.wantFailure(b.poll(uid), database.FileCorrupted, 0)
	must(t, b.reset(uid))

	must(t, b.Scripts.Set(uid, []control.Script{{Pace: seed.PacePolled, Steps: 1}}))
	must(t, b.start(uid, good))
	b.wantSuccess(b.poll(uid))
}

// TestPolledAtOnce: GETs that come at once are a step each.
func TestPolledAtOnce(t *testing.T) {
	b := newBench(t)
	good, _, _ := b.files()
	uid := b.create()
	must(t, b.Scripts.Set(uid, []control.Script{{Outcome: database.OutOfMemory, Pace: seed.PacePolled, Steps: 101}}))
	must(t, b.start(uid, good))
	var gets sync.WaitGroup
	for range 91 {
		gets.Go(func() { b.Scripts.Settle(t.Context(), uid, true) })
	}
	gets.Wait()
	b.wantAt(b.read(uid), database.ImportImporting, 90)
	for range 9 {
		b.poll(uid)
	}
	b.wantFailure(b.poll(uid), database.OutOfMemory, 99)
}

// TestFrozen: it stands still until it is released, and that is seen at once.
func TestFrozen(t *testing.T) {
	b := newBench(t, func(c *importer.Config) { c.Loads = 1 })
	good, _, missing := b.files()
	for at, status := range map[float64]database.ImportStatus{0: database.ImportInitializing, 40: database.ImportImporting, 99.9: database.ImportImporting} {
		for _, outcome := range []database.FailureReason{"", database.GeneralError} {
			uid := b.create()
			if err := b.Scripts.Release(uid); !errors.Is(err, control.ErrNotFrozen) {
				t.Errorf("released what never ran: %v", err)
			}
			must(t, b.Scripts.Set(uid, []control.Script{{Outcome: outcome, Pace: seed.PaceFrozen, At: at}}))
			must(t, b.start(uid, good))
			for range 3 {
				b.wantAt(b.poll(uid), status, at)
			}
			must(t, b.Clock.Advance(time.Hour))
			b.wantAt(b.poll(uid), status, at)
			wantBusy(t, b.start(uid, good))
			must(t, b.Scripts.Release(uid))
			if err := b.Scripts.Release(uid); !errors.Is(err, control.ErrNotFrozen) {
				t.Errorf("released twice: %v", err)
			}
			must(t, b.reset(uid))
			b.wantAt(b.poll(uid), database.ImportIdle, 0)
		}
	}
	uid := b.create()
	must(t, b.Scripts.Set(uid, []control.Script{{Pace: seed.PaceFrozen, At: 40}}))
	must(t, b.start(uid, missing))
	b.wantAt(b.poll(uid), database.ImportInitializing, 0)
	must(t, b.Scripts.Release(uid))
	b.wantFailure(b.poll(uid), database.DownloadError, 0)
}

// TestFrozenTogether: frozen imports hold up no other, and end when they are released, whether somebody asks or not.
func TestFrozenTogether(t *testing.T) {
	b := newBench(t, func(c *importer.Config) { c.Loads = 1 })
	good, _, _ := b.files()
	var uids []int
	for range 3 {
		uid := b.create()
		uids = append(uids, uid)
		must(t, b.Scripts.Set(uid, []control.Script{{Outcome: database.OutOfMemory, Pace: seed.PaceFrozen}}))
		must(t, b.start(uid, good))
		eventtest.Wait(t, b.events, func(e event.ImportScripted) bool { return e.UID == uid })
		b.wantAt(b.poll(uid), database.ImportInitializing, 0)
	}
	for _, uid := range uids {
		must(t, b.Scripts.Release(uid))
		b.failed(uid)
		b.wantFailure(b.read(uid), database.OutOfMemory, 0)
	}
}

// TestStartAtOnce: an import that starts before the one before it has been put away keeps its script.
func TestStartAtOnce(t *testing.T) {
	noted, put, gone := make(chan struct{}), make(chan struct{}), make(chan struct{})
	b := newBench(t, func(c *importer.Config) {
		next := c.Script
		c.Script = func(db *database.Database) *importer.Script {
			s := next(db)
			return &importer.Script{Open: s.Open, End: func() {
				noted <- struct{}{}
				<-put
				s.End()
				gone <- struct{}{}
			}}
		}
	})
	good, _, _ := b.files()
	uid := b.create()
	must(t, b.Scripts.Set(uid, []control.Script{{}, {Pace: seed.PaceFrozen, At: 40}}))
	must(t, b.start(uid, good))
	<-noted // its record says that it has ended
	second := b.im.NewRun()
	db, err := b.update(uid, func(db *database.Database) error { return db.StartImport(nil, []database.Source{good}, second) })
	must(t, err)
	b.im.Start(db)
	close(put)
	<-gone
	b.wantAt(b.poll(uid), database.ImportImporting, 40)
	must(t, b.Scripts.Release(uid))
	<-noted
	<-gone
	b.wantSuccess(b.read(uid))
}

// TestForeignDatabases: a file with keys in a database that no Redis has cannot be loaded, but the script has the last word.
func TestForeignDatabases(t *testing.T) {
	b := newBench(t)
	good, _, _ := b.files()
	dump := append([]byte("REDIS0011\xfe\x10\x00\x01k\x01v\xff"), make([]byte, 8)...) // key k in database 16, without a checksum
	must(t, os.WriteFile(good.Location, dump, 0o600))
	for outcome, overruled := range map[database.FailureReason]int{"": 0, seed.ScriptSucceeded: 1} {
		b.events.Reset()
		uid := b.create()
		must(t, b.Scripts.Set(uid, []control.Script{{Outcome: outcome}}))
		must(t, b.start(uid, good))
		if got := b.poll(uid); overruled == 1 {
			b.wantSuccess(got)
		} else {
			b.wantFailure(got, database.GeneralError, 0)
		}
		if events := eventtest.All[event.ImportOverruled](b.events); len(events) != overruled {
			t.Errorf("%q: overruled %+v", outcome, events)
		}
	}
}

// TestManyAtOnce: whatever comes at once, nothing hangs, and each import comes to its end.
func TestManyAtOnce(t *testing.T) {
	b := newBench(t)
	good, bad, _ := b.files()
	uids := []int{b.create(), b.create(), b.create()}
	scripts := []control.Script{ // the last one repeats, as nothing settles an import without a script
		{Repeat: true}, {Pace: seed.PaceTimed, Duration: time.Minute}, {Outcome: database.KeyTooLong, Pace: seed.PacePolled, Steps: 3},
		{Pace: seed.PaceFrozen, At: 40, Repeat: true},
	}
	var clients sync.WaitGroup
	for i := range 12 {
		uid := uids[i%3]
		clients.Go(func() {
			for j := range 20 {
				if err := b.Scripts.Set(uid, scripts[(i+j)%4:]); err != nil {
					t.Error(err)
				}
				for _, src := range []database.Source{good, bad} {
					if err := b.start(uid, src); err != nil && !errors.Is(err, database.ErrBusy) {
						t.Error(err)
					}
					b.Scripts.Settle(t.Context(), uid*(j%2), true)
				}
				_ = b.Scripts.Release(uid) // if it is frozen
				if err := b.Clock.Advance(10 * time.Second); err != nil {
					t.Error(err)
				}
			}
		})
	}
	clients.Wait()
	for _, uid := range uids {
		b.poll(uid) // its last import has begun, and goes no further by itself
	}
	must(t, b.Clock.Advance(time.Minute))
	for _, uid := range uids {
		_ = b.Scripts.Release(uid)
		for range 3 {
			b.poll(uid)
		}
		if err := b.reset(uid); err != nil {
			t.Errorf("%v: %+v", err, b.read(uid))
		}
	}
}

// TestFrozenAtShutdown: a shutdown ends what is frozen or waits, as it does any import.
func TestFrozenAtShutdown(t *testing.T) {
	b := newBench(t)
	good, bad, _ := b.files()
	for _, c := range []struct {
		script control.Script
		src    database.Source
		at     float64
	}{
		{control.Script{Pace: seed.PaceFrozen, At: 40}, good, 40},
		{control.Script{Pace: seed.PaceFrozen}, good, 0},
		{control.Script{Pace: seed.PaceFrozen}, bad, 0},
		{control.Script{Pace: seed.PaceTimed, Duration: time.Minute}, good, 0},
	} {
		uid := b.create()
		must(t, b.Scripts.Set(uid, []control.Script{c.script}))
		must(t, b.start(uid, c.src))
		b.poll(uid)
		defer func() { b.wantFailure(b.poll(uid), database.GeneralError, c.at) }()
	}
	must(t, b.im.Close())
}

// TestScriptsInTurn: each import takes the next script, one that repeats stays, and without any the files decide.
func TestScriptsInTurn(t *testing.T) {
	b := newBench(t)
	good, _, _ := b.files()
	uid, other := b.create(), b.create()
	last := control.Script{Outcome: database.KeyTooLong, Repeat: true}
	scripts := []control.Script{{Outcome: database.DownloadError}, {Outcome: seed.ScriptSucceeded}, last}
	must(t, b.Scripts.Set(uid, scripts))
	if got := b.Scripts.Get(uid); !reflect.DeepEqual(got, scripts) || len(b.Scripts.Get(other)) > 0 {
		t.Errorf("got %+v, %+v", got, b.Scripts.Get(other))
	}
	for _, want := range []database.FailureReason{database.DownloadError, "", database.KeyTooLong, database.KeyTooLong} {
		must(t, b.start(uid, good))
		if got := b.poll(uid); got.FailureReason != want {
			t.Errorf("it failed with %q, want %q", got.FailureReason, want)
		}
	}
	if got := b.Scripts.All(); !reflect.DeepEqual(got, map[int][]control.Script{uid: {last}}) {
		t.Errorf("left %+v", got)
	}
	b.Scripts.Replace(nil)
	b.events.Reset()
	must(t, b.start(uid, good))
	eventtest.Wait(t, b.events, func(e event.ImportSimulated) bool { return e.UID == uid && e.Keys > 0 })
	eventtest.Wait(t, b.events, func(e event.ImportSucceeded) bool { return e.UID == uid })
	if len(eventtest.All[event.ImportScripted](b.events)) > 0 {
		t.Error("it followed a script that was cleared")
	}
}

// TestSetDuringImport: an import keeps the script that it has started with.
func TestSetDuringImport(t *testing.T) {
	b := newBench(t)
	good, _, _ := b.files()
	uid := b.create()
	must(t, b.Scripts.Set(uid, []control.Script{{Outcome: database.OutOfMemory, Pace: seed.PacePolled, Steps: 3}}))
	must(t, b.start(uid, good))
	must(t, b.Scripts.Set(uid, []control.Script{{Pace: seed.PaceFrozen}}))
	b.poll(uid)
	b.poll(uid)
	b.wantFailure(b.poll(uid), database.OutOfMemory, 50)
	must(t, b.start(uid, good))
	b.wantAt(b.poll(uid), database.ImportInitializing, 0)
}

// TestSetRefusals: a script that cannot be is refused by the name of its field, and changes nothing.
func TestSetRefusals(t *testing.T) {
	s := newBench(t).Scripts
	kept := []control.Script{{Outcome: database.OutOfMemory}}
	must(t, s.Set(1, kept))
	for field, script := range map[string]control.Script{
		"outcome":  {Outcome: "file-larger-than-mem-limit"},
		"pace":     {Pace: "slow"},
		"duration": {Pace: seed.PaceTimed},
		"steps":    {Pace: seed.PacePolled, Steps: -1},
		"at":       {Pace: seed.PaceFrozen, At: 100},
	} {
		var refused *database.FieldError
		if err := s.Set(1, []control.Script{{}, script}); !errors.As(err, &refused) || refused.Field != "import_scripts[1]."+field || refused.Expected == "" {
			t.Errorf("%+v: %v", script, err)
		}
	}
	for _, uid := range []int{0, -1, database.MaxUID + 1} {
		var refused *database.FieldError
		if err := s.Set(uid, kept); !errors.As(err, &refused) || refused.Field != "uid" {
			t.Errorf("%d: %v", uid, err)
		}
		if err := control.CheckScripts(map[int][]control.Script{2: kept, uid: kept}); !errors.As(err, &refused) || refused.Field != "uid" {
			t.Errorf("%d: %v", uid, err)
		}
	}
	if got := s.All(); !reflect.DeepEqual(got, map[int][]control.Script{1: kept}) {
		t.Errorf("left %+v", got)
	}
	s.Replace(map[int][]control.Script{1: nil, 2: kept})
	if got := s.All(); !reflect.DeepEqual(got, map[int][]control.Script{2: kept}) {
		t.Errorf("replaced by %+v", got)
	}
	must(t, s.Set(2, nil))
	if got := s.All(); len(got) > 0 {
		t.Errorf("left %+v", got)
	}
}
