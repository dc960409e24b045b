package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/server"
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
	expect(admin, "wrong", 401) // the cached login in between has not wiped the slate, nor has it been counted
	expect(admin, password, 401)
	expect(viewer, password, 200) // others may
	f.clock.advance(time.Hour - time.Second)
	expect(admin, password, 401)
	f.clock.advance(time.Second)
	expect(admin, password, 200)
}

func TestNoLockout(t *testing.T) {
	f := start(t, func(c *server.Config) { c.Lockout = server.Lockout{} })
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
	f := start(t, func(c *server.Config) { c.Lockout = server.Lockout{} })
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
	shown := start(t, func(c *server.Config) { c.ShowCredentials = true })
	shown.call("POST", "/v1/bdbs", `{"uid": 50, "name": "x", "memory_size": 0, "authentication_redis_pass": "`+secret+`"}`)
	if got := shown.get("50")["authentication_redis_pass"]; got != secret {
		t.Errorf("without masking: %v", got)
	}
}
