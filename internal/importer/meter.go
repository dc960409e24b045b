package importer

import (
	"context"
	"math"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
)

const (
	reportEvery = 250 * time.Millisecond // the time between two notes of the progress in the record
	tellEvery   = 10 * time.Second       // and between two in the log
	paceOver    = 20                     // notes that the pace is measured over: five seconds
)

// meter is how far the load is.
type meter struct {
	bytes, totalBytes int64 // as the files are read
	keys, totalKeys   int64
	took              time.Duration // once all is loaded

	began, noted, told time.Time
	past               []sample // at the last notes, the oldest first
}

// sample is a past reading of the meter.
type sample struct {
	at          time.Time
	bytes, keys int64
}

// begin sets the meter to the start of a load.
func (m *meter) begin(totalBytes, totalKeys int64) {
	now := time.Now()
	*m = meter{totalBytes: totalBytes, totalKeys: totalKeys, began: now, noted: now, told: now, past: append(m.past[:0], sample{at: now})}
}

func (m *meter) percent() float64 { return 100 * float64(m.bytes) / float64(max(m.totalBytes, 1)) }

// note takes a reading and returns what it says of the load, at the pace that it has had of late.
func (m *meter) note(now time.Time) database.Load {
	from := m.past[0]
	m.noted, m.past = now, append(m.past, sample{now, m.bytes, m.keys})
	if len(m.past) > paceOver {
		m.past = append(m.past[:0], m.past[1:]...)
	}
	seconds := now.Sub(from.at).Seconds()
	l := database.Load{Keys: m.keys, TotalKeys: m.totalKeys, KeysPerSecond: perSecond(m.keys-from.keys, seconds)}
	if read := m.bytes - from.bytes; read > 0 {
		l.SecondsLeft = int64(math.Ceil(seconds * float64(m.totalBytes-m.bytes) / float64(read)))
	}
	return l
}

// whole is what is to be said of a load that has succeeded.
func (m *meter) whole() database.Load {
	return database.Load{Keys: m.keys, TotalKeys: m.keys, KeysPerSecond: perSecond(m.keys, m.took.Seconds())}
}

func perSecond(keys int64, seconds float64) int64 {
	return int64(math.Round(float64(keys) / max(seconds, 1e-3)))
}

// read has the meter see n bytes more of the files. It notes the progress if that is due, and returns why the import must stop.
func (a *attempt) read(n int) error {
	m := &a.load
	m.bytes += int64(n)
	now := time.Now()
	if now.Sub(m.noted) < a.im.reportEvery {
		return context.Cause(a.ctx)
	}
	load := m.note(now)
	if now.Sub(m.told) >= tellEvery {
		m.told = now
		a.im.cfg.Events(a.ctx, event.ImportProgress{
			UID: a.uid, Run: a.run, Percent: m.percent(), Keys: load.Keys, TotalKeys: load.TotalKeys, KeysPerSecond: load.KeysPerSecond,
			Left: time.Duration(load.SecondsLeft) * time.Second,
		})
	}
	return a.report(m.percent(), load)
}

// report notes how far the loading is, in percent.
func (a *attempt) report(percent float64, load database.Load) error {
	return a.update(a.ctx, func(db *database.Database) error { return db.ReportProgress(a.run, percent, load) })
}
