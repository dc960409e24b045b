package sink

import "time"

// SetPatience sets how long the Redis may take for a batch.
func (r *Redis) SetPatience(d time.Duration) {
	for _, l := range r.lanes {
		l.patience = d
	}
}
