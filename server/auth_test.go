package server_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/node"
)

func with(email, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(email, password) }
}

func (f *fixture) login(email, password string) int {
	f.t.Helper()
	return f.call("GET", "/v1/modules", "", with(email, password)).StatusCode
}

func TestCredentials(t *testing.T) {
	f := start(t)
	for name, c := range map[string]struct {
		header string
		want   int
	}{
		"none":            {"", 401},
		"no scheme":       {"YWRtaW4=", 401},
		"another scheme":  {"Bearer YWRtaW4=", 401},
		"no base64":       {"Basic %%%", 401},
		"no colon":        {"Basic YWRtaW4=", 401},
		"empty":           {"Basic Og==", 401},
		"an unknown user": {"Basic eDp5", 401},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.call("GET", "/v1/modules", "", func(r *http.Request) {
				r.Header.Del("Authorization")
				if c.header != "" {
					r.Header.Set("Authorization", c.header)
				}
			})
			if r.StatusCode != c.want || r.errorCode() != "unauthorized" || !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Basic realm=") {
				t.Fatalf("%d %s %v", r.StatusCode, r.body, r.Header)
			}
		})
	}
	for range 2 { // the second time from the cache
		if got := f.login(admin, password); got != 200 {
			t.Fatalf("the right password: %d", got)
		}
	}
	for _, wrong := range []string{"", password + "x", strings.ToUpper(password)} {
		if got := f.login(viewer, wrong); got != 401 {
			t.Fatalf("%q: %d", wrong, got)
		}
	}
}

// TestMalformedCredentials has passwords that bcrypt takes for others, and names that no user can have.
func TestMalformedCredentials(t *testing.T) {
	long := strings.Repeat("x", access.MaxPasswordLength)
	hash, err := access.HashPassword(long)
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, func(c *node.Config) {
		c.Seed.Users = append(c.Seed.Users, access.User{Email: "long@example.com", PasswordHash: hash, Role: access.Admin})
		c.Lockout.Failures = 1
	})
	for _, wrong := range [][2]string{
		{admin, password + "\x00" + password}, {admin, password + "\x00"}, {admin, ""}, {"long@example.com", long + "x"},
		{admin + "\x00", password}, {"", password}, {strings.Repeat("x", access.MaxEmailLength+1), password},
	} {
		for range 2 {
			if got := f.login(wrong[0], wrong[1]); got != 401 {
				t.Errorf("%q: %d", wrong, got)
			}
		}
	}
	// None of these could have been right, so none has counted as a guess.
	for _, right := range [][2]string{{admin, password}, {"long@example.com", long}} {
		if got := f.login(right[0], right[1]); got != 200 {
			t.Errorf("%q: %d", right, got)
		}
	}
}

func TestPermissions(t *testing.T) {
	f := start(t)
	for _, c := range []struct {
		email, method, path string
		want                int
	}{
		{admin, "PUT", "/v1/bdbs/1/actions/import_reset_status", 200},
		{viewer, "PUT", "/v1/bdbs/1/actions/import_reset_status", 403},
		{viewer, "PUT", "/v1/bdbs/nonsense/actions/import_reset_status", 403},
		{viewer, "POST", "/v1/bdbs/99/actions/import", 403},
		{viewer, "POST", "/v1/bdbs", 403},
		{viewer, "DELETE", "/v1/bdbs/1", 403},
		{viewer, "GET", "/v1/bdbs/1", 200},
		{viewer, "GET", "/v1/bdbs", 200},
		{nobody, "GET", "/v1/bdbs", 403},
		{nobody, "GET", "/v1/modules", 403},
	} {
		r := f.raw(c.method, c.path, "", as(c.email))
		if r.StatusCode != c.want || c.want == 403 && r.errorCode() != "unauthorized_action" {
			t.Errorf("%s %s %s: %d %s", c.email, c.method, c.path, r.StatusCode, r.body)
		}
	}
}

