package bolt

import (
	"time"

	"go.etcd.io/bbolt"
)

// While no write succeeds, one is tried every retryEvery, or less often if it takes long: retryShare is how much of the
// time is left to others.
const (
	retryEvery = time.Second
	retryShare = 10
)

// spareRoom is how many bytes a retry writes beyond those of the write that failed: the pages that lead to a record are
// written anew with it.
const spareRoom = 64 << 10

// scratchKey is where the bucket of the schema has what a retry writes, until it takes it away again.
const scratchKey = "scratch"

// retryLater has somebody find out when writes succeed again, so that Err says so even if nobody changes anything. Its
// caller holds committing.
func (s *Store) retryLater(failed *batch) {
	size := spareRoom
	for _, c := range failed.commits {
		for i := range c.Changes {
			size += len(c.Changes[i].Key) + len(c.Changes[i].Encoded)
		}
	}
	s.room = max(s.room, size)
	if s.retrying {
		return
	}
	s.retrying = true
	s.retries.Go(s.retryUntilWritten)
}

// retryUntilWritten ends with the store, too; Close waits for a retry under way as it does for any write.
func (s *Store) retryUntilWritten() {
	for wait := s.retryEvery; ; {
		timer := time.NewTimer(wait)
		select {
		case <-s.closing:
			timer.Stop()
			return
		case <-timer.C:
		}
		start := time.Now()
		if s.retry() {
			return
		}
		wait = max(s.retryEvery, retryShare*time.Since(start))
	}
}

// retry reports whether writes succeed again.
func (s *Store) retry() bool {
	s.committing.Lock()
	defer s.committing.Unlock()
	if s.Err() != nil {
		s.tryWrite()
	}
	if s.Err() != nil {
		return false
	}
	s.retrying, s.room = false, 0
	return true
}

// tryWrite writes as much as the write that failed, and takes it away again. That the file takes a few bytes says
// nothing: there may be a page of it free on a disk that is full.
func (s *Store) tryWrite() {
	s.staging <- struct{}{}
	err := s.ready()
	<-s.staging
	if err != nil {
		return
	}
	meta := func(do func(*bbolt.Bucket) error) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error { return do(tx.Bucket([]byte(metaBucket))) }
	}
	err = s.file.Update(meta(func(b *bbolt.Bucket) error { return b.Put([]byte(scratchKey), make([]byte, s.room)) }))
	if err == nil {
		err = s.file.Update(meta(func(b *bbolt.Bucket) error { return b.Delete([]byte(scratchKey)) }))
	}
	if err != nil {
		s.distrust(err)
		return
	}
	s.failure.Store(nil)
}
