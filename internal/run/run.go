// Package run does the work of operations in the background: imports today. It starts a run's work, bounds it, keeps its
// lease, ends it when its record is lost, and notes its end in the record, whatever kind of operation it belongs to.
//
// All times here are the machine's. Leases are the one thing that nodes compare with each other, so they are in wall clock
// time, and the clocks of nodes must not be further apart than half a minute.
package run

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/store"
)

// ErrShutdown is why runs end when their Runner is closed.
var ErrShutdown = errors.New("the server shuts down")

// Job is the work of one run. Its functions are called one after the other, on one goroutine.
type Job struct {
	Operation string // as in the log: import
	UID       int    // of the database
	Run       string // ID of the run, which the record has
	Slots     *Slots // the run begins once it has one of them
	// Do is the work on db, which is a copy. It returns nil once the record says that it succeeded, and soon after ctx ends:
	// at a shutdown, or when the run has lost its record. It may give its turn back before it returns.
	Do func(ctx context.Context, db *database.Database, turn *Turn) error
	// Fail is the rule that notes in the record that the run has failed.
	Fail func(db *database.Database, why error) error
	// Report reports the end of the run, nil for a success, once the record has it.
	Report func(why error)
	// Over is called last, whether the record has the end or is not the run's any more.
	Over func()
}

// Runner runs jobs. Its methods may be called from many goroutines.
type Runner struct {
	store  store.Store
	owner  string
	events event.Sink
	ctx    context.Context // ends the runs
	stop   context.CancelCauseFunc

	jobs    sync.WaitGroup
	keepers sync.WaitGroup

	mu     sync.Mutex
	closed bool
	live   map[string][]*live // the jobs under way, those that wait included, by the key of their database at rest
}

// live is a job under way.
type live struct {
	Job
	cancel context.CancelCauseFunc // nil until it begins
}

// New returns a Runner of the node with the identity owner, whose runs the store keeps. The caller closes the Runner, and
// st only after that.
func New(st store.Store, owner string, events event.Sink) *Runner {
	r := &Runner{store: st, owner: owner, events: events, live: map[string][]*live{}}
	r.ctx, r.stop = context.WithCancelCause(context.Background())
	r.keepers.Go(r.keepLeases)
	r.keepers.Go(r.follow)
	return r
}

// NewRun returns a run of this node, to be put on a record.
func (r *Runner) NewRun() database.Run {
	return database.Run{ID: rand.Text(), Owner: r.owner, Lease: time.Now().Add(lease)}
}

// Start begins a job whose run is on a record on disk, once it has a slot. It returns at once, unless the Runner is closed:
// then it notes that the run has failed.
func (r *Runner) Start(j Job) {
	l := &live{Job: j}
	if !r.enter(l) {
		r.run(r.ctx, l, new(Turn))
		return
	}
	j.Slots.then(func() bool { return r.begin(l, &Turn{j.Slots}, nil) })
}

func (r *Runner) enter(l *live) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	at := store.Databases.At(l.UID)
	r.live[at] = append(r.live[at], l)
	return true
}

// begin begins a job that waits, and returns false if there is none. With a reason why, the job is only to end.
func (r *Runner) begin(l *live, turn *Turn, why error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.cancel != nil {
		return false
	}
	ctx, cancel := context.WithCancelCause(r.ctx)
	l.cancel = cancel
	if why != nil {
		cancel(why)
	}
	r.jobs.Go(func() {
		r.run(ctx, l, turn)
		cancel(nil)
		r.leave(l)
	})
	return true
}

// drop makes a job end, whether it waits or works.
func (r *Runner) drop(l *live, why error) {
	if !r.begin(l, new(Turn), why) {
		l.cancel(why)
	}
}

func (r *Runner) leave(l *live) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := store.Databases.At(l.UID)
	r.live[at] = slices.DeleteFunc(r.live[at], func(o *live) bool { return o == l })
	if len(r.live[at]) == 0 {
		delete(r.live, at)
	}
}

// run takes a job from its start to its end.
func (r *Runner) run(ctx context.Context, l *live, turn *Turn) {
	err := r.do(ctx, &l.Job, turn)
	turn.Give()
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		err = cause
	}
	r.end(&l.Job, err)
	l.Over()
}

// do turns a panic into the failure of this run alone.
func (r *Runner) do(ctx context.Context, j *Job, turn *Turn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Panic{p, debug.Stack()}
		}
	}()
	db, err := r.record(ctx, j) // what happened before Start has escaped those who watch
	if err != nil {
		return err
	}
	return j.Do(ctx, db, turn)
}

// Panic is the failure of a run that panicked.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// retryEvery is the time between two attempts at what the store could not do, such as to write to a full disk.
const retryEvery = time.Second

// end notes the outcome of j in the store, where a success is already, and reports it. Until the store has it, the
// database would look as if the run went on, so only shutdown ends the attempts; the next start notes it then.
func (r *Runner) end(j *Job, why error) {
	for told := false; why != nil && !isLost(why); told = true {
		// The store is not to be held up by the shutdown that may have ended the run.
		_, err := store.Update(context.Background(), r.store, store.Databases, j.UID, func(db *database.Database) error { return j.Fail(db, why) })
		if err == nil {
			break
		}
		if isLost(err) {
			why = errors.Join(why, err)
			break
		}
		if !told {
			r.events(r.ctx, event.RunNotRecorded{Operation: j.Operation, UID: j.UID, Run: j.Run, Err: errors.Join(why, err)})
		}
		if !r.pause(retryEvery) {
			return
		}
	}
	if isLost(why) {
		r.events(r.ctx, event.RunDropped{Operation: j.Operation, UID: j.UID, Run: j.Run, Err: why})
		return
	}
	j.Report(why)
}

// isLost reports whether the record is not the run's any more, so that there is nothing to report to.
func isLost(err error) bool {
	return errors.Is(err, database.ErrStaleRun) || errors.Is(err, database.ErrNotExist)
}

// pause reports whether the time passed without a shutdown.
func (r *Runner) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.ctx.Done():
		return false
	}
}

// Close ends the runs under way and those that wait, as failed. It returns when nothing runs any more.
func (r *Runner) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop(ErrShutdown)
	for _, l := range r.jobsUnderWay() {
		r.drop(l, ErrShutdown)
	}
	r.jobs.Wait()
	r.keepers.Wait()
}
