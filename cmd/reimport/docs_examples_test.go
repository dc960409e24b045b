package main_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// demo is a demo cluster as `make run` starts it, a directory such as the reader's, and files where the pages say that
// there are some.
type demo struct {
	*process
	dir   string
	place *strings.Replacer
}

func startDemo(t *testing.T, args ...string) *demo {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("SKIPPING the examples: ", err)
	}
	dir := t.TempDir()
	dump, err := os.ReadFile("../../examples/sessions.rdb")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "sessions.yaml", []byte("name: sessions\nmemory_size: 1073741824\n"))
	broken, err := os.ReadFile("../../examples/broken.rdb")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "backups"), "broken.rdb", broken)
	for _, name := range []string{"sessions.rdb", "shard-1.rdb", "shard-2.rdb"} {
		write(t, filepath.Join(dir, "backups"), name, dump)
	}
	if err := os.Symlink(examples, filepath.Join(dir, "examples")); err != nil {
		t.Fatal(err)
	}
	backups := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		zip := gzip.NewWriter(w)
		zip.Write(dump)
		zip.Close()
	}))
	t.Cleanup(backups.Close)
	p := serve(t, filepath.Join(dir, ".demo"), append(args, "--seed", "../../examples/demo.yaml", "--mount-point", filepath.Join(dir, "backups"), "--controls", "127.0.0.1:0")...)
	return &demo{p, dir, strings.NewReplacer(
		"https://localhost:9443", p.url, "https://cluster.example.com:9443", p.url, "PASSWORD=...", "PASSWORD=demo-admin",
		"https://backups.example.com", backups.URL, "/mnt/backups", filepath.Join(dir, "backups"), "/var/lib/reimport", filepath.Join(dir, ".demo"),
	)}
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// run pastes lines into a shell in the reader's directory, which ends at the first that goes wrong, and returns what they
// print.
func (d *demo) run(t *testing.T, lines string) string {
	t.Helper()
	cmd := exec.Command("bash", "-eu", "-o", "pipefail")
	cmd.Dir = d.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + d.dir, "PASSWORD=secret", "REDIS_ENTERPRISE_URL=" + d.url,
		"REDIS_ENTERPRISE_CA_CERT=.demo/tls/ca.pem", "REDIS_ENTERPRISE_USER=admin@example.com", "REDIS_ENTERPRISE_PASSWORD=demo-admin",
		"REIMPORT_CONTROLS_URL=" + d.controls,
	}
	cmd.Stdin = strings.NewReader(d.place.Replace(lines))
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, &said)
	}
	return string(out)
}

// chapter is a heading of a page with the code below it, by language.
type chapter struct {
	title  string
	blocks map[string][]string
}

var heading = regexp.MustCompile(`(?m)^#{2,3} (.+)$`)

func chapters(t *testing.T, page string) (all []chapter) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs", page))
	if err != nil {
		t.Fatal(err)
	}
	starts := heading.FindAllStringSubmatchIndex(string(text), -1)
	for i, at := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		c := chapter{string(text[at[2]:at[3]]), map[string][]string{}}
		for _, b := range block.FindAllStringSubmatch(string(text[at[1]:end]), -1) {
			c.blocks[b[1]] = append(c.blocks[b[1]], b[2])
		}
		all = append(all, c)
	}
	return all
}

// curl prints a line with status and body. Whoever pastes by hand takes longer than an import does.
const curl = `curl() {
	case "$*" in */bdbs/1 | */actions/import) reimport import wait 1 --wait-interval 20ms >/dev/null 2>&1 || : ;; esac
	command curl -sS -o answer.$$ -w '%{http_code} ' "$@"
	tr -d '\n' <answer.$$
	echo
}
`

var status = regexp.MustCompile(`(?m)^# (?:.*: )?(\d{3})$`)

// TestAPIPage pastes every line of the page of the API, in its order, beside a demo cluster that has just been started.
func TestAPIPage(t *testing.T) {
	t.Parallel()
	ran := 0
	d := startDemo(t)
	for _, c := range chapters(t, "api.md") {
		for i, lines := range c.blocks["sh"] {
			ran++
			t.Run(fmt.Sprintf("%s/%d", c.title, i), func(t *testing.T) {
				out := d.run(t, curl+lines)
				want := status.FindAllStringSubmatch(lines, -1)
				got := strings.Split(strings.TrimSpace(out), "\n")
				if strings.Contains(lines, "curl") && len(got) != len(want) || len(out) == 0 {
					t.Fatalf("%d answers, want %d: %s", len(got), len(want), out)
				}
				for i, w := range want {
					if !strings.HasPrefix(got[i]+" ", w[1]+" ") {
						t.Errorf("answer %d is %s, want %s", i, got[i], w[1])
					}
				}
				if body := c.blocks["json"]; strings.Contains(lines, "curl") && len(body) == 1 {
					compareAnswer(t, want[0][1], got[0][4:], body[0])
				}
			})
		}
	}
	if ran < 30 {
		t.Fatalf("%d blocks were found", ran)
	}
}

// compareAnswer wants a refusal to the letter. Of a 200, whose example is another database, it wants the fields with
// their types.
func compareAnswer(t *testing.T, status, got, documented string) {
	t.Helper()
	var is, want any
	if err := json.Unmarshal([]byte(got), &is); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	if err := json.Unmarshal([]byte(documented), &want); err != nil {
		t.Fatal(err)
	}
	if status != "200" {
		if !reflect.DeepEqual(is, want) {
			t.Errorf("got %s, want %s", got, documented)
		}
		return
	}
	for name, value := range first(want) {
		if have := first(is)[name]; reflect.TypeOf(have) != reflect.TypeOf(value) {
			t.Errorf("%s is %v, documented as %v", name, have, value)
		}
	}
}

func first(value any) map[string]any {
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	object, _ := value.(map[string]any)
	return object
}
