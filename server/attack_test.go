package server_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/node"
)

// The attack: as many HTTP/2 connections, each with as many requests in flight, and each request with a user name that
// does not exist.
const (
	attackers = 4
	streams   = 249
)

// BenchmarkLoginsUnderAttack measures what good clients wait for while strangers ask for all the logins that four
// connections carry, over TLS and HTTP/2, all in this process: a client that logs in for the first time, over a
// connection of its own, and one that has logged in before and sends a request every 5 ms. The attackers come from the
// good clients' address, which has proved a password, or from another.
func BenchmarkLoginsUnderAttack(b *testing.B) {
	b.Run("no attack", func(b *testing.B) { underAttack(b, 0, "127.0.0.1") })
	b.Run("same address", func(b *testing.B) { underAttack(b, attackers, "127.0.0.1") })
	b.Run("other address", func(b *testing.B) { underAttack(b, attackers, "127.0.0.2") })
}

func underAttack(b *testing.B, attackers int, from string) {
	target := serveTLS(b)
	steady := target.client("127.0.0.1")
	if _, err := target.get(b.Context(), steady, admin, password); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	var attempts atomic.Int64
	for range attackers {
		target.flood(ctx, b, &running, target.client(from), &attempts)
	}
	var cached []time.Duration
	running.Go(func() { cached = target.steadily(ctx, b, steady) })
	b.ResetTimer()
	uncached := make([]time.Duration, 0, b.N)
	for i := range b.N {
		start := time.Now()
		c := target.client("127.0.0.1")
		if status, err := target.get(b.Context(), c, goodUser(i), password); err != nil || status != 200 {
			b.Errorf("login: %d %v after %s", status, err, time.Since(start))
		}
		uncached = append(uncached, time.Since(start))
		c.CloseIdleConnections()
	}
	b.StopTimer()
	b.ReportMetric(float64(attempts.Load())/b.Elapsed().Seconds(), "attempts/s")
	stop()
	running.Wait()
	reportDelays(b, "uncached", uncached)
	reportDelays(b, "cached", cached)
}

// target is a server that listens as in production.
type target struct {
	url   string
	roots *x509.CertPool
}

func goodUser(i int) string { return fmt.Sprintf("good%d@example.com", i) }

func serveTLS(b *testing.B) *target {
	hash, err := access.HashPassword(password)
	if err != nil {
		b.Fatal(err)
	}
	threads := runtime.GOMAXPROCS(0)
	b.Cleanup(func() { runtime.GOMAXPROCS(threads) })
	b.Setenv("GOGC", "100") // as in other benchmarks
	f := benchServer(b, node.OwnProcess, func(c *node.Config) {
		c.Seed.Users = []access.User{{Email: admin, PasswordHash: hash, Role: access.Admin}}
		for i := range b.N {
			c.Seed.Users = append(c.Seed.Users, access.User{Email: goodUser(i), PasswordHash: hash, Role: access.Admin})
		}
		c.Lockout = access.Lockout{Failures: 5, Within: 15 * time.Minute, For: 30 * time.Minute}
		c.Listen, c.TLS = "127.0.0.1:0", true
	})
	pem, err := os.ReadFile(f.node.CA())
	if err != nil {
		b.Fatal(err)
	}
	t := &target{url: f.node.URL() + "/v1/modules", roots: x509.NewCertPool()}
	t.roots.AppendCertsFromPEM(pem)
	return t
}

// client has one connection, with HTTP/2.
func (t *target) client(from string) *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return &http.Client{Transport: &http.Transport{
		DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: t.roots}, ForceAttemptHTTP2: true, MaxConnsPerHost: 1,
	}}
}

func (t *target) get(ctx context.Context, c *http.Client, email, password string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url, nil)
	if err != nil {
		return 0, err
	}
	r.SetBasicAuth(email, password)
	answer, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// flood keeps all streams of a connection busy until ctx ends.
func (t *target) flood(ctx context.Context, b *testing.B, running *sync.WaitGroup, c *http.Client, attempts *atomic.Int64) {
	if _, err := t.get(ctx, c, "nobody", "x"); err != nil { // all streams share the connection that this makes
		b.Fatal(err)
	}
	for range streams {
		running.Go(func() {
			for ctx.Err() == nil {
				_, _ = t.get(ctx, c, fmt.Sprint("ghost", attempts.Add(1)), "guess")
			}
		})
	}
}

// steadily sends requests that need no verification until ctx ends.
func (t *target) steadily(ctx context.Context, b *testing.B, c *http.Client) (took []time.Duration) {
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return took
		case <-pace.C:
		}
		start := time.Now()
		if status, err := t.get(context.WithoutCancel(ctx), c, admin, password); err != nil || status != 200 {
			b.Errorf("cached: %d %v after %s", status, err, time.Since(start))
		}
		took = append(took, time.Since(start))
	}
}

func reportDelays(b *testing.B, name string, took []time.Duration) {
	slices.Sort(took)
	for quantile, at := range map[string]int{"p50": len(took) / 2, "p99": len(took) * 99 / 100, "max": len(took) - 1} {
		b.ReportMetric(float64(took[at].Microseconds())/1000, name+"-"+quantile+"-ms")
	}
}
