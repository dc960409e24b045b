package client

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	defaultTimeout  = 30 * time.Second
	defaultRetryFor = 15 * time.Second
)

// An Option changes how a Client reaches its server. Of two that set the same, the later counts.
type Option func(*options)

type options struct {
	user, password string
	caFile         string
	insecure       bool
	transport      http.RoundTripper
	jar            http.CookieJar
	timeout        time.Duration
	userAgent      string
	onAttempt      func(context.Context, Attempt)
	onProgress     func(uid int, state ImportState)

	retryFor time.Duration
	onRetry  func(err error, pause time.Duration)
	now      func() time.Time
	sleep    func(context.Context, time.Duration) error
	jitter   func(limit time.Duration) time.Duration
}

func defaults() options {
	return options{
		timeout: defaultTimeout, userAgent: "reimport-client",
		onAttempt: func(context.Context, Attempt) {}, onProgress: func(int, ImportState) {},
		retryFor: defaultRetryFor, onRetry: func(error, time.Duration) {},
		now: time.Now, sleep: sleep,
		jitter: func(limit time.Duration) time.Duration { return rand.N(limit + 1) }, //nolint:gosec // spreads retries out, and keeps no secret
	}
}

// WithBasicAuth sends these credentials, a user's email and password, with every request.
func WithBasicAuth(user, password string) Option {
	return func(o *options) { o.user, o.password = user, password }
}

// WithCAFile trusts the certificates in this PEM file, and no others.
func WithCAFile(path string) Option { return func(o *options) { o.caFile = path } }

// WithInsecureTLS accepts any certificate. Whoever stands between then reads the password.
func WithInsecureTLS() Option { return func(o *options) { o.insecure = true } }

// WithHTTPClient sends requests through the Transport of h, with the cookies of its Jar. Its Timeout, if there is one, is
// that of WithTimeout. Its CheckRedirect is not asked: redirects are never followed.
//
// WithCAFile and WithInsecureTLS then apply to a copy of the Transport. They are refused, as an ErrOption, with a
// Transport that is not an *http.Transport or that makes its TLS connections itself (DialTLSContext). All other options
// are as without WithHTTPClient.
func WithHTTPClient(h *http.Client) Option {
	return func(o *options) {
		o.transport, o.jar = h.Transport, h.Jar
		if h.Timeout > 0 {
			o.timeout = h.Timeout
		}
	}
}

// WithTimeout bounds each request, from dialling to the last byte of the answer. 30 seconds unless given; the context
// bounds a whole call with its retries.
func WithTimeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// WithUserAgent replaces the User-Agent header.
func WithUserAgent(agent string) Option { return func(o *options) { o.userAgent = agent } }

// WithRetry asks a busy database again until d has passed since the first request; 0 turns this off. 15 seconds unless
// given. A Retry-After that would end later is not waited for.
func WithRetry(d time.Duration) Option { return func(o *options) { o.retryFor = d } }

// WithRetryNotice calls f before each pause of a retry, with what the server answered.
func WithRetryNotice(f func(err error, pause time.Duration)) Option {
	return func(o *options) { o.onRetry = f }
}

// WithLog calls f after each attempt, a retry included, with the context of the call. For a logger:
//
//	client.WithLog(func(ctx context.Context, a client.Attempt) { logger.DebugContext(ctx, "api", "attempt", a) })
func WithLog(f func(ctx context.Context, a Attempt)) Option {
	return func(o *options) { o.onAttempt = f }
}

// WithProgress calls f with each state of a database that Import sees, if it differs from the one before.
func WithProgress(f func(uid int, state ImportState)) Option {
	return func(o *options) { o.onProgress = f }
}

// WithClock replaces the clock that retries, WaitImport, WaitCreated and Attempt.Duration go by, for tests that do not want to wait.
// sleep returns the context's error when that ends first.
func WithClock(now func() time.Time, sleep func(context.Context, time.Duration) error) Option {
	return func(o *options) { o.now, o.sleep = now, sleep }
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
