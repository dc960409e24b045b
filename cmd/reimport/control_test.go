package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/control/api"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

const knownHash = "$2a$04$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// emulated is a node with controls and what the verbs say of them.
type emulated struct {
	t    *testing.T
	node *node.Node
	dir  string // below which files may be imported
	env  map[string]string
}

func emulate(t *testing.T) *emulated {
	t.Helper()
	dir := t.TempDir()
	n, err := node.Open(t.Context(), node.Config{
		Importer: importer.Config{MountPoints: []string{dir}},
		Listen:   "127.0.0.1:0", Controls: "127.0.0.1:0", Passwords: map[string]string{knownHash: "opensesame"},
		Seed: seed.Seed{
			Users:     []access.User{{Email: "admin@example.com", PasswordHash: knownHash, Role: access.Admin}},
			Databases: []*database.Database{{UID: 1, Name: "sessions", Type: "redis", Status: database.Active}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return &emulated{t, n, dir, map[string]string{
		controlsURL: n.ControlsURL(), "REDIS_ENTERPRISE_URL": n.URL(),
		"REDIS_ENTERPRISE_USER": "admin@example.com", "REDIS_ENTERPRISE_PASSWORD": "opensesame",
	}}
}

// run returns the exit code of the command, and what it prints.
func (e *emulated) run(ctx context.Context, in string, out io.Writer, args ...string) (code int, errOut string) {
	e.t.Helper()
	var said bytes.Buffer
	a := &app{in: strings.NewReader(in), out: out, errOut: &said, lookup: func(name string) (string, bool) {
		value, ok := e.env[name]
		return value, ok
	}}
	return a.run(ctx, args), said.String()
}

// ok runs a command that is to succeed.
func (e *emulated) ok(args ...string) string {
	e.t.Helper()
	var out bytes.Buffer
	if code, said := e.run(e.t.Context(), "", &out, args...); code != 0 || said != "" {
		e.t.Fatalf("%v: exit code %d: %s", args, code, said)
	}
	return out.String()
}

func (e *emulated) want(want string, args ...string) {
	e.t.Helper()
	if got := strings.Join(strings.Fields(e.ok(args...)), " "); got != want {
		e.t.Errorf("%v: %s, want %s", args, got, want)
	}
}

// TestControl runs every verb of control, and looks at what it does to the API.
func TestControl(t *testing.T) {
	e := emulate(t)
	e.want(`"`+e.node.URL()+`"`, "control", "health", "-q", "url")

	e.want("true", "control", "clock", "freeze", "-q", "frozen")
	e.want(`{ "frozen": true, "now": "2027-01-01T00:00:00Z" }`, "control", "clock", "set", "2027-01-01T01:00:00+01:00")
	e.want(`"2027-01-01T00:01:30Z"`, "control", "clock", "advance", "1m30s", "-q", "now")
	e.want("now 2027-01-01T00:01:30Z frozen true", "control", "clock", "-o", "table")
	e.want("false", "control", "clock", "resume", "-q", "frozen")

	e.want(`[ "file-corrupted", "succeeded" ]`, "control", "script", "set", "1", "outcome=file-corrupted,pace=frozen,at=40.5", "outcome=succeeded,pace=polled,steps=2,repeat", "-q", "[].outcome")
	e.want(`[ { "at": 40.5, "outcome": "file-corrupted", "pace": "frozen" }, { "outcome": "succeeded", "pace": "polled", "repeat": true, "steps": 2 } ]`, "control", "script", "get", "1")
	e.ok("import", "start", "1", filepath.Join(e.dir, "x.rdb"))
	e.want("40.5", "import", "status", "1", "-q", "import_progress")
	e.want(`{ "uid": 1, "result": "released" }`, "control", "release", "1")
	e.want(`"failed"`, "import", "status", "1", "-q", "import_status")
	e.want("[]", "control", "script", "clear", "1")

	e.want(`{ "code": "busy", "description": "database is busy with another action", "first": 1, "name": "x", "operation": "resetBDBImportStatus", "seen": 0, "status": 409, "struck": 0 }`,
		"control", "fault", "put", "x", "--operation", "resetBDBImportStatus", "--code", "busy", "--first", "1", "--status", "409")
}

// TestControlRefusals: each mistake has its exit code, and a hint if there is something to do.
func TestControlRefusals(t *testing.T) {
	e := emulate(t)
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	file := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(file, []byte("databases:\n- uid: 1\n  name: x\n  status: busy\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		url  string
		args string
		code int
		said string
	}{
		"no verb":           {"", "control", 2, "a verb is missing"},
		"no URL":            {"-", "control reset", 3, "--controls or REIMPORT_CONTROLS_URL is missing\nhint:  reimport serve --controls"},
		"an address":        {"127.0.0.1:1", "control reset", 3, "REIMPORT_CONTROLS_URL: expected http://host:port, or unix:"},
		"https":             {"", "control reset --controls https://127.0.0.1:1", 3, "--controls: expected http://host:port"},
		"a path":            {"", "control reset --controls http://127.0.0.1:1/v1", 3, "--controls: expected http://host:port"},
		"nobody there":      {gone.URL, "control reset", 10, "hint:  is the server running, with --controls?"},
		"no socket":         {"unix:/no/such/socket", "control clock", 10, "is the server running"},
		"another server":    {other.URL, "control clock", 8, "hint:  check --controls: it is what reimport serve prints"},
		"the API":           {e.node.URL(), "control fault list", 8, "check --controls"},
		"no such fault":     {"", "control fault clear x", 5, "fault does not exist (404 fault_not_exist)\nhint:  reimport control fault list"},
		"no fault":          {"", "control fault clear", 2, "expected the name of a fault, or --all"},
		"a fault and all":   {"", "control fault clear x --all", 2, "expected the name of a fault, or --all"},
		"nothing frozen":    {"", "control release 1", 7, "no import of this database is frozen (409 not_frozen)\nhint:  an import stands still"},
		"no operation":      {"", "control fault put x --status 409", 2, "operation"},
		"an operation":      {"", "control fault put x --operation x --status 409", 6, "operation: expected an operationId"},
		"none of them":      {"", "control fault put x --operation getBDB --delay 1s --first 0", 2, "--first: expected a number above 0"},
		"a time to close":   {"", "control fault put x --operation getBDB --close soon", 2, "expected one of [before after body]"},
		"a time":            {"", "control clock set noon", 6, "now: expected a time such as 2026-01-02T03:04:05Z (400 invalid_schema)"},
		"a duration":        {"", "control clock advance soon", 6, "by: expected a duration such as 30s"},
		"a uid":             {"", "control script get 0", 2, "uid: expected a number from 1"},
		"no script":         {"", "control script set 1", 2, "requires at least 1 arg"},
		"a part":            {"", "control script set 1 repeat speed=2", 2, `argument 3: expected outcome=REASON, pace=PACE, duration=TIME, steps=NUMBER, at=PERCENT or repeat, not "speed=2"`},
		"a number":          {"", "control script set 1 steps=x", 2, `not "steps=x"`},
		"a pace":            {"", "control script set 1 pace=slow", 6, "import_scripts[0].pace: expected one of"},
		"last":              {"", "control trace --last 0", 6, "last: expected an integer from 1 to 1000"},
		"follow in YAML":    {"", "control trace --follow -o yaml", 2, "--follow: expected -o json or -o table"},
		"no file":           {"", "control load /no/such/file", 2, "/no/such/file"},
		"a seed":            {"", "control load " + file, 6, "seed:2: databases[0].status: expected one of"},
		"a file to dump to": {"", "control dump -f " + file, 2, "--file"},
	} {
		t.Run(name, func(t *testing.T) {
			had := e.env[controlsURL]
			defer func() { e.env[controlsURL] = had }()
			switch c.url {
			case "":
			case "-":
				delete(e.env, controlsURL)
			default:
				e.env[controlsURL] = c.url
			}
			var out bytes.Buffer
			code, said := e.run(t.Context(), "", &out, strings.Fields(c.args)...)
			if code != c.code || !strings.Contains(said, c.said) || out.Len() > 0 {
				t.Errorf("exit code %d: %s%s\nwant %d: %s", code, said, &out, c.code, c.said)
			}
		})
	}
	var out bytes.Buffer
	if _, said := e.run(t.Context(), "", &out, "control", "release", "1", "-o", "json"); !strings.Contains(said, `"code":"not_frozen","status":409,`) {
		t.Errorf("%s", said)
	}
}

// TestControlState dumps a cluster, resets it and loads the dump.
func TestControlState(t *testing.T) {
	e := emulate(t)
	e.ok("db", "update", "1", "--memory-size", "4711")
	file := filepath.Join(t.TempDir(), "state.yaml")
	e.ok("control", "dump", "-f", file)
	e.want(`{ "result": "reset" }`, "control", "reset")
	e.want("0", "db", "get", "1", "-q", "memory_size")
	e.want(`{ "result": "loaded" }`, "control", "load", file)
	e.want("4711", "db", "get", "1", "-q", "memory_size")
	var out bytes.Buffer
	if code, said := e.run(t.Context(), e.ok("control", "dump"), &out, "control", "load", "-"); code != 0 {
		t.Errorf("from standard input: %d %s", code, said)
	}
	e.want("4711", "db", "get", "1", "-q", "memory_size")
}

// TestControlTrace shows what was asked, and goes on with what comes.
func TestControlTrace(t *testing.T) {
	e := emulate(t)
	e.ok("db", "list")
	e.want(`[ "/v1/bdbs" ]`, "control", "trace", "-q", "[].path")
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan int)
	go func() {
		code, _ := e.run(ctx, "", w, "control", "trace", "--follow", "--since", "1")
		ended <- code
	}()
	e.ok("db", "get", "1")
	var x api.Exchange
	if err := json.NewDecoder(r).Decode(&x); err != nil || x.Number != 2 || x.Operation != "getBDB" || x.UID != 1 {
		t.Errorf("%v: %+v", err, x)
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
	e.want("NUMBER TIME METHOD PATH STATUS FAULT END TOOK", "control", "trace", "-o", "table", "--since", "2")
}

// TestControlCompletion offers what there is.
func TestControlCompletion(t *testing.T) {
	e := emulate(t)
	e.ok("control", "fault", "put", "slow", "--operation", "listBDBs", "--delay", "5ms")
	for args, want := range map[string][]string{
		"control fault clear ":                 {"slow\tlistBDBs"},
		"control fault put x --operation rese": {"resetBDBImportStatus\tReset the import status"},
		"control release ":                     {"1\tsessions"},
		"control fault put x --close ":         {"before", "after", "body"},
	} {
		words := strings.Split("__complete "+args, " ")
		lines := strings.Split(strings.TrimSpace(e.completions(words)), "\n")
		if got := lines[:len(lines)-1]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
}

func (e *emulated) completions(words []string) string {
	e.t.Helper()
	var out bytes.Buffer
	if code, said := e.run(e.t.Context(), "", &out, words...); code != 0 {
		e.t.Fatalf("%v: %d %s", words, code, said)
	}
	return out.String()
}
