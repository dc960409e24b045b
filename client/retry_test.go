package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
)

// clock is a time that passes only while something sleeps.
type clock struct {
	at     time.Time
	slept  []time.Duration
	before func(time.Duration) // called before each sleep, may be nil
}

func newClock() *clock { return &clock{at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time { return c.at }

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	if c.before != nil {
		c.before(d)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.slept = append(c.slept, d)
	c.at = c.at.Add(d)
	return nil
}

func (c *clock) option() client.Option { return client.WithClock(c.now, c.sleep) }

// longest makes every pause as long as its limit.
func longest(limit time.Duration) time.Duration { return limit }

// refusing answers refusals times with this status, body and Retry-After, and then with an empty 200.
func refusing(refusals *int, status int, body, retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if *refusals == 0 {
			return
		}
		*refusals--
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestRetryWhileBusy(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		refusals   int
		status     int
		body       string
		retryAfter string
		retryFor   time.Duration
		want       error
		slept      []time.Duration
	}{
		"once":           {1, 409, `{"error_code":"busy"}`, "", time.Minute, nil, []time.Duration{500 * ms}},
		"without a code": {1, 409, ``, "", time.Minute, nil, []time.Duration{500 * ms}},
		"often": {7, 409, ``, "", time.Minute, nil,
			[]time.Duration{500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 8000 * ms, 8000 * ms, 8000 * ms}},
		"until the time is up": {99, 409, ``, "", 3 * time.Second, client.ErrBusy, []time.Duration{500 * ms, 1000 * ms}},
		"off":                  {1, 409, ``, "", 0, client.ErrBusy, nil},
		"seconds":              {2, 409, ``, "3", time.Minute, nil, []time.Duration{3 * time.Second, 3 * time.Second}},
		"date":                 {1, 409, ``, "Thu, 01 Jan 2026 00:00:09 GMT", time.Minute, nil, []time.Duration{9 * time.Second}},
		"date that is past":    {1, 409, ``, "Thu, 01 Jan 2015 00:00:09 GMT", time.Minute, nil, []time.Duration{0}},
		"not a Retry-After":    {1, 409, ``, "soon", time.Minute, nil, []time.Duration{500 * ms}},
		"later than allowed":   {1, 409, ``, "61", time.Minute, client.ErrBusy, nil},
		"another conflict":     {1, 409, `{"error_code":"uid_exists"}`, "", time.Minute, client.ErrUIDExists, nil},
		"a cluster's conflict": {1, 409, `{"error_code":"db_conflict"}`, "", time.Minute, nil, []time.Duration{500 * ms}},
		"unavailable":          {1, 503, ``, "1", time.Minute, client.ErrUnavailable, nil},
		"rate limited":         {1, 429, ``, "1", time.Minute, client.ErrRateLimited, nil},
		"internal":             {1, 500, `{"error_code":"busy"}`, "", time.Minute, client.ErrInternal, nil},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			c := serve(t, refusing(&tt.refusals, tt.status, tt.body, tt.retryAfter),
				clock.option(), client.WithRetry(tt.retryFor), client.WithJitter(longest))
			if err := c.ResetImportStatus(t.Context(), 1); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if !slices.Equal(clock.slept, tt.slept) {
				t.Errorf("slept %v, want %v", clock.slept, tt.slept)
			}
		})
	}
}

func TestRetryByDefault(t *testing.T) {
	clock, refusals := newClock(), 1000
	srv := httptest.NewServer(refusing(&refusals, 409, "", ""))
	defer srv.Close()
	c, err := client.New(srv.URL, clock.option())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ResetImportStatus(t.Context(), 1); !errors.Is(err, client.ErrBusy) {
		t.Fatalf("got %v, want ErrBusy", err)
	}
	limit, total := 500*time.Millisecond, time.Duration(0)
	for _, d := range clock.slept {
		if d < 0 || d > limit {
			t.Errorf("slept %v, want at most %v", d, limit)
		}
		limit, total = min(2*limit, 8*time.Second), total+d
	}
	if len(clock.slept) == 0 || total > 15*time.Second {
		t.Errorf("slept %d times, %v in all, want at most 15s", len(clock.slept), total)
	}
}

func TestRetrySendsTheBodyAgain(t *testing.T) {
	var bodies []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		if len(bodies) == 1 {
			w.WriteHeader(409)
			return
		}
		io.WriteString(w, `{"uid":1}`)
	}, newClock().option(), client.WithRetry(time.Minute))
	if _, err := c.UpdateDatabaseJSON(t.Context(), 1, []byte(`{"name":"a"}`)); err != nil {
		t.Fatal(err)
	}
	if want := []string{`{"name":"a"}`, `{"name":"a"}`}; !slices.Equal(bodies, want) {
		t.Errorf("sent %q, want %q", bodies, want)
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	clock, refusals, noticed := newClock(), 1000, 0
	clock.before = func(time.Duration) { cancel() }
	c := serve(t, refusing(&refusals, 409, "", ""), clock.option(), client.WithRetry(time.Minute),
		client.WithRetryNotice(func(err error, _ time.Duration) {
			if errors.Is(err, client.ErrBusy) {
				noticed++
			}
		}))
	err := c.ResetImportStatus(ctx, 1)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, client.ErrBusy) || noticed != 1 {
		t.Errorf("got %v after %d notices, want both reasons after one", err, noticed)
	}
}
