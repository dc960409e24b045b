package run

import (
	"context"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

// follow ends the jobs that have lost their records, as soon as the store tells of a change.
func (r *Runner) follow() {
	for {
		if tx, err := r.store.View(r.ctx); err == nil {
			r.endLost(r.jobsUnderWay())
			for c, err := range r.store.Watch(r.ctx, tx.Revision()) {
				if err != nil { // such as store.ErrCompacted
					break
				}
				r.endLost(r.jobsOf(c))
			}
		}
		if !r.pause(retryEvery) {
			return
		}
	}
}

// endLost ends those of the jobs that have lost their records by now. What a commit says of a record may be older than the job.
func (r *Runner) endLost(jobs []*live) {
	for _, j := range jobs {
		if _, err := r.record(r.ctx, &j.Job); isLost(err) {
			r.drop(j, err)
		}
	}
}

// record returns a copy of the job's record, if it still is the run's.
func (r *Runner) record(ctx context.Context, j *Job) (*database.Database, error) {
	db, err := store.Get(ctx, r.store, store.Databases, j.UID)
	if err == nil && !db.HasRun(j.Run) {
		err = database.ErrStaleRun
	}
	return db, err
}

func (r *Runner) jobsOf(c store.Commit) (all []*live) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, change := range c.Changes {
		all = append(all, r.live[change.Key]...)
	}
	return all
}

func (r *Runner) jobsUnderWay() (all []*live) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, jobs := range r.live {
		all = append(all, jobs...)
	}
	return all
}
