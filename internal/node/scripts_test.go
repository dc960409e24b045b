package node_test

import (
	"errors"
	"reflect"
	"testing"

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
