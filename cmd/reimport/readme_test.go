package main_test

import (
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/internal/dataplane"
)

var block = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// hasRedis reports whether there are a Redis for local databases and a client for it.
func hasRedis() bool {
	_, err := dataplane.FindProgram()
	_, cliErr := exec.LookPath("redis-cli")
	return err == nil && cliErr == nil
}

// TestReadme pastes the README's lines, one after the other, into one shell beside a server that runs as `make run`
// runs it, and holds what they print. Only the port, the data directory and the path of the binary are put in their
// place.
func TestReadme(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"curl", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("SKIPPING the README's lines: ", err)
		}
	}
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	real := hasRedis()
	if !real {
		t.Log("SKIPPING the README's line for redis-cli: no redis-server and redis-cli are installed")
	}
	p := serve(t, filepath.Join(t.TempDir(), "data"), "--data-plane", "auto", "--seed", "../../examples/demo.yaml", "--mount-point", filepath.Join(root, "examples"))
	t.Cleanup(func() { p.end(syscall.SIGTERM) }) // no Redis is left
	here, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Dir(command(t).Path)
	place := strings.NewReplacer("localhost:9443", "localhost:"+here.Port(), ".demo/", p.dir+"/", "bin/reimport", path+"/reimport")
	var script, program strings.Builder
	for _, b := range block.FindAllStringSubmatch(string(text), -1) {
		switch {
		case strings.HasPrefix(b[2], "package main\n"):
			program.WriteString(b[2])
		case b[1] == "go": // package reimporttest runs it
		case !strings.Contains(b[2], "make run"):
			for line := range strings.Lines(place.Replace(b[2])) {
				if real || !strings.Contains(line, "redis-cli") {
					script.WriteString(line)
				}
			}
		}
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	// Whoever pastes by hand takes longer than an import does; the shell here asks until it is over.
	lines := strings.ReplaceAll(script.String(), "api '/7?fields", "settled; api '/7?fields")
	shell := exec.Command("sh", "-eu")
	shell.Dir = root
	shell.Stdin = strings.NewReader("settled() { until api '/7?fields=status' | grep -q '\"active\"'; do :; done; }\n" + lines + "\ngo run " + file + "\n")
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	rest := string(out)
	key := "name\nuser-7\nvisits\n7\n"
	if !real {
		key = ""
	}
	for _, want := range []string{
		`"import_status": "succeeded"`, key, // the five lines
		"200\n", `"endpoints":[{"addr":["127.0.0.1"]`, `"status":"active"`, // create
		"200\n", // import the broken file
		`{"import_failure_reason":"file-corrupted","import_progress":0,"import_status":"failed"}`,
		"200\n", "200\n", // reset, import the good file
		`{"import_failure_reason":"","import_progress":100,"import_status":"succeeded"}`,
		"1 200\n2 200\n3 409\n4 409\n5 409\n6 406\n99 404\n",
		"8\n", "file-corrupted", "exit code 13", // the command line
		"failed", "import status reset", "succeeded", "orders",
		"failed file-corrupted true\n<nil>\n", // the program
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%q is missing from\n%s\nof\n%s", want, rest, out)
		}
		rest = after
	}
	state, err := p.client("admin@example.com", "demo-admin").ImportStatus(t.Context(), 8)
	if err != nil || !state.Idle() {
		t.Fatalf("%v %+v", err, state)
	}
	if _, err := p.client("viewer@example.com", "demo-viewer").GetDatabase(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	if err := p.client("viewer@example.com", "demo-viewer").ResetImportStatus(t.Context(), 8); !errors.Is(err, client.ErrForbidden) {
		t.Fatal(err)
	}
}
