package client

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

const (
	firstPause   = 500 * time.Millisecond
	longestPause = 8 * time.Second
)

// pause returns how long to wait before the next attempt, and whether err calls for one. Only a busy database does, under
// whatever code a cluster has for it: a refused request has changed nothing, while one that failed otherwise may have been
// carried out.
func (c *Client) pause(err error, attempt int) (time.Duration, bool) {
	var answer *Error
	if c.retryFor == 0 || !errors.Is(err, ErrBusy) || !errors.As(err, &answer) {
		return 0, false
	}
	if wait, ok := c.retryAfter(answer.retryAfter); ok {
		return wait, true
	}
	limit := longestPause
	if attempt < 4 {
		limit = firstPause << attempt
	}
	// Full jitter: clients that were refused together do not come back together.
	return c.jitter(limit), true
}

// retryAfter reads the header's two forms, seconds and a date.
func (c *Client) retryAfter(header string) (time.Duration, bool) {
	if seconds, err := strconv.Atoi(header); err == nil && seconds >= 0 && seconds < 1<<31 {
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(0, date.Sub(c.now())), true
	}
	return 0, false
}
