package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
)

// playing answers each request with the next of these bodies, and goes on with the last.
func playing(bodies ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, bodies[0])
		if len(bodies) > 1 {
			bodies = bodies[1:]
		}
	}
}

func TestWaitImport(t *testing.T) {
	const (
		initializing = `{"uid":1,"import_status":"initializing","import_progress":0}`
		half         = `{"uid":1,"import_status":"importing","import_progress":50.5}`
		succeeded    = `{"uid":1,"import_status":"succeeded","import_progress":100}`
		recovering   = `{"uid":1,"status":"recovery","import_status":"failed","import_failure_reason":"file-larger-than-mem-limit:2048:1024"}`
		failed       = `{"uid":1,"import_status":"failed","import_failure_reason":"file-larger-than-mem-limit:2048:1024"}`
	)
	for name, tt := range map[string]struct {
		bodies []string
		want   error
		status string
		seen   []string
		looks  int // pauses between two looks
	}{
		"success":           {[]string{initializing, half, half, succeeded}, nil, "succeeded", []string{"initializing", "importing", "succeeded"}, 3},
		"success at once":   {[]string{succeeded}, nil, "succeeded", []string{"succeeded"}, 0},
		"failure":           {[]string{half, failed}, client.ErrImportFailed, "failed", []string{"importing", "failed"}, 1},
		"and recovery":      {[]string{half, recovering}, client.ErrImportFailed, "failed", []string{"importing", "failed"}, 1},
		"reset meanwhile":   {[]string{half, `{"import_status":"idle"}`}, client.ErrNoImport, "idle", []string{"importing", "idle"}, 1},
		"idle":              {[]string{`{"import_status":"idle"}`}, client.ErrNoImport, "idle", []string{"idle"}, 0},
		"never imported":    {[]string{`{"import_status":"","import_progress":0.0}`}, client.ErrNoImport, "", []string{""}, 0},
		"key missing":       {[]string{`{"uid":1}`}, client.ErrNoImport, "", []string{""}, 0},
		"status of its own": {[]string{`{"import_status":"thinking"}`, succeeded}, nil, "succeeded", []string{"thinking", "succeeded"}, 1},
		"not a database":    {[]string{half, `[]`}, client.ErrUnexpectedBody, "importing", []string{"importing"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			clock, seen := newClock(), []string{}
			c := serve(t, playing(tt.bodies...), clock.option())
			state, err := c.WaitImport(t.Context(), 1, 5*time.Second, func(s client.ImportState) { seen = append(seen, string(s.Status)) })
			if !errors.Is(err, tt.want) || string(state.Status) != tt.status {
				t.Errorf("got %+v, %v, want %q, %v", state, err, tt.status, tt.want)
			}
			if !slices.Equal(seen, tt.seen) || len(clock.slept) != tt.looks {
				t.Errorf("saw %q with %d pauses, want %q with %d", seen, len(clock.slept), tt.seen, tt.looks)
			}
			var failed *client.ImportFailedError
			const text = "the import into database 1 failed: file-larger-than-mem-limit:2048:1024"
			if errors.As(err, &failed) && (failed.UID != 1 || err.Error() != text) {
				t.Errorf("got %+v, want %s", failed, text)
			}
		})
	}
}

func TestWaitImportLooksLessOften(t *testing.T) {
	bodies := slices.Repeat([]string{`{"import_status":"importing"}`}, 6)
	clock := newClock()
	c := serve(t, playing(append(bodies, `{"import_status":"succeeded"}`)...), clock.option())
	if _, err := c.WaitImport(t.Context(), 1, time.Second, nil); err != nil {
		t.Fatal(err)
	}
	const ms = time.Millisecond
	if want := []time.Duration{250 * ms, 500 * ms, 1000 * ms, 1000 * ms, 1000 * ms, 1000 * ms}; !slices.Equal(clock.slept, want) {
		t.Errorf("slept %v, want %v", clock.slept, want)
	}
}

func TestWaitImportGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	clock := newClock()
	clock.before = func(time.Duration) { cancel() }
	c := serve(t, playing(`{"import_status":"importing","import_progress":12}`), clock.option())
	state, err := c.WaitImport(ctx, 1, time.Second, nil)
	if !errors.Is(err, context.Canceled) || state.Progress != 12 {
		t.Errorf("got %+v, %v, want the last state and Canceled", state, err)
	}
	if _, err := c.WaitImport(t.Context(), 1, 0, nil); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("no time between two looks: %v, want ErrInvalid", err)
	}
}

