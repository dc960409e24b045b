package node_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

// TestSeedScripts: scripts in a seed have the node emulate, are in its dumps, and are back after a reset.
func TestSeedScripts(t *testing.T) {
	cfg := node.Config{Seed: emulated(t)}
	cfg.Seed.Scripts = map[int][]seed.Script{7: {{Outcome: database.KeyTooLong}, {Pace: seed.PacePolled, Steps: 3}}}
	n := open(t, cfg)
	defer shut(t, n)
	wantScripts := func(want map[int][]seed.Script) {
		t.Helper()
		dumped, err := n.Dump(t.Context())
		if err != nil || !reflect.DeepEqual(dumped.Scripts, want) {
			t.Fatalf("dumped %v, %v; want %v", dumped, err, want)
		}
	}
	wantScripts(cfg.Seed.Scripts)
	other := cfg.Seed
	other.Scripts = map[int][]seed.Script{9: {{Repeat: true}}}
	if err := n.Load(t.Context(), &other); err != nil {
		t.Fatal(err)
	}
	wantScripts(other.Scripts)
	wrong := other
	wrong.Databases, wrong.Scripts = nil, map[int][]seed.Script{9: {{Pace: "slow"}}}
	var refused *database.FieldError
	if err := n.Load(t.Context(), &wrong); !errors.As(err, &refused) || refused.Field != "import_scripts[0].pace" {
		t.Errorf("loaded a pace that there is not: %v", err)
	}
	want(t, n, "GET", "/v1/bdbs/9", "", 200)
	wantScripts(other.Scripts)
	if err := n.Emulator().Scripts.Set(7, []control.Script{{}}); err != nil {
		t.Fatal(err)
	}
	if err := n.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantScripts(cfg.Seed.Scripts)

	cfg.Seed.Scripts = wrong.Scripts
	if _, err := node.Open(t.Context(), cfg); !errors.As(err, &refused) {
		t.Errorf("opened with a pace that there is not: %v", err)
	}
}

// TestExampleScripts holds the example to what its comments say.
func TestExampleScripts(t *testing.T) {
	c, err := seed.Read("../../examples/scripts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const demo = "demo-admin"
	n := open(t, node.Config{Seed: *c, Passwords: map[string]string{c.Users[0].PasswordHash: demo}})
	defer shut(t, n)
	n.Emulator().Clock.Freeze()
	for _, im := range exampleImports {
		path := "/v1/bdbs/" + strconv.Itoa(im.uid)
		if status, answer := askAs(t, n, demo, "POST", path+"/actions/import", ""); status != 200 {
			t.Fatalf("%d: %d %s", im.uid, status, answer)
		}
		for _, c := range im.changes {
			if c.before != nil {
				c.before(t, n.Emulator())
			}
			var got shown
			_, answer := askAs(t, n, demo, "GET", path, "")
			if err := json.Unmarshal([]byte(answer), &got); err != nil || got != c.want {
				t.Errorf("%d: it shows %+v, %v; want %+v", im.uid, got, err, c.want)
			}
		}
		if status, answer := askAs(t, n, demo, "PUT", path+"/actions/import_reset_status", ""); status != 200 {
			t.Errorf("%d: %d %s", im.uid, status, answer)
		}
	}
	if left := n.Emulator().Scripts.Get(5); len(left) > 0 {
		t.Errorf("left %+v", left)
	}
}

// change is what a GET shows after something has happened.
type change struct {
	before func(*testing.T, *control.Emulator) // nil if nothing has
	want   shown
}

var exampleImports = []struct {
	uid     int
	changes []change
}{
	{1, []change{{nil, shown{"succeeded", 100, ""}}}},
	{2, []change{
		{nil, shown{"initializing", 0, ""}}, {wait(3 * time.Second), shown{"importing", 10, ""}},
		{wait(27 * time.Second), shown{"succeeded", 100, ""}},
	}},
	{3, []change{
		{nil, shown{"initializing", 0, ""}}, {nil, shown{"importing", 25, ""}}, {nil, shown{"importing", 50, ""}},
		{nil, shown{"importing", 75, ""}}, {nil, shown{"failed", 75, "file-larger-than-mem-limit:2147483648:1073741824"}},
	}},
	{4, []change{
		{nil, shown{"importing", 40, ""}}, {wait(time.Hour), shown{"importing", 40, ""}},
		{release(4), shown{"failed", 40, "out-of-memory"}},
	}},
	{5, []change{{nil, shown{"failed", 0, "download-error"}}}},
	{5, []change{{nil, shown{"succeeded", 100, ""}}}},
}

func wait(d time.Duration) func(*testing.T, *control.Emulator) {
	return func(t *testing.T, e *control.Emulator) {
		if err := e.Clock.Advance(d); err != nil {
			t.Fatal(err)
		}
	}
}

func release(uid int) func(*testing.T, *control.Emulator) {
	return func(t *testing.T, e *control.Emulator) {
		if err := e.Scripts.Release(uid); err != nil {
			t.Fatal(err)
		}
	}
}
