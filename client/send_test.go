package client_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
)

func TestLog(t *testing.T) {
	type key struct{}
	clock, refusals := newClock(), 1
	var attempts []client.Attempt
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		clock.at = clock.at.Add(time.Second)
		refusing(&refusals, 409, `{"error_code":"busy","token":"`+secret+`"}`, "")(w, r)
	}, clock.option(), client.WithRetry(time.Minute), client.WithLog(func(ctx context.Context, a client.Attempt) {
		if ctx.Value(key{}) == nil {
			t.Error("the context is not that of the call")
		}
		attempts = append(attempts, a)
	}))
	ctx := context.WithValue(t.Context(), key{}, true)
	if err := c.Do(ctx, "PUT", "/v1/bdbs/1?token="+secret, map[string]string{"password": secret}, nil); err != nil {
		t.Fatal(err)
	}
	if err := second(connect(t, "http://127.0.0.1:1", client.WithLog(func(_ context.Context, a client.Attempt) { attempts = append(attempts, a) })).ListDatabases(ctx)); err == nil {
		t.Fatal("somebody listens at port 1")
	}
	if len(attempts) != 3 {
		t.Fatalf("got %d attempts, want 3", len(attempts))
	}
	for i, want := range []client.Attempt{
		{Method: "PUT", Path: "/v1/bdbs/1", Status: 409, Duration: time.Second, Err: client.ErrBusy},
		{Method: "PUT", Path: "/v1/bdbs/1", Status: 200, Duration: time.Second},
		{Method: "GET", Path: "/v1/bdbs", Err: client.ErrNetwork},
	} {
		got := attempts[i]
		if !errors.Is(got.Err, want.Err) || got.Method != want.Method || got.Path != want.Path || got.Status != want.Status || i < 2 && got.Duration != want.Duration {
			t.Errorf("attempt %d: got %+v, want %+v", i, got, want)
		}
		var line strings.Builder
		slog.New(slog.NewTextHandler(&line, nil)).Info("api", "attempt", got)
		if !strings.Contains(line.String(), "attempt.path="+want.Path) || strings.Contains(line.String(), secret) {
			t.Errorf("logged %s", &line)
		}
	}
}