func TestLockout(t *testing.T) {
	f := start(t) // 3 failures within a minute lock for an hour
	expect := func(email, password string, want int) {
		t.Helper()
		if got := f.login(email, password); got != want {
			t.Fatalf("%s %q: %d, want %d", email, password, got, want)
		}
	}
	expect(admin, password, 200)
	expect(admin, "wrong", 401)
	expect(admin, "wrong", 401)
	f.clock.advance(time.Minute) // those two no longer count
	expect(admin, "wrong", 401)
	expect(admin, "wrong", 401)
	expect(admin, password, 200)
	expect(admin, "wrong", 401)
	expect(admin, "wrong", 401)  // the cached login in between has not wiped the slate, nor has it been counted
	expect(admin, password, 200) // it has proved the password before the lock-out
	elsewhere := func(want int) {
		t.Helper()
		if got := f.loginFrom("203.0.113.7:4711", admin, password); got != want {
			t.Fatalf("from elsewhere: %d, want %d", got, want)
		}
	}
	elsewhere(401)
	expect(viewer, password, 200) // others may
	f.clock.advance(time.Hour - time.Second)
	elsewhere(401)
	f.clock.advance(time.Second)
	elsewhere(200)
}

// loginFrom logs in over a connection from another address.
func (f *fixture) loginFrom(connection, email, password string) int {
	r := httptest.NewRequest("GET", "/v1/modules", nil)
	r.SetBasicAuth(email, password)
	r.RemoteAddr = connection
	w := httptest.NewRecorder()
	f.Config.Handler.ServeHTTP(w, r)
	return w.Code
}

// TestLoginsInTheLog holds the log to what an operator needs: who was tried, who is locked out, and nothing forged.
func TestLoginsInTheLog(t *testing.T) {
	f := start(t)
	forged := "x\nlevel=ERROR\u202e" + strings.Repeat("y", 100)
	f.loginFrom("203.0.113.7:4711", forged, "secret-1")
	for range 4 {
		f.loginFrom("203.0.113.7:4711", "ghost@example.com", "secret-2")
		f.loginFrom("203.0.113.8:4711", viewer, "secret-3")
	}
	refused := eventtest.All[event.LoginRefused](f.events)
	if len(refused) != 9 || refused[1].Name != "ghost@example.com" || refused[1].Peer != "203.0.113.7" || refused[1].RequestID == "" {
		t.Errorf("%+v", refused)
	}
	locked := eventtest.All[event.LockedOut](f.events)
	until := f.clock.Now().Add(time.Hour)
	want := []event.LockedOut{
		{Name: "ghost@example.com", Peer: "203.0.113.7", Until: until, Count: 1}, {Name: viewer, Peer: "203.0.113.8", Until: until, Count: 2},
	}
	if !slices.Equal(locked, want) || locked[0].Level() != slog.LevelWarn {
		t.Errorf("%+v", locked)
	}
	var line struct{ Msg, Name string }
	for text := range strings.Lines(f.events.Text()) { // what the start has logged comes first
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line.Msg == refused[0].Message() {
			break
		}
	}
	if want := `x\nlevel=ERROR\u202e` + strings.Repeat("y", 64-14) + "…"; line.Name != want {
		t.Errorf("logged as %q, want %q", line.Name, want)
	}
	if strings.Contains(f.events.Text(), "secret") {
		t.Error("a password is in the log")
	}
}

func TestNoLockout(t *testing.T) {
	f := start(t, func(c *node.Config) { c.Lockout = access.Lockout{} })
	for range 20 {
		if got := f.login(admin, "wrong"); got != 401 {
			t.Fatal(got)
		}
	}
	if got := f.login(admin, password); got != 200 {
		t.Fatal(got)
	}
}

