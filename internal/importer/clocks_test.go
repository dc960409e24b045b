package importer_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer"
)

// In all other tests the domain clock stands still: imports report progress and find out that their record is gone all the same.

// TestStalledDownload: that nothing comes is seen by the machine's clock.
func TestStalledDownload(t *testing.T) {
	b := newBench(t, func(c *importer.Config) { c.Stall = 50 * time.Millisecond })
	db, end := b.run(web(newStalling(t, newDump().end()).URL))
	b.wantFailure(db, database.DownloadError)
	if err := b.failed(end).Err; !strings.Contains(err.Error(), "too slowly or not at all") {
		t.Errorf("it ended with %v", err)
	}
}

// TestJumpingClock: a year at each look makes nothing late, and no import long.
func TestJumpingClock(t *testing.T) {
	var years atomic.Int32
	b := newBench(t, func(c *importer.Config) {
		c.Now = func() time.Time { return now.AddDate(int(years.Add(1)), 0, 0) }
	})
	content := newDump().set("a", "1", 0).end()
	db, _ := b.run(b.file("a.rdb", content), web(serve(t, content)))
	b.wantSuccess(db)
	s := newStalling(t, content)
	uid := b.create(0)
	b.start(uid, web(s.URL))
	<-s.arrived
	db, end := b.run(b.file("a.rdb", content))
	b.wantSuccess(db)
	if took := b.succeeded(end).Duration; took > time.Hour || took <= 0 {
		t.Errorf("it took %v", took)
	}
	close(s.release)
	b.ended(uid)
	b.wantSuccess(b.get(uid))
	if years.Load() == 0 {
		t.Error("nothing has looked at the clock")
	}
}
