package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// anyLanguage returns the code of docs/testing.md that is not Go, by its language, and a reader's directory with the examples
// and the Python.
func anyLanguage(t *testing.T) (blocks map[string][]string, dir string) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("SKIPPING the lines of the guide: ", err)
	}
	_, text, found := strings.Cut(read(t, "../../docs/testing.md"), "\n## In any language\n")
	if !found {
		t.Fatal("the guide has no such chapter")
	}
	blocks = map[string][]string{}
	for _, b := range block.FindAllStringSubmatch(text, -1) {
		blocks[b[1]] = append(blocks[b[1]], b[2])
	}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.Symlink(examples, filepath.Join(dir, "examples")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "test_reset.py", []byte(blocks["python"][0]))
	return blocks, dir
}

// pasted runs lines in a shell in the reader's directory, and returns what they print.
func pasted(t *testing.T, dir, lines string, env ...string) string {
	t.Helper()
	cmd := exec.Command("bash", "-e", "-o", "pipefail", "-c", lines)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "server.log"))
		t.Fatalf("%v\n%s\n%s", err, out, log)
	}
	return string(out)
}

// TestGuideShell pastes the lines of the guide, one after the other, into one shell, which ends once the server has.
func TestGuideShell(t *testing.T) {
	t.Parallel()
	blocks, dir := anyLanguage(t)
	out := pasted(t, dir, "trap 'kill %1 2>/dev/null || :' EXIT\n"+strings.Join(blocks["sh"], "")+"wait\n")
	rest := out
	for _, want := range []string{
		" 200\n", `{"import_failure_reason":"file-corrupted","import_status":"failed"} 200`, " 409\n 409\n 200\n", "/v1/bdbs/1/actions/import_reset_status",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%q is missing from\n%s", want, out)
		}
		rest = after
	}
	if _, err := os.Stat(filepath.Join(dir, "ready.env")); err == nil {
		t.Error("the ready file is left")
	}
}

func needPython(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("SKIPPING the Python of the guide: ", err)
	}
}

// TestGuideScript runs the script for CI, which runs the Python.
func TestGuideScript(t *testing.T) {
	t.Parallel()
	needPython(t)
	blocks, dir := anyLanguage(t)
	if out := pasted(t, dir, blocks["bash"][0]); !strings.Contains(out, "Ran 1 test") || !strings.Contains(out, "OK") {
		t.Error(out)
	}
}

// TestGuideJob runs the steps of the job for GitHub Actions but those that set up a machine, and ends the server, which there
// ends with the machine.
func TestGuideJob(t *testing.T) {
	t.Parallel()
	needPython(t)
	blocks, dir := anyLanguage(t)
	var job struct {
		Jobs map[string]struct {
			Steps []struct{ Uses, Run, If string }
		}
	}
	if err := yaml.Unmarshal([]byte(blocks["yaml"][0]), &job); err != nil {
		t.Fatal(err)
	}
	set := filepath.Join(dir, "github.env")
	env := []string{"GITHUB_ENV=" + set}
	t.Cleanup(func() {
		if err := exec.Command("sh", "-c", `. "$0" && kill "$REIMPORT_PID"`, set).Run(); err != nil {
			t.Error(err)
		}
	})
	out := ""
	for _, step := range job.Jobs["test"].Steps {
		if step.Uses != "" || step.If != "" || strings.HasPrefix(step.Run, "go install ") {
			continue
		}
		out = pasted(t, dir, step.Run, env...)
		if lines, err := os.ReadFile(set); err == nil {
			env = append(env, strings.Split(strings.TrimSpace(string(lines)), "\n")...)
		}
	}
	if !strings.Contains(out, "Ran 1 test") || !strings.Contains(out, "OK") {
		t.Error(out)
	}
}
