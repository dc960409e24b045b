package secret_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/reimport/reimport/internal/secret"
)

func TestIsMember(t *testing.T) {
	for name, want := range map[string]bool{
		"authentication_redis_pass": true, "authentication_admin_pass": true, "secret_access_key": true, "sftp_url": true, "url": true, "key": true,
		"sas_token": true, "password": true, "access_token": true, "license_token": true, "dst_pass": true,
		"disconnect_clients_on_password_removal": false, "shard_key_regex": false, "uid": false, "name": false, "tracking_table_max_keys": false,
		"description": false, "uri": true, "Password": true, "shard_key": true,
	} {
		if got := secret.IsMember(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestJSON(t *testing.T) {
	for given, want := range map[string]string{
		`{"name": "a", "memory_size": 5, "backup": true, "x": null}`:               `{"name": "a", "memory_size": 5, "backup": true, "x": null}`,
		`{"authentication_redis_pass": "", "sas_token": null}`:                     `{"authentication_redis_pass": "", "sas_token": null}`,
		`[{"url": "http://h/a"}, {"u\u0072l" : 12345}]`:                            `[{"url": "***"}, {"u\u0072l" : "***"}]`,
		`{"password": ["a", {"b": true}], "name": "c"}`:                            `{"password": "***", "name": "c"}`,
		`{"description": "no http://u:hunter2@h/x"}`:                               `{"description": "no http://***@h/x"}`,
		`{"description": "sig=hunter2 expired, Basic aHVudGVyMjpodW50ZXIy"}`:       `{"description": "sig=*** expired, Basic ***"}`,
		`{"name": "a", "sas_token": "hunt`:                                         `{"name": "a", "sas_token"`,
		`{"sas_token": "hunter2", "description": "hunter2 is no token"}`:           `{"sas_token": "***", "description": "*** is no token"}`,
		`{"sas_token": ["hunter2"], "hunter2": {"a": "hunter2"}}`:                  `{"sas_token": "***", "***": {"a": "***"}}`,
		`hunter2 {]} "name": hunter2`:                                              ``,
		`{"disconnect_clients_on_password_removal": true, "tags": [{"key": "k"}]}`: `{"disconnect_clients_on_password_removal": true, "tags": [{"key": "***"}]}`,
	} {
		if got := string(new(secret.Mask).JSON([]byte(given))); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", given, got, want)
		}
	}
}

func TestTarget(t *testing.T) {
	for given, want := range map[string]string{
		"/v1/bdbs?fields=uid,name&dry_run":         "/v1/bdbs?fields=uid,name&dry_run",
		"/v1/bdbs?token=hunter2&x&y=":              "/v1/bdbs?token=***&x&y=",
		"https://a:b@cluster/v1/bdbs/1?a=b":        "/v1/bdbs/1?a=b",
		"/v1/hunter2?pass%77ord=hunter2;b=hunter2": "/v1/hunter2?pass%77ord=***;b=***",
	} {
		u, err := url.Parse(given)
		if err != nil {
			t.Fatal(err)
		}
		if got := new(secret.Mask).Target(u); got != want {
			t.Errorf("%s: got %s, want %s", given, got, want)
		}
	}
}

// TestNoSecretIsShown plants a secret where secrets are, and looks for it in all that a Mask returns, then and later.
func TestNoSecretIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		planted := rapid.StringMatching(`zq[A-Za-z0-9 /+%&"\\ü=@:]{6,20}qz`).Draw(t, "secret")
		quoted, err := json.Marshal(planted)
		if err != nil {
			t.Fatal(err)
		}
		m := new(secret.Mask)
		name := rapid.SampledFrom([]string{"url", "sas_token", "authentication_redis_pass", "password", "db_password", "api_key"}).Draw(t, "name")
		nested := rapid.SampledFrom([]string{`%s`, `[%s]`, `{"deep": [%s]}`}).Draw(t, "nested")
		body := fmt.Sprintf(`{"name": "a", %q: %s, "description": "b"}`, name, fmt.Sprintf(nested, quoted))
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth("a@example.com", planted)
		r.Header.Set("X-Api-Key", planted)
		target := &url.URL{Path: "/v1/bdbs/1", RawQuery: "token=" + url.QueryEscape(planted)}
		shown := []string{
			m.Target(target), fmt.Sprint(m.Header(r.Header)), string(m.JSON([]byte(body))), string(m.JSON([]byte(body[:len(body)*2/3]))),
			m.Text("the server said: " + planted + " is wrong"), string(m.JSON(fmt.Appendf(nil, `{"description": %s}`, quoted))),
		}
		for _, text := range shown {
			for _, form := range []string{planted, string(quoted[1 : len(quoted)-1]), url.QueryEscape(planted), base64.StdEncoding.EncodeToString([]byte("a@example.com:" + planted))} {
				if strings.Contains(text, form) {
					t.Fatalf("%q is in %s", form, text)
				}
			}
		}
	})
}
