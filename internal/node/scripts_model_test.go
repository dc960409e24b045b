package node_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

// anyScript takes a minute or a few steps, if it takes anything.
var anyScript = rapid.Custom(func(t *rapid.T) seed.Script {
	s := seed.Script{
		Outcome: rapid.SampledFrom([]database.FailureReason{"", "", seed.ScriptSucceeded, database.OutOfMemory, database.FileLargerThanMemLimit(2, 1)}).Draw(t, "outcome"),
		Pace:    rapid.SampledFrom(seed.Paces()).Draw(t, "pace"), Repeat: rapid.Bool().Draw(t, "repeat"),
	}
	switch s.Pace {
	case seed.PaceTimed:
		s.Duration = time.Minute
	case seed.PacePolled:
		s.Steps = rapid.IntRange(1, 5).Draw(t, "steps")
	case seed.PaceFrozen:
		s.At = rapid.SampledFrom([]float64{0, 0.5, 99.9}).Draw(t, "at")
	}
	return s
})

// model is what a database under a frozen clock has to show, request by request.
type model struct {
	list   []seed.Script
	shown  database.Import
	script seed.Script // of the import under way
	own    database.FailureReason
	gone   time.Duration
	gets   int
	free   bool // it was released
}

// start is what POST does: it is refused if the import under way goes on.
func (m *model) start(own database.FailureReason) (accepted bool) {
	if m.settle(); m.shown.Running() {
		return false
	}
	list := m.list
	if !list[0].Repeat {
		m.list = list[1:]
	}
	*m = model{list: m.list, shown: database.Import{Status: database.ImportInitializing}, script: list[0], own: own}
	return true
}

// settle is what each request does first.
func (m *model) settle() {
	if !m.shown.Running() {
		return
	}
	over, progress := true, 0.0
	switch s := m.script; s.Pace {
	case seed.PaceTimed:
		over, progress = m.gone >= s.Duration, 100*float64(m.gone)/float64(s.Duration)
		if progress < 10 {
			progress = 0
		}
	case seed.PacePolled:
		over = m.gets >= s.Steps
		if m.gets > 1 {
			progress = 100 * float64(m.gets-1) / float64(s.Steps-1)
		}
	case seed.PaceFrozen:
		over, progress = m.free, s.At
	}
	end := m.script.Outcome
	if end == "" {
		end = m.own
	}
	switch {
	case over && end == seed.ScriptSucceeded:
		m.shown = database.Import{Status: database.ImportSucceeded, Progress: 100}
	case over:
		m.shown.Status, m.shown.FailureReason = database.ImportFailed, end
		m.shown.Progress = max(m.shown.Progress, m.last())
	case progress > 0 && (m.script.Outcome != "" || m.own == seed.ScriptSucceeded):
		m.shown.Status, m.shown.Progress = database.ImportImporting, progress
	}
}

// last is the progress that an import fails at if nobody has asked for it.
func (m *model) last() float64 {
	switch s := m.script; {
	case s.Outcome == "":
		return 0
	case s.Pace == seed.PaceFrozen:
		return s.At
	case s.Pace == seed.PacePolled && s.Steps > 2:
		return 100 * float64(s.Steps-2) / float64(s.Steps-1)
	}
	return 0
}

func (m *model) reset() (accepted bool) {
	if m.settle(); m.shown.Running() {
		return false
	}
	m.shown = database.Import{Status: database.ImportIdle}
	return true
}

// scripted is a node with a database 7 whose imports go as a model says.
type scripted struct {
	*testing.T
	*node.Node
	dir   string
	files map[string]database.FailureReason // how each ends by itself
}