func TestManyLoginsAtOnce(t *testing.T) {
	f := start(t, func(c *node.Config) { c.Lockout = access.Lockout{} })
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			secret, want := password, 200
			if i%2 == 0 {
				secret, want = "wrong", 401
			}
			if got := f.login(admin, secret); got != want {
				t.Errorf("%q: %d, want %d", secret, got, want)
			}
		})
	}
	wg.Wait()
}

// TestSecretsStayInside looks for every secret that went in, in all that came out.
func TestSecretsStayInside(t *testing.T) {
	f := start(t)
	const secret = "hunter2-secret"
	bodies := []response{
		f.call("GET", "/v1/modules", "", with(admin, secret)),
		f.call("POST", "/v1/bdbs", `{"uid": 50, "name": "x", "memory_size": 0, "authentication_redis_pass": "`+secret+`", "authentication_admin_pass": "`+secret+`",
			"replica_sources": [{"uri": "redis://admin:`+secret+`@10.0.0.1:6379", "client_key": "`+secret+`"}],
			"backup_location": {"type": "s3", "bucket_name": "b", "access_key_id": "`+secret+`", "secret_access_key": "`+secret+`"},
			"dataset_import_sources": [{"type": "url", "url": "http://user:`+secret+`@127.0.0.1:1/x.rdb?sig=`+secret+`"}]}`),
		f.call("POST", "/v1/bdbs/50/actions/import", ""),
		f.call("POST", "/v1/bdbs", `{"name": "`+secret+`!", "memory_size": "`+secret+`"}`),
		f.call("POST", "/v1/bdbs/50/actions/import", `{"dataset_import_sources": [{"type": "url", "url": "ftp://u:`+secret+`@h/x"}]}`),
		f.call("POST", "/v1/bdbs/50/actions/import", `{"dataset_import_sources": [{"type": "sftp", "sftp_url": "sftp://u:`+secret+`@h/x", "key": "`+secret+`"}]}`),
		f.raw("GET", "/v1/bdbs/50?password="+secret, ""),
		f.raw("GET", "/"+secret, "", with(admin, secret)),
	}
	for i, uri := range []string{"redis://default:%s@h:1", "redis://default:a#%s@h:1", "redis://default:1#%s@h:1", "redis://default:a%%zz%s@h", "redis:default:%s@h", "default:%s@h:1", "redis://u:a@%s@h", "redis://h?password=%s"} {
		body := fmt.Sprintf(`{"uid": %d, "name": "x", "memory_size": 0, "replica_sources": [{"uri": %q, "URI": %q, "password": %q}], "crdt_sources": [{"uri": %[2]q}], "sync_sources": [{"uri": %[2]q}]}`, 60+i, fmt.Sprintf(uri, secret), secret, secret)
		bodies = append(bodies, f.call("POST", "/v1/bdbs", body))
	}
	if bodies[1].StatusCode != 200 || bodies[2].StatusCode != 200 {
		t.Fatalf("%s\n%s", bodies[1].body, bodies[2].body)
	}
	if failed := f.settled("50"); failed["import_failure_reason"] != "download-error" {
		t.Fatalf("%v", failed)
	}
	bodies = append(bodies, f.call("GET", "/v1/bdbs/50", ""), f.call("GET", "/v1/bdbs", ""))
	for _, r := range bodies {
		if strings.Contains(string(r.body), secret) {
			t.Errorf("%s %s: %s", r.Request.Method, r.Request.URL.Path, r.body)
		}
	}
	for line := range strings.Lines(f.events.Text()) {
		if strings.Contains(line, secret) && !strings.Contains(line, `"path":"/`+secret) {
			t.Errorf("logged: %s", line)
		}
	}
	shown := start(t, func(c *node.Config) { c.ShowCredentials = true })
	shown.call("POST", "/v1/bdbs", `{"uid": 50, "name": "x", "memory_size": 0, "authentication_redis_pass": "`+secret+`"}`)
	if got := shown.get("50")["authentication_redis_pass"]; got != secret {
		t.Errorf("without masking: %v", got)
	}
}
