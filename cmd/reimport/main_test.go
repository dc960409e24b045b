package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/reimport/reimport/client"
)

// TestMain puts the binary on the PATH. It is built without the race detector, which multiplies the time of each start;
// a process of this test binary with the name of the command is the command with it, if the tests have it.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "reimport" {
		main()
	}
	os.Exit(withBinary(m))
}

func withBinary(m *testing.M) int {
	dir, err := os.MkdirTemp("", "reimport")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(dir, "reimport"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make does
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	if err := os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		panic(err)
	}
	return m.Run()
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			f := newFake()
			env.Defer(f.Close)
			env.Vars = append(env.Vars, f.environment()...)
			env.Vars = append(env.Vars, "FAKE="+f.URL)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exitsWith, "envelope": envelope, "sent": sent},
	})
}

// exitsWith runs `exits CODE args...`: the command with these arguments, which has to return that code. It runs in this
// process, where it is quick; `exec reimport` runs the binary.
func exitsWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: exits code args...")
	}
	a := &app{in: strings.NewReader(""), out: ts.Stdout(), errOut: ts.Stderr(), lookup: func(name string) (string, bool) {
		value := ts.Getenv(name)
		return value, value != ""
	}}
	if code := a.run(context.Background(), args[1:]); strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// envelope runs `envelope CODE STATUS`: the last line of standard error is an error's envelope with these.
func envelope(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: envelope code status")
	}
	lines := strings.Split(strings.TrimSpace(ts.ReadFile("stderr")), "\n")
	var got struct{ Error complaint }
	dec := json.NewDecoder(strings.NewReader(lines[len(lines)-1]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		ts.Fatalf("not an envelope: %v", err)
	}
	if got.Error.Code != args[0] || strconv.Itoa(got.Error.Status) != args[1] || got.Error.Message == "" {
		ts.Fatalf("got %+v", got.Error)
	}
}

// sent runs `sent TEXT`: the last request to list, or with a body, had this query and body.
func sent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sent query?body")
	}
	resp, err := http.Get(ts.Getenv("FAKE") + "/last")
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if got := strings.Replace(string(body), "\n", "?", 1); strings.TrimSpace(got) != args[0] {
		ts.Fatalf("sent %s, want %s", got, args[0])
	}
}

func TestInterrupt(t *testing.T) {
	f := startFake(t)
	cmd := exec.Command("reimport", "import", "wait", "3", "--wait-interval", "1h", "--wait-timeout", "2h")
	cmd.Env = append(os.Environ(), f.environment()...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-f.waiting
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 12 || out.Len() > 0 {
		t.Errorf("got %v, %q, %q, want exit code 12 and nothing on standard output", err, &out, &errOut)
	}
	if !strings.Contains(errOut.String(), "reimport import wait 3") {
		t.Errorf("no hint how to go on: %q", &errOut)
	}
}

func TestEveryExitCodeHasAName(t *testing.T) {
	codes := map[int]string{}
	for _, e := range exits {
		if other, taken := codes[e.code]; taken || e.name == "" || e.meaning == "" {
			t.Errorf("%d is %q and %q", e.code, e.name, other)
		}
		codes[e.code] = e.name
	}
	for code := 1; code <= 13; code++ {
		if codes[code] == "" {
			t.Errorf("nothing leads to %d", code)
		}
	}
}

func TestProgressOnATerminal(t *testing.T) {
	var errOut bytes.Buffer
	p := &progress{app: &app{errOut: &errOut}, uid: 1, terminal: true}
	p.show(client.ImportState{Status: "initializing"})
	p.show(client.ImportState{Status: "importing", Progress: 9.6})
	p.show(client.ImportState{Status: "succeeded", Progress: 100})
	p.end()
	want := "\rdatabase 1: initializing 0%\rdatabase 1: importing 10%  \rdatabase 1: succeeded    \n"
	if errOut.String() != want {
		t.Errorf("got  %q\nwant %q", &errOut, want)
	}
}

// TestTimeLeft holds the estimate to what the server says, and to the progress where it says nothing.
func TestTimeLeft(t *testing.T) {
	began := time.Unix(1_700_000_000, 0)
	var p progress
	for _, look := range []struct {
		state client.ImportState
		after time.Duration
		want  time.Duration
	}{
		{client.ImportState{Status: "initializing"}, 0, 0},
		{client.ImportState{Status: "importing"}, time.Minute, 0},
		{client.ImportState{Status: "importing", Progress: 10}, 2 * time.Minute, 0},
		{client.ImportState{Status: "importing", Progress: 10}, 3 * time.Minute, 0},
		{client.ImportState{Status: "importing", Progress: 20}, 4 * time.Minute, 16 * time.Minute},
		{client.ImportState{Status: "importing", Progress: 20, ImportLoad: client.ImportLoad{SecondsLeft: 5}}, 5 * time.Minute, 5 * time.Second},
		{client.ImportState{Status: "succeeded", Progress: 100}, 20 * time.Minute, 0},
	} {
		if got := p.left(look.state, began.Add(look.after)); got != look.want {
			t.Errorf("after %s: %s left, want %s", look.after, got, look.want)
		}
	}
}

func TestCancelledBeforeItBegins(t *testing.T) {
	f := startFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errOut bytes.Buffer
	args := []string{"db", "list", "--url", f.URL, "--user", "admin@example.com", "--password", "opensesame"}
	a := &app{in: strings.NewReader(""), out: &out, errOut: &errOut, lookup: os.LookupEnv}
	if code := a.run(ctx, args); code != 12 || out.Len() > 0 {
		t.Errorf("got %d, %q, %q, want 12", code, &out, &errOut)
	}
}
