package seed_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/seed"
)

func TestParseAttachment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("hush\r\nsecond line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]database.Attachment{
		"cache=redis://h":                             {Network: "tcp", Addr: "h:6379"},
		"cache=redis://h:1/0":                         {Network: "tcp", Addr: "h:1"},
		"cache=rediss://[::1]:2/":                     {Network: "tcp", Addr: "[::1]:2", TLS: true},
		"cache=redis://u:hu%2Fsh@h":                   {Network: "tcp", Addr: "h:6379", Username: "u", Password: "hu/sh"},
		"cache=redis://:hush@h":                       {Network: "tcp", Addr: "h:6379", Password: "hush"},
		"cache=unix:///run/redis.sock":                {Network: "unix", Addr: "/run/redis.sock"},
		"cache=unix://u:hush@/run/redis.sock":         {Network: "unix", Addr: "/run/redis.sock", Username: "u", Password: "hush"},
		"cache=redis://h?username=u&password=hu%26sh": {Network: "tcp", Addr: "h:6379", Username: "u", Password: "hu&sh"},
		"cache=redis://h?password_file=" + file:       {Network: "tcp", Addr: "h:6379", Password: "hush"},
	} {
		if got, err := seed.ParseAttachment(text); err != nil || got != (seed.Attachment{Name: "cache", Redis: want}) {
			t.Errorf("%s: %v, %+v", text, err, got)
		}
	}
	for text, want := range map[string]string{
		"redis://:hush@h":                 "expected NAME=URL",
		"=redis://:hush@h":                "expected NAME=URL",
		"-a=redis://:hush@h":              "expected NAME=URL",
		"a=":                              "expected NAME=URL",
		"a=http://:hush@h":                "a: url: expected redis://host:port",
		"a=redis://:hush@h:x":             "a: url: expected redis://host:port",
		"a=redis://:hu/sh@h":              "a: url: expected redis://host:port",
		"a=redis://h?hush=1":              "a: url: expected fields of redis in a seed",
		"a=redis://h?url=hush":            "a: url: expected fields of redis in a seed",
		"a=redis://h?Line=1":              "a: url: expected fields of redis in a seed",
		"a=redis://h?password=hush&%zz":   "a: url: expected name=value pairs",
		"a=redis://:hush@h?password=hush": "a: password: expected one",
		"a=redis://:hush@h?client_key_file=/nonexistent": "a: client_cert_file: expected PEM files",
	} {
		if got, err := seed.ParseAttachment(text); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, %+v, want %s", text, err, got, want)
		}
	}
}

// TestPlaces: where the databases of a seed are, and which of them the node decides about.
func TestPlaces(t *testing.T) {
	c, err := seed.Parse("seed", []byte(`
memory_limit: 1073741824
databases:
  - {uid: 1, name: open, import_status: failed, import_failure_reason: file-corrupted}
  - {uid: 2, name: open-too, status: active}
  - {uid: 3, name: simulated, data_plane: simulated}
  - {uid: 4, name: local, data_plane: local, status: active, import_status: succeeded, import_progress: 100, import_scripts: [{}]}
  - {uid: 5, name: attached, redis: {url: "redis://u@h:7", password: hush}}
  - {uid: 6, name: changing, status: active-change-pending}
  - {uid: 7, name: importing, status: import-pending, import_status: initializing}
  - {uid: 8, name: backed-up, backup_status: exporting}
  - {uid: 9, name: scripted, import_scripts: [{}]}
  - {uid: 10, name: memcached, type: memcached}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, db := range c.Databases {
		plane := map[int]database.DataPlane{4: database.Local, 5: database.Attached}[db.UID]
		if open := db.UID <= 2; db.DataPlane != plane || c.Open[db.UID] != open || plane != database.Simulated && db.Status != database.Pending {
			t.Errorf("%+v, open %v", db, c.Open[db.UID])
		}
	}
	if got := c.Databases[4]; got.Port != 7 || got.Redis != (database.Attachment{Network: "tcp", Addr: "h:7", Username: "u", Password: "hush"}) {
		t.Errorf("%+v", got)
	}
	var text bytes.Buffer
	if err := seed.Write(&text, "", c); err != nil || strings.Contains(text.String(), "hush") || !strings.Contains(text.String(), "url: redis://h:7") {
		t.Errorf("%v\n%s", err, text.String())
	}
}