func TestWaitCreated(t *testing.T) {
	pending := `{"uid":7,"status":"pending"}`
	for name, tt := range map[string]struct {
		bodies []string
		want   error
		status string
		looks  int // pauses between two looks
	}{
		"active":            {[]string{pending, pending, `{"uid":7,"status":"active"}`}, nil, "active", 2},
		"active at once":    {[]string{`{"uid":7,"status":"active"}`}, nil, "active", 0},
		"failed":            {[]string{pending, `{"uid":7,"status":"creation-failed"}`}, client.ErrCreationFailed, "creation-failed", 1},
		"already in use":    {[]string{pending, `{"uid":7,"status":"import-pending"}`}, nil, "import-pending", 1},
		"status of its own": {[]string{`{"uid":7,"status":"thinking"}`}, nil, "thinking", 0},
		"not a database":    {[]string{pending, `[]`}, client.ErrUnexpectedBody, "pending", 1},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			db, err := serve(t, playing(tt.bodies...), clock.option()).WaitCreated(t.Context(), 7, time.Second)
			if !errors.Is(err, tt.want) || string(db.Status) != tt.status || len(clock.slept) != tt.looks {
				t.Errorf("got %q, %v with %d pauses, want %q, %v with %d", db.Status, err, len(clock.slept), tt.status, tt.want, tt.looks)
			}
		})
	}
}

func TestWaitCreatedGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	clock := newClock()
	clock.before = func(time.Duration) { cancel() }
	c := serve(t, playing(`{"uid":7,"status":"pending"}`), clock.option())
	if db, err := c.WaitCreated(ctx, 7, time.Second); !errors.Is(err, context.Canceled) || db.UID != 7 {
		t.Errorf("got %+v, %v, want the last that was read and Canceled", db, err)
	}
	if _, err := c.WaitCreated(t.Context(), 7, 0); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("no time between two looks: %v, want ErrInvalid", err)
	}
}

func TestImport(t *testing.T) {
	dump, err := client.ParseSource("/mnt/a.rdb")
	if err != nil {
		t.Fatal(err)
	}
	clock, seen := newClock(), []string{}
	c := serve(t, playing("", `{"import_status":"importing"}`, `{"import_status":"importing"}`, `{"import_status":"succeeded","import_progress":100}`), clock.option(),
		client.WithProgress(func(uid int, s client.ImportState) { seen = append(seen, fmt.Sprint(uid, " ", s.Status)) }))
	state, err := c.Import(t.Context(), 7, dump)
	if err != nil || state.Progress != 100 || !slices.Equal(seen, []string{"7 importing", "7 succeeded"}) {
		t.Errorf("got %+v, %v, having seen %q", state, err, seen)
	}
	c = serve(t, playing("", `{"import_status":"failed","import_failure_reason":"file-corrupted"}`))
	if state, err := c.Import(t.Context(), 7, dump); !errors.Is(err, client.ErrImportFailed) || state.FailureReason != "file-corrupted" {
		t.Errorf("failed: got %+v, %v", state, err)
	}
	if err := second(serve(t, answer(409, "")).Import(t.Context(), 7, dump)); !errors.Is(err, client.ErrBusy) {
		t.Errorf("busy: got %v", err)
	}
}

func TestEmptySourceIsNotSent(t *testing.T) {
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s was sent", r.Method, r.URL) })
	dump, err := client.ParseSource("/mnt/a.rdb")
	if err != nil {
		t.Fatal(err)
	}
	var untyped api.ImportSource
	if err := json.Unmarshal([]byte(`{"path":"/mnt/a.rdb"}`), &untyped); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []api.ImportSource{{}, untyped} {
		if err := c.StartImport(t.Context(), 1, dump, bad); !errors.Is(err, client.ErrInvalid) || !strings.Contains(err.Error(), "sources[1]") {
			t.Errorf("got %v, want ErrInvalid that names sources[1]", err)
		}
	}
}

func TestParseSource(t *testing.T) {
	for _, s := range []struct{ in, want string }{
		{"/mnt/a b.rdb", `{"path":"/mnt/a b.rdb","type":"mount_point"}`},
		{"https://u:p@h/a.rdb", `{"type":"url","url":"https://u:p@h/a.rdb"}`},
		{"HTTP://h/a.rdb", `{"type":"url","url":"HTTP://h/a.rdb"}`},
		{"ftp://h/a.rdb", `{"type":"url","url":"ftp://h/a.rdb"}`},
		{"ftps://h/a.rdb", `{"type":"url","url":"ftps://h/a.rdb"}`},
		{"sftp://u@h:22/a.rdb", `{"sftp_url":"sftp://u@h:22/a.rdb","type":"sftp"}`},
	} {
		source, err := client.ParseSource(s.in)
		if err != nil {
			t.Errorf("%s: %v", s.in, err)
			continue
		}
		if got, _ := json.Marshal(source); string(got) != s.want {
			t.Errorf("%s: got %s, want %s", s.in, got, s.want)
		}
	}
	for _, in := range []string{"", "sessions.rdb", "./a", "https://", "https://u:" + secret + "@h:x/", "s3://bucket/a.rdb", "file:///a.rdb"} {
		_, err := client.ParseSource(in)
		if !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%q: %v, want ErrInvalid", in, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error gives the password away: %v", err)
		}
	}
}
