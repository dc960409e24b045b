package sink

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// Erase removes all keys and function libraries of the Redis of opt. One that is out of reach is an ErrConnectionLost.
func Erase(ctx context.Context, opt *redis.Options) error {
	l, err := dial(ctx, opt)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.raw.Close() })
	defer stop()
	return errors.Join(l.erase(ctx), l.close())
}

// erase removes everything, and its memory is free when it returns: a server may be configured to go about that later.
func (l *link) erase(ctx context.Context) error {
	_, err := l.do(ctx, "FLUSHALL", "SYNC")
	if refusedWith(err, "syntax error") { // before 6.2
		_, err = l.do(ctx, "FLUSHALL")
	}
	if err != nil {
		return err
	}
	_, err = l.do(ctx, "FUNCTION", "FLUSH", "SYNC")
	if refusedWith(err, "unknown command") { // before 7.0
		return nil
	}
	return err
}
