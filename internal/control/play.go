package control

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/sink"
	"github.com/reimport/reimport/internal/seed"
)

// patience is how long, by the machine's clock, requests wait for an import to get where its script has it: from its start
// while its files are fetched and checked, later from the request.
const patience = 5 * time.Second

// phase is where an import is, as import_status says.
type phase int

const (
	initializing phase = iota
	importing
	ended
)

// play is an import under way that follows a script. Its methods but newPlay, ask and wakeUp, which want the lock of its
// Scripts, are for the import.
type play struct {
	*Scripts
	uid     int
	script  Script
	from    time.Time     // when it started, by the domain clock
	started time.Time     // and by the machine's
	wake    chan struct{} // holds one if the import must look at its script
	over    chan struct{} // closed at its end

	// Guarded by the Scripts' mu.
	ready    bool // its files are fetched and checked
	released bool
	gets     int
	asked    bool          // somebody waits for settled
	settled  chan struct{} // closed once the import is where its script has it by now
}

func newPlay(s *Scripts, uid int, script Script) *play {
	return &play{
		Scripts: s, uid: uid, script: script, from: s.clock.Now(), started: time.Now(),
		wake: make(chan struct{}, 1), over: make(chan struct{}), settled: make(chan struct{}),
	}
}

// asking is a request's wait for an import.
type asking struct {
	settled, over <-chan struct{}
	until         time.Time // by the machine's clock
}

func (p *play) ask(isGet bool) asking {
	if isGet {
		p.gets++
	}
	p.asked = true
	p.wakeUp()
	since := p.started
	if p.ready {
		since = time.Now()
	}
	return asking{p.settled, p.over, since.Add(patience)}
}

func (a asking) wait(ctx context.Context) {
	timer := time.NewTimer(time.Until(a.until))
	defer timer.Stop()
	select {
	case <-a.settled:
	case <-a.over:
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (p *play) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// open is an importer.OpenSink. An import that ends as its files say, and whose files cannot be loaded, never gets beyond
// initializing.
func (p *play) open(ctx context.Context, o *importer.Opening) (importer.Sink, error) {
	o.GiveUp()
	run, found := o.Database.Import.Run.ID, o.Err
	if found == nil {
		if _, found = sink.NewDiscard(p.uid, o.Files, p.events); found != nil && p.script.Outcome != "" {
			p.events(ctx, event.ImportOverruled{UID: p.uid, Run: run, Err: found})
		}
	}
	p.events(ctx, event.ImportScripted{UID: p.uid, Run: run, Outcome: string(p.script.Outcome), Pace: string(cmp.Or(p.script.Pace, seed.PaceImmediate))})
	p.begin()
	in := initializing
	if p.script.Outcome == "" && found != nil {
		in = importing
	}
	if err := p.follow(ctx, in, func(float64) error { return nil }); err != nil {
		return nil, err
	}
	if p.script.Outcome == "" && found != nil {
		return nil, found
	}
	return &playing{Discard: new(sink.Discard), play: p, ctx: ctx, report: o.Report, outcome: outcome(p.script.Outcome, found)}, nil
}

// outcome returns how an import ends whose script says so.
func outcome(scripted database.FailureReason, found error) error {
	switch {
	case scripted == "" || scripted == seed.ScriptSucceeded:
		return nil
	case found == nil:
		return &database.ImportError{Reason: scripted, Err: errors.New("its script says so, although its files can be loaded")}
	}
	return &database.ImportError{Reason: scripted, Err: errors.New("its script says so")}
}

func (p *play) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = true
}

// follow returns nil once the script has the import leave a phase. Until then it reports the progress each time somebody asks,
// and only then: what a test sees must not depend on who is faster.
func (p *play) follow(ctx context.Context, in phase, report func(percent float64) error) error {
	for {
		percent, settled, left := p.look(in)
		if left {
			return nil
		}
		if settled != nil {
			if err := report(percent); err != nil {
				return err
			}
			close(settled)
		}
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
}

// look reports whether the import has left a phase. If it has not, and somebody asks, look returns the progress to report, and
// what to close then.
func (p *play) look(in phase) (percent float64, settled chan struct{}, left bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, percent := p.position()
	if at > in || !p.asked {
		return 0, nil, at > in
	}
	p.asked = false
	settled, p.settled = p.settled, make(chan struct{})
	return percent, settled, false
}

// position is where the script has the import by now.
func (p *play) position() (at phase, percent float64) {
	switch p.script.Pace {
	case seed.PaceTimed:
		return p.timed(p.clock.Now().Sub(p.from))
	case seed.PacePolled:
		return p.polled()
	case seed.PaceFrozen:
		return p.frozen()
	}
	return ended, 0
}

// timed has the import initialize for a tenth of its time. Its progress is the part of its time that has gone.
func (p *play) timed(gone time.Duration) (at phase, percent float64) {
	switch {
	case gone >= p.script.Duration:
		return ended, 0
	case gone < p.script.Duration/10:
		return initializing, 0
	}
	return importing, 100 * float64(gone) / float64(p.script.Duration)
}

// polled has the first GET show initializing, and the last one the end. Those between show progress in equal steps.
func (p *play) polled() (at phase, percent float64) {
	switch {
	case p.gets >= p.script.Steps:
		return ended, 0
	case p.gets <= 1:
		return initializing, 0
	}
	return importing, 100 * float64(p.gets-1) / float64(p.script.Steps-1)
}

func (p *play) frozen() (at phase, percent float64) {
	switch {
	case p.released:
		return ended, 0
	case p.script.At == 0:
		return initializing, 0
	}
	return importing, p.script.At
}

// last is the progress at which an import fails at the least, however few have asked.
func (p *play) last() float64 {
	if steps := float64(p.script.Steps); steps > 1 {
		return 100 * (steps - 2) / (steps - 1)
	}
	return p.script.At
}

// wait returns nil when the import must look at its script, or why it must stop.
func (p *play) wait(ctx context.Context) error {
	if p.script.Pace == seed.PaceTimed {
		return p.clock.wait(ctx, p.from.Add(p.script.Duration), p.wake)
	}
	select {
	case <-p.wake:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// end is called when the record of the import has its end.
func (p *play) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plays[p.uid] == p {
		delete(p.plays, p.uid)
	}
	close(p.over)
}

// playing is the sink of an import that follows a script.
type playing struct {
	*sink.Discard
	play    *play
	ctx     context.Context // of the import
	report  func(percent float64) error
	outcome error
}

// Flush returns the outcome once the script has the import end.
func (s *playing) Flush() error {
	if err := s.play.follow(s.ctx, importing, s.report); err != nil {
		return err
	}
	if s.outcome == nil {
		return nil
	}
	if err := s.report(s.play.last()); err != nil {
		return err
	}
	return s.outcome
}
