package sink

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// patience is how long a Redis may take for one batch or one question. A large value, or the removal of all keys, holds it up
// for seconds.
const patience = 5 * time.Minute

// link is one connection. go-redis makes and authenticates it, and asks the questions. The data goes by raw, in RESP that
// is written here: it takes half the time.
type link struct {
	ask    *redis.Conn
	raw    net.Conn
	in     *bufio.Reader // of raw
	client *redis.Client

	patience time.Duration
}

// dial connects as opt says.
func dial(ctx context.Context, opt *redis.Options) (*link, error) {
	own := *opt
	own.Protocol, own.DisableIdentity = 2, true
	own.PoolSize, own.MaxRetries, own.DialerRetries, own.DB = 1, -1, 1, 0
	own.ReadTimeout, own.WriteTimeout, own.ContextTimeoutEnabled = patience, patience, true
	if own.DialTimeout == 0 {
		own.DialTimeout = 5 * time.Second
	}
	if own.Network == "" {
		own.Network = "tcp"
	}
	through := opt.Dialer
	if through == nil {
		through = redis.NewDialer(&own)
	}
	raw, err := through(ctx, own.Network, own.Addr)
	if err != nil {
		return nil, answer(ctx, err)
	}
	defer context.AfterFunc(ctx, func() { _ = raw.Close() })() // go-redis waits for a reply whether ctx has ended or not
	var once sync.Once
	own.Dialer = func(context.Context, string, string) (conn net.Conn, err error) {
		err = net.ErrClosed // a second connection would not be the one that raw writes on
		once.Do(func() { conn, err = raw, nil })
		return conn, err
	}
	l := &link{raw: raw, in: bufio.NewReader(raw), client: redis.NewClient(&own), patience: patience}
	l.ask = l.client.Conn()
	if err := l.ask.Ping(ctx).Err(); err != nil {
		_, _ = l.close(), raw.Close()
		return nil, answer(ctx, err)
	}
	return l, nil
}

func (l *link) close() error { return errors.Join(l.ask.Close(), l.client.Close()) }

// do asks one question. Its reply is nil, a string, an int64 or a []any of them. Its error is a refusal, or says that the connection is
// lost.
func (l *link) do(ctx context.Context, args ...any) (any, error) {
	reply, err := l.ask.Do(ctx, args...).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return reply, answer(ctx, err)
}

// answer is err as go-redis returns it.
func answer(ctx context.Context, err error) error {
	var said redis.Error
	var untrusted *tls.CertificateVerificationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &said):
		return refused(said.Error())
	case errors.As(err, &untrusted):
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return lost(err)
}

func lost(err error) error { return fmt.Errorf("%w: %w", ErrConnectionLost, err) }

// refusal is what a Redis answers when it does not do what it was asked.
type refusal string

// refused returns text as an error.
func refused(text string) error {
	switch r := refusal(text); r.code() {
	case "OOM":
		return fmt.Errorf("%w: %w", ErrOutOfMemory, r)
	case "LOADING":
		return lost(r)
	default:
		return r
	}
}

func (r refusal) Error() string { return "the Redis answers " + string(r) }

// code is the word that says what kind of refusal it is.
func (r refusal) code() string {
	code, _, _ := strings.Cut(string(r), " ")
	return code
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[refusal](err)
	return ok
}

// refusedWith reports whether err is a refusal with that code or, of an ERR, those words.
func refusedWith(err error, text string) bool {
	r, ok := errors.AsType[refusal](err)
	return ok && (r.code() == text || strings.Contains(string(r), text))
}
