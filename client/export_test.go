package client

import "time"

// WithJitter replaces the choice of a pause, so that a test sees its limit.
func WithJitter(f func(limit time.Duration) time.Duration) Option {
	return func(o *options) { o.jitter = f }
}
