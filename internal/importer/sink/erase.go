package sink

import (
	"context"
	"errors"
	"strings"

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

// connectionName is the name of the connections that load.
const connectionName = "reimport-import"

// erase removes everything, and its memory is free when it returns: a server may be configured to go about that later.
func (l *link) erase(ctx context.Context) error {
	if err := l.endLoads(ctx); err != nil {
		return err
	}
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

// endLoads ends the connections of loads that were given up. What a Redis that hung has not read of them yet must not arrive
// after it was erased. A user who may not list the connections goes without.
func (l *link) endLoads(ctx context.Context) error {
	list, err := l.do(ctx, "CLIENT", "LIST", "TYPE", "normal")
	if isRefusal(err) {
		return nil
	}
	text, _ := list.(string)
	for client := range strings.Lines(text) {
		if id, ok := strings.CutPrefix(client, "id="); ok && strings.Contains(client, " name="+connectionName+" ") {
			id, _, _ = strings.Cut(id, " ")
			if _, err := l.do(ctx, "CLIENT", "KILL", "ID", id); err != nil && !isRefusal(err) {
				return err
			}
		}
	}
	return err
}

// setName makes l one that endLoads finds, if the user may.
func (l *link) setName(ctx context.Context) error {
	_, err := l.do(ctx, "CLIENT", "SETNAME", connectionName)
	if isRefusal(err) {
		return nil
	}
	return err
}
