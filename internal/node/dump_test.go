package node_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

// TestDumpsLoad: what a dump makes when it is loaded cannot be told from what it is a dump of, imports under way included.
func TestDumpsLoad(t *testing.T) {
	dir := t.TempDir()
	cfg := node.Config{Emulate: true, Seed: emulated(t)}
	cfg.Passwords = map[string]string{cfg.Seed.Users[0].PasswordHash: password} // nobody's login is tested here
	cfg.Importer.MountPoints = []string{dir}
	n := open(t, cfg)
	defer shut(t, n)
	n.Emulator().Clock.Freeze()
	rapid.Check(t, func(r *rapid.T) {
		if err := n.Reset(t.Context()); err != nil {
			r.Fatal(err)
		}
		for range rapid.IntRange(1, 8).Draw(r, "changes") {
			changeOne(t, r, n, dir)
		}
		dumped := dumpText(t, n)
		want := shownBy(t, n)
		read, err := seed.Parse("dump", []byte(dumped))
		if err != nil {
			r.Fatalf("%v\n%s", err, dumped)
		}
		n.Emulator().Scripts.Replace(nil)
		if err := n.Load(t.Context(), read); err != nil {
			r.Fatalf("%v\n%s", err, dumped)
		}
		sameText(r, "the dump", dumpText(t, n), dumped)
		sameText(r, "what is shown", shownBy(t, n), want)
		if strings.Contains(dumped, "hush") {
			r.Errorf("a password is in\n%s", dumped)
		}
	})
}

// sameText shows where two long texts differ.
func sameText(r *rapid.T, what, got, want string) {
	if got == want {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	from := max(0, at-200)
	r.Errorf("%s is ...%s\nand was ...%s", what, got[from:min(len(got), at+200)], want[from:min(len(want), at+200)])
}

// changeOne changes something of a database that may or may not be there.
func changeOne(t *testing.T, r *rapid.T, n *node.Node, dir string) {
	uid := rapid.SampledFrom([]int{7, 8, 12}).Draw(r, "uid")
	path := fmt.Sprintf("/v1/bdbs/%d", uid)
	switch rapid.IntRange(0, 6).Draw(r, "change") {
	case 0:
		ask(t, n, "POST", "/v1/bdbs", fmt.Sprintf(`{"name": "db%d", "uid": %d, "memory_size": %d}`, uid, uid, rapid.IntRange(0, 1<<40).Draw(r, "size")))
	case 1:
		ask(t, n, "DELETE", path, "")
	case 2:
		ask(t, n, "PUT", path, rapid.SampledFrom([]string{
			`{"tags": [{"key": "a", "value": "\ttab\n# no comment"}], "email_alerts": true}`, `{"search": {"z": 9007199254740993, "a": [1.0, -0.10]}}`,
			`{"backup": true, "backup_interval": 3600, "backup_location": {"type": "mount_point", "path": "/b"}}`, `{"module_list": []}`,
			`{"authentication_redis_pass": "hush"}`, `{"throughput_ingress": 1234567.891}`, `{"skip_import_analyze": "enabled", "port": 12000}`,
			`{"dataset_import_sources": [{"type": "mount_point", "path": "` + dir + `/y.rdb"}]}`, `{"name": "a-1"}`,
		}).Draw(r, "settings"))
	case 3:
		if err := n.Emulator().Scripts.Set(uid, rapid.SliceOfN(scripts(), 0, 3).Draw(r, "scripts")); err != nil {
			r.Fatal(err)
		}
	case 4:
		if len(n.Emulator().Scripts.Get(uid)) == 0 { // nobody knows how far one without a script is
			if err := n.Emulator().Scripts.Set(uid, []control.Script{{Pace: seed.PaceFrozen, At: 12.5}}); err != nil {
				r.Fatal(err)
			}
		}
		ask(t, n, "POST", path+"/actions/import", `{"dataset_import_sources": [{"type": "mount_point", "path": "`+dir+`/x.rdb"}]}`)
		ask(t, n, "GET", path, "")
	case 5:
		ask(t, n, "PUT", path+"/actions/import_reset_status", "")
	case 6:
		_ = n.Emulator().Scripts.Release(uid) // if there is something to
		if err := n.Emulator().Clock.Advance(time.Second); err != nil {
			r.Fatal(err)
		}
	}
}

func scripts() *rapid.Generator[control.Script] {
	return rapid.Custom(func(r *rapid.T) control.Script {
		s := control.Script{
			Outcome: rapid.SampledFrom([]database.FailureReason{"", "succeeded", "file-corrupted", "file-larger-than-mem-limit:2048:1024"}).Draw(r, "outcome"),
			Pace:    rapid.SampledFrom(seed.Paces()).Draw(r, "pace"), Repeat: rapid.Bool().Draw(r, "repeat"),
		}
		switch s.Pace {
		case seed.PaceTimed:
			s.Duration = time.Duration(rapid.IntRange(1, 10000).Draw(r, "ms")) * time.Millisecond
		case seed.PacePolled:
			s.Steps = rapid.IntRange(1, 5).Draw(r, "steps")
		case seed.PaceFrozen:
			s.At = float64(rapid.IntRange(0, 999).Draw(r, "at")) / 10
		}
		return s
	})
}

// shownBy is all that the API shows, the uid of the next database included. Polled imports take no step for a list.
func shownBy(t *testing.T, n *node.Node) string {
	t.Helper()
	next := want(t, n, "POST", "/v1/bdbs?dry_run", `{"name": "next", "memory_size": 0}`, 200)
	return want(t, n, "GET", "/v1/bdbs", "", 200) + want(t, n, "GET", "/v1/modules", "", 200) + next
}

func dumpText(t testing.TB, n *node.Node) string {
	t.Helper()
	s, err := n.Dump(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := seed.Write(&text, "", s); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
