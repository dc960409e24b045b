package reimporttest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// TestGuide: the code in the README and in the guide is that of tests here, word for word.
func TestGuide(t *testing.T) {
	example, guide := read(t, "example_test.go"), read(t, "guide_test.go")
	user := strings.Replace(example, "package reimporttest_test", "package automation_test", 1)
	if !strings.Contains(read(t, "../README.md"), "\n```go\n"+user+"```\n") {
		t.Error("the README lacks example_test.go")
	}
	blocks := goBlock.FindAllStringSubmatch(read(t, "../docs/testing.md"), -1)
	if len(blocks) < 4 {
		t.Errorf("the guide has %d blocks of code", len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(example+guide, b[1]) {
			t.Errorf("no test has the guide's\n%s", b[1])
		}
	}
}

// TestOtherModule runs the README's tests as a user has them: in a module with one dependency, which is this one.
func TestOtherModule(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":             "module example.com/automation\n\ngo 1.26\n\nrequire github.com/reimport/reimport v0.0.0\n\nreplace github.com/reimport/reimport => " + root + "\n",
		"automation_test.go": strings.Replace(read(t, "example_test.go"), "package reimporttest_test", "package automation_test", 1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "test", "-ldflags=-s -w", "-v", "./...")
	cmd.Dir = dir
	// All that is built is in the module cache. What is not is some go.mod files of modules that are not.
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOSUMDB=off", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS") != 3 {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("go.sum has %d lines, go.mod names %d modules", strings.Count(read(t, filepath.Join(dir, "go.sum")), "\n"), strings.Count(read(t, filepath.Join(dir, "go.mod")), "// indirect")+1)
}
