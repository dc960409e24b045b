package seed_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/seed"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cluster.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDemo holds the demo cluster to what its comments and the README say: one database for each answer of a reset,
// and the passwords.
func TestDemo(t *testing.T) {
	c, err := seed.Read("../../examples/demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]error{
		"idle": nil, "failed": nil, "importing": database.ErrBusy, "backup-running": database.ErrBusy,
		"change-pending": database.ErrBusy, "legacy-module": database.ErrUnsupportedModule,
	}
	for _, db := range c.Databases {
		answer, ok := want[db.Name]
		if !ok {
			t.Errorf("%s is not expected", db.Name)
		}
		if err := db.ResetImportStatus(c.Modules); !errors.Is(err, answer) {
			t.Errorf("%s: reset answers %v, want %v", db.Name, err, answer)
		}
		delete(want, db.Name)
	}
	if len(want) > 0 || !c.Demo {
		t.Errorf("missing %v, demo %v", want, c.Demo)
	}
	for i, password := range []string{"demo-admin", "demo-viewer"} {
		if err := bcrypt.CompareHashAndPassword([]byte(c.Users[i].PasswordHash), []byte(password)); err != nil {
			t.Errorf("%s: %v", c.Users[i].Email, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	const hash = "$2a$10$AlF.8/vCTPb9s83DWC0gy.TbJ3fD.2/Fk6q21slF0teGFoFP4F846"
	for name, c := range map[string]struct{ text, want string }{
		"unknown field":             {"users:\n  - email: a\n    passwrd: x", "3: users[0].passwrd: expected a field that exists"},
		"unknown top field":         {"demo: true\nuser: []", "2: user: expected a field that exists"},
		"empty field name":          {"\"\": 1", "1: : expected a field that exists"},
		"Go's own field name":       {"users:\n  - {Line: 3}", "2: users[0].Line: expected a field that exists"},
		"given twice":               {"demo: true\ndemo: false", "2: demo: expected a field that exists, given once"},
		"list expected":             {"users: {}", "1: users: expected a list"},
		"mapping expected":          {"databases: [7]", "1: databases[0]: expected a mapping"},
		"number expected":           {"databases:\n  - uid: one", "2: databases[0].uid: expected an integer"},
		"null":                      {"databases:\n  - uid:", "2: databases[0].uid: expected an integer"},
		"role":                      {"users:\n- {email: a, role: root, password_hash: " + hash + "}", "2: users[0].role: expected one of"},
		"hash":                      {"users:\n- {email: a, role: admin, password_hash: secret}", "2: users[0].password_hash: expected a bcrypt hash"},
		"control character":         {"users:\n- {email: \"a\\0b\", role: admin, password_hash: " + hash + "}", "2: users[0].email: expected an address without a colon"},
		"colon in the email":        {"users:\n- {email: \"a:b\", role: admin, password_hash: " + hash + "}", "2: users[0].email: expected an address without a colon"},
		"same email":                {"users:\n- &u {email: a, role: admin, password_hash: " + hash + "}\n- {email: a, role: admin, password_hash: " + hash + "}", "3: users[1].email: expected an address"},
		"module uid":                {"modules: [{uid: x, module_name: m, semantic_version: 1.0.0}]", "1: modules[0].uid: expected 32 hexadecimal"},
		"module uid bundled":        {"modules: [{uid: b14385b09778a335835ee3ae380bbc77, module_name: m, semantic_version: 1.0.0}]", "modules[0].uid: expected a uid that no other"},
		"module unknown":            {"databases: [{uid: 1, name: x, module_list: [{module_name: nope}]}]", "databases[0].module_list: expected modules"},
		"uid too large":             {"databases: [{uid: 2147483648, name: x}]", "databases[0].uid: expected an integer from 1"},
		"uid twice":                 {"databases:\n- {uid: 1, name: x}\n- {uid: 1, name: y}", "3: databases[1].uid: expected a uid that no other"},
		"name":                      {"databases: [{uid: 1, name: -x}]", "databases[0].name: expected letters"},
		"status":                    {"databases: [{uid: 1, name: x, status: busy}]", "databases[0].status: expected one of"},
		"importing, active":         {"databases: [{uid: 1, name: x, import_status: importing}]", "databases[0].status: expected import-pending exactly"},
		"failed, no reason":         {"databases: [{uid: 1, name: x, import_status: failed}]", "databases[0].import_failure_reason: expected a reason"},
		"reason, not failed":        {"databases: [{uid: 1, name: x, import_failure_reason: general-error}]", "databases[0].import_failure_reason: expected nothing"},
		"progress":                  {"databases: [{uid: 1, name: x, import_status: succeeded}]", "databases[0].import_progress: expected 100"},
		"backup":                    {"databases: [{uid: 1, name: x, backup_status: running}]", "databases[0].backup_status: expected"},
		"source":                    {"databases:\n- uid: 1\n  name: x\n  dataset_import_sources:\n  - {type: s3, path: x}", "5: databases[0].dataset_import_sources: expected type"},
		"credentials":               {"databases:\n- uid: 1\n  name: x\n  backup_location: '{\"type\": \"s3\", \"secret_access_key\": \"x\"}'", "2: databases[0].backup_location: expected a JSON object without credentials"},
		"script's outcome":          {"databases:\n- uid: 1\n  name: x\n  import_scripts:\n  - outcome: failed", "5: databases[0].import_scripts[0].outcome: expected succeeded, or a failure reason"},
		"script's numbers":          {"databases: [{uid: 1, name: x, import_scripts: [{outcome: \"file-larger-than-mem-limit:1\"}]}]", "import_scripts[0].outcome: expected"},
		"script's pace":             {"databases: [{uid: 1, name: x, import_scripts: [{}, {pace: slow}]}]", "databases[0].import_scripts[1].pace: expected one of"},
		"not a duration":            {"databases: [{uid: 1, name: x, import_scripts: [{pace: timed, duration: 30}]}]", "import_scripts[0].duration: expected a duration above 0 such as 30s"},
		"negative duration":         {"databases: [{uid: 1, name: x, import_scripts: [{pace: timed, duration: -1s}]}]", "import_scripts[0].duration: expected a duration above 0"},
		"no duration":               {"databases: [{uid: 1, name: x, import_scripts: [{pace: timed}]}]", "import_scripts[0].duration: expected"},
		"duration, not timed":       {"databases: [{uid: 1, name: x, import_scripts: [{duration: 30s}]}]", "import_scripts[0].duration: expected"},
		"no steps":                  {"databases: [{uid: 1, name: x, import_scripts: [{pace: polled}]}]", "import_scripts[0].steps: expected an integer from 1"},
		"negative steps":            {"databases: [{uid: 1, name: x, import_scripts: [{steps: -1}]}]", "import_scripts[0].steps: expected an integer from 1"},
		"too many steps":            {"databases: [{uid: 1, name: x, import_scripts: [{pace: polled, steps: 1000001}]}]", "import_scripts[0].steps: expected an integer from 1"},
		"at, not frozen":            {"databases: [{uid: 1, name: x, import_scripts: [{at: 1}]}]", "import_scripts[0].at: expected a percentage"},
		"at the end":                {"databases: [{uid: 1, name: x, import_scripts: [{pace: frozen, at: 99.91}]}]", "import_scripts[0].at: expected a percentage"},
		"before the start":          {"databases: [{uid: 1, name: x, import_scripts: [{pace: frozen, at: -1}]}]", "import_scripts[0].at: expected a percentage"},
		"at no number":              {"databases: [{uid: 1, name: x, import_scripts: [{pace: frozen, at: .nan}]}]", "import_scripts[0].at: expected a percentage"},
		"memory of the cluster":     {"memory_limit: -1", "1: memory_limit: expected bytes"},
		"too large together":        {"memory_limit: 100\ndatabases:\n- {uid: 1, name: x, memory_size: 60}\n- {uid: 2, name: y, memory_size: 41}", "4: databases[1].memory_size: expected no more than is left of the memory_limit of 100 bytes"},
		"port twice":                {"databases:\n- {uid: 1, name: x, port: 7}\n- {uid: 2, name: y, port: 7}", "3: databases[1].port: expected one that no other"},
		"data plane":                {"databases: [{uid: 1, name: x, data_plane: remote}]", "databases[0].data_plane: expected simulated, local or attached"},
		"attached to nothing":       {"databases: [{uid: 1, name: x, data_plane: attached}]", "databases[0].redis: expected the Redis"},
		"local with a redis":        {"databases: [{uid: 1, name: x, data_plane: local, redis: {url: \"redis://h\"}}]", "databases[0].data_plane: expected attached or nothing"},
		"local memcached":           {"databases: [{uid: 1, name: x, data_plane: local, type: memcached}]", "databases[0].type: expected nothing that is not true"},
		"local in recovery":         {"databases: [{uid: 1, name: x, data_plane: local, status: recovery}]", "databases[0].status: expected nothing that is not true"},
		"local that imports":        {"databases: [{uid: 1, name: x, data_plane: local, import_status: initializing}]", "databases[0].import_status: expected nothing that is not true"},
		"attached that backs up":    {"databases: [{uid: 1, name: x, redis: {url: \"redis://h\"}, backup_status: exporting}]", "databases[0].backup_status: expected nothing that is not true"},
		"another port":              {"databases: [{uid: 1, name: x, redis: {url: \"redis://h:1\"}, port: 2}]", "databases[0].port: expected that of its redis"},
		"redis without a url":       {"databases:\n- uid: 1\n  name: x\n  redis:\n    username: u", "5: databases[0].redis.url: expected redis://host:port"},
		"url of a page":             {"databases: [{uid: 1, name: x, redis: {url: \"http://h\"}}]", "databases[0].redis.url: expected redis://host:port"},
		"url of no database":        {"databases: [{uid: 1, name: x, redis: {url: \"redis://h/1\"}}]", "databases[0].redis.url: expected redis://host:port"},
		"url of no port":            {"databases: [{uid: 1, name: x, redis: {url: \"redis://h:0\"}}]", "databases[0].redis.url: expected redis://host:port"},
		"url of no path":            {"databases: [{uid: 1, name: x, redis: {url: \"unix://redis.sock\"}}]", "databases[0].redis.url: expected redis://host:port"},
		"url with a query":          {"databases: [{uid: 1, name: x, redis: {url: \"redis://h?password_file=x\"}}]", "databases[0].redis.url: expected redis://host:port"},
		"one Redis twice":           {"databases: [{uid: 1, name: x, redis: {url: \"redis://h\"}}, {uid: 2, name: y, redis: {url: \"redis://u@h:6379\"}}]", "databases[1].redis.url: expected a Redis that no other database"},
		"two users":                 {"databases: [{uid: 1, name: x, redis: {url: \"redis://u@h\", username: u}}]", "databases[0].redis.username: expected none beside"},
		"two passwords":             {"databases: [{uid: 1, name: x, redis: {url: \"redis://:hush@h\", password: hush}}]", "databases[0].redis.password: expected one"},
		"no password file":          {"databases: [{uid: 1, name: x, redis: {url: \"redis://h\", password_file: /nonexistent}}]", "databases[0].redis.password_file: expected a file"},
		"no CA":                     {"databases: [{uid: 1, name: x, redis: {url: \"rediss://h\", ca_cert_file: /nonexistent}}]", "databases[0].redis.ca_cert_file: expected a PEM file"},
		"certificate without a key": {"databases: [{uid: 1, name: x, redis: {url: \"rediss://h\", client_cert_file: /nonexistent}}]", "databases[0].redis.client_cert_file: expected PEM files"},
		"two documents":             {"demo: true\n---\ndemo: false", "expected one YAML document"},
		"not YAML":                  {"a: b: c", "cluster.yaml: yaml:"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := seed.Read(write(t, c.text))
			if err == nil {
				t.Fatalf("accepted as %+v", got)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestCreateAdmin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.yaml")
	unseen := errors.New("nobody looks")
	if _, err := seed.CreateAdmin(path, "admin@redis.local", func(string) error { return unseen }); !errors.Is(err, unseen) {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Fatalf("%v: left %v", err, left)
	}
	var password string
	show := func(shown string) error { password = shown; return nil }
	admin, err := seed.CreateAdmin(path, "admin@redis.local", show)
	if err != nil {
		t.Fatal(err)
	}
	c, err := seed.Read(path)
	if err != nil || len(c.Users) != 1 || c.Users[0] != admin {
		t.Fatalf("%v: %+v", err, c)
	}
	if err := bcrypt.CompareHashAndPassword([]byte(c.Users[0].PasswordHash), []byte(password)); err != nil || len(password) < 20 {
		t.Fatalf("%v, %d characters", err, len(password))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v: %v", err, info.Mode())
	}
	if _, err := seed.CreateAdmin(path, "admin@redis.local", show); err == nil {
		t.Fatal("has replaced the users file")
	}
}

func TestReplaceUsers(t *testing.T) {
	s := seed.Seed{Users: []access.User{{Email: "a", Role: access.Admin}, {Email: "b", Role: access.Admin}, {Email: "c", Role: access.Admin}}}
	s.ReplaceUsers([]access.User{{Email: "d", Role: access.None}, {Email: "b", Role: access.None}})
	want := map[string]access.Role{"a": access.Admin, "b": access.None, "c": access.Admin, "d": access.None}
	got := map[string]access.Role{}
	for _, u := range s.Users {
		got[u.Email] = u.Role
	}
	if len(s.Users) != len(want) || !maps.Equal(got, want) {
		t.Fatalf("%+v", s.Users)
	}
}
