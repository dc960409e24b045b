package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/database"
)

// link is a connection to a Redis that is held for as long as the Redis answers.
type link struct {
	client   *redis.Client
	conn     *redis.Conn
	raw      net.Conn // of conn
	endpoint database.Endpoint
	ending   context.CancelFunc
}

// dial returns a link to the Redis, which has answered PING. It is cut, even in the middle of a
// request, when ctx ends or gone is closed. The caller closes it.
func dial(ctx context.Context, o *redis.Options, gone <-chan struct{}) (*link, error) {
	// go-redis would tell the log of each attempt.
	raw, err := redis.NewDialer(o)(ctx, o.Network, o.Addr)
	if err != nil {
		return nil, err
	}
	ctx, ending := context.WithCancel(ctx)
	go func() {
		select {
		case <-ctx.Done():
		case <-gone:
		}
		_ = raw.Close()
	}()
	l := &link{raw: raw, ending: ending}
	o.PoolSize, o.ReadBufferSize, o.WriteBufferSize = 1, 4<<10, 4<<10
	o.Dialer = func(context.Context, string, string) (net.Conn, error) { return raw, nil }
	l.client = redis.NewClient(o)
	l.conn = l.client.Conn()
	if err := l.conn.Ping(ctx).Err(); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *link) close() error {
	err := errors.Join(l.conn.Close(), l.client.Close())
	l.ending()
	return err
}

// pingEvery is how often a Redis that nobody heard of is asked whether it still answers.
const pingEvery = 15 * time.Second

var errSpoke = errors.New("the Redis has said what nobody asked for")

// idle returns nil soon after a signal on wake, and from time to time otherwise. The error says that the Redis has gone, or
// that ctx has ended.
func (l *link) idle(ctx context.Context, wake <-chan struct{}) error {
	ended := make(chan error, 1)
	go func() {
		var b [1]byte
		n, err := l.raw.Read(b[:])
		if n > 0 {
			err = errSpoke
		}
		ended <- err
	}()
	timer := time.NewTimer(pingEvery)
	defer timer.Stop()
	ping := false
	select {
	case err := <-ended:
		return err
	case <-wake:
	case <-ctx.Done():
	case <-timer.C:
		ping = true
	}
	if err := l.raw.SetReadDeadline(time.Now()); err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if err := errors.Join(ctx.Err(), l.raw.SetReadDeadline(time.Time{})); err != nil || !ping {
		return err
	}
	return answered(l.conn.Ping(ctx).Err())
}

// answered is nil if the Redis has answered, be it with an error.
func answered(err error) error {
	if refused := redis.Error(nil); errors.As(err, &refused) {
		return nil
	}
	return err
}

// isRefused reports whether the Redis wants another password, or none.
func isRefused(err error) bool {
	for _, prefix := range []string{"NOAUTH", "WRONGPASS", "AUTH ", "Client sent AUTH", "invalid password"} {
		if redis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return false
}

// isLoading reports whether the Redis answers, but reads its data still.
func isLoading(err error) bool { return redis.HasErrorPrefix(err, "LOADING") }

// reachable says where clients reach an attached Redis.
func reachable(a database.Attachment) (database.Endpoint, error) {
	if a.Network == "unix" {
		return database.Endpoint{Host: a.Addr}, nil
	}
	host, text, err := net.SplitHostPort(a.Addr)
	if err != nil {
		return database.Endpoint{}, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return database.Endpoint{}, fmt.Errorf("%s: expected a port", a.Addr)
	}
	return database.Endpoint{Host: host, Port: port}, nil
}
