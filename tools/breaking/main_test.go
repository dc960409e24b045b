package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const released = "../../docs/contract"

// TestRule changes the last release in ways that break clients and in ways that do not, under several versions.
func TestRule(t *testing.T) {
	_, path, err := lastRelease(released)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	contract := strings.Replace(string(text), "\n  version: ", "\n  version: 0.9.4 # ", 1)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "0.9.4.yaml"), contract)
	write(t, filepath.Join(dir, "0.9.3.yaml"), strings.Replace(contract, "0.9.4", "0.9.3", 1))
	for name, c := range map[string]struct{ version, old, changed, want string }{
		"nothing":                     {"0.9.4", "", "", ""},
		"a summary":                   {"0.9.4", "\n      summary: ", "\n      summary: So ", ""},
		"an earlier version":          {"0.9.3", "", "", "0.9.4 is released"},
		"a version that is none":      {"next", "", "", `not "next"`},
		"a path is gone":              {"0.9.5", "\n  /v1/modules/{uid}:", "\n  /v1/gone/{uid}:", "GET /v1/modules/{uid}"},
		"a path is gone, and said":    {"0.10.0", "\n  /v1/modules/{uid}:", "\n  /v1/gone/{uid}:", ""},
		"a status is gone":            {"0.9.4", "\n        \"200\":", "\n        \"202\":", "200"},
		"a parameter of a path":       {"0.9.4", "maximum: 2147483647", "maximum: 1000", "1000"},
		"a member has become another": {"0.9.4", "\n        import_progress:", "\n        import_advance:", "import_progress"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := strings.Replace(contract, "version: 0.9.4", "version: "+c.version, 1)
			if c.old != "" && !strings.Contains(contract, c.old) {
				t.Fatalf("the contract has no %q", c.old)
			}
			file := filepath.Join(t.TempDir(), "openapi.yaml")
			write(t, file, strings.ReplaceAll(changed, c.old, c.changed))
			if c.old == "" {
				write(t, file, changed)
			}
			err := check(dir, file)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("want %q in %v", c.want, err)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestReleases reads what is released, each under its version.
func TestReleases(t *testing.T) {
	if _, _, err := lastRelease(released); err != nil {
		t.Error(err)
	}
	dir := t.TempDir()
	if _, _, err := lastRelease(dir); err == nil {
		t.Error("a directory without a release is taken")
	}
	write(t, filepath.Join(dir, "0.2.0.yaml"), "info: {version: 0.1.0}\n")
	if _, _, err := lastRelease(dir); err == nil || !strings.Contains(err.Error(), "has version 0.1.0") {
		t.Error(err)
	}
}