func newScripted(t *testing.T) *scripted {
	t.Helper()
	s := &scripted{T: t, dir: t.TempDir(), files: map[string]database.FailureReason{
		"good": seed.ScriptSucceeded, "bad": database.FileCorrupted, "missing": database.DownloadError,
	}}
	content, err := os.ReadFile("../../examples/sessions.rdb")
	if err != nil {
		t.Fatal(err)
	}
	for name, bytes := range map[string][]byte{"good": content, "bad": content[:len(content)-1]} {
		if err := os.WriteFile(filepath.Join(s.dir, name), bytes, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := node.Config{Seed: emulated(t), Emulate: true}
	cfg.Passwords = map[string]string{cfg.Seed.Users[0].PasswordHash: password}
	cfg.Importer.MountPoints = []string{s.dir}
	s.Node = open(t, cfg)
	t.Cleanup(func() { shut(t, s.Node) })
	s.Emulator().Clock.Freeze()
	return s
}

// send sends a request that changes the import, and returns whether it was accepted.
func (s *scripted) send(r *rapid.T, method, action, body string) bool {
	status, answer := ask(s, s.Node, method, "/v1/bdbs/7/actions/"+action, body)
	if status != 200 && status != 409 {
		r.Fatalf("%s: %d %s", action, status, answer)
	}
	return status == 200
}

// shown is what a database shows of its import.
type shown struct {
	Status   database.ImportStatus  `json:"import_status"`
	Progress float64                `json:"import_progress"`
	Reason   database.FailureReason `json:"import_failure_reason"`
}

// get returns what a GET of a database, or of all, shows of the import.
func (s *scripted) get(r *rapid.T, path string) shown {
	status, answer := ask(s, s.Node, "GET", path, "")
	if path == "/v1/bdbs/7" {
		answer = "[" + answer + "]"
	}
	var dbs []shown
	if err := json.Unmarshal([]byte(answer), &dbs); err != nil || status != 200 {
		r.Fatalf("%d %s: %v", status, answer, err)
	}
	return dbs[0]
}

// TestScriptedImports sends requests in random order: each answer shows what the scripts promise for that moment. Within
// one import the progress never goes back, and it is 100 exactly at a success.
func TestScriptedImports(t *testing.T) {
	s := newScripted(t)
	rapid.Check(t, func(r *rapid.T) {
		if err := s.Reset(t.Context()); err != nil {
			r.Fatal(err)
		}
		var m model
		last := 0.0 // progress of this import
		look := func(path string) {
			m.settle()
			got := s.get(r, path)
			if want := (shown{m.shown.Status, m.shown.Progress, m.shown.FailureReason}); got != want {
				r.Fatalf("GET %s shows %+v, want %+v", path, got, want)
			}
			if got.Progress < last || (got.Progress == 100) != (got.Status == database.ImportSucceeded) {
				r.Fatalf("%s at %v after %v", got.Status, got.Progress, last)
			}
			last = got.Progress
		}
		r.Repeat(map[string]func(*rapid.T){
			"script": func(r *rapid.T) {
				m.list = rapid.SliceOfN(anyScript, 0, 3).Draw(r, "scripts")
				if err := s.Emulator().Scripts.Set(7, m.list); err != nil {
					r.Fatal(err)
				}
			},
			"import": func(r *rapid.T) {
				if len(m.list) == 0 {
					r.Skip("it would go as it likes")
				}
				file := rapid.SampledFrom([]string{"good", "bad", "missing"}).Draw(r, "file")
				body := fmt.Sprintf(`{"dataset_import_sources": [{"type": "mount_point", "path": %q}]}`, filepath.Join(s.dir, file))
				want := m.start(s.files[file])
				if got := s.send(r, "POST", "import", body); got != want {
					r.Fatalf("import: %v, want %v", got, want)
				}
				if want {
					last = 0
				}
			},
			"get": func(*rapid.T) {
				m.gets++
				look("/v1/bdbs/7")
			},
			"list": func(*rapid.T) { look("/v1/bdbs") },
			"advance": func(r *rapid.T) {
				d := rapid.SampledFrom([]time.Duration{0, time.Second, 20 * time.Second, time.Minute}).Draw(r, "by")
				m.gone += d
				if err := s.Emulator().Clock.Advance(d); err != nil {
					r.Fatal(err)
				}
			},
			"release": func(r *rapid.T) {
				m.release(r, s.Emulator().Scripts.Release(7))
			},
			"reset": func(r *rapid.T) {
				want := m.reset()
				if got := s.send(r, "PUT", "import_reset_status", ""); got != want {
					r.Fatalf("reset: %v, want %v", got, want)
				}
				if want {
					last = 0
				}
			},
		})
	})
}

func (m *model) release(r *rapid.T, err error) {
	frozen := m.shown.Running() && m.script.Pace == seed.PaceFrozen && !m.free
	if frozen != (err == nil) || err != nil && !errors.Is(err, control.ErrNotFrozen) {
		r.Fatalf("release: %v, frozen %v", err, frozen)
	}
	m.free = m.free || frozen
}
