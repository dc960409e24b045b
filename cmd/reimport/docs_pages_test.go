package main_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/reimport/reimport/client"
)

// TestGoExamples makes one program of the page's Go and runs it in a demo cluster.
func TestGoExamples(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	var program strings.Builder
	program.WriteString(`package main
import ("context"; "fmt"; "os"; "github.com/reimport/reimport/client"; "github.com/reimport/reimport/gen/api")
var _ = api.BDBCreate{}
func show(values ...any) {
	if err := values[len(values)-1]; err != nil { fmt.Println(err); os.Exit(1) }
	fmt.Printf("%T\n", values[0])
}
func main() {
`)
	for i, c := range goChapters(t) {
		results, _, _ := strings.Cut(c, " := ")
		results = results[strings.LastIndexByte(results, '\n')+1:]
		if i == 0 {
			fmt.Fprintf(&program, "%s\nshow(c, err)\n", c)
			continue
		}
		if strings.HasPrefix(results, "source") {
			results = "err"
		}
		fmt.Fprintf(&program, "{\n%s\nshow(%s)\n}\n", c, results)
	}
	program.WriteString("}\n")
	write(t, d.dir, "main.go", []byte(d.place.Replace(program.String())))
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	// The module is found from the directory that go runs in, the CA from that of the reader.
	built := exec.Command("go", "build", "-o", filepath.Join(d.dir, "example"), filepath.Join(d.dir, "main.go"))
	built.Dir = root
	if out, err := built.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, program.String())
	}
	got := d.run(t, "./example")
	for _, want := range []string{"*client.Client", "[]client.Database", "client.Database", "[]client.Module", "client.Module"} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%s is missing from %s", want, got)
		}
	}
}

func goChapters(t *testing.T) (all []string) {
	for _, c := range chapters(t, "api.md") {
		all = append(all, c.blocks["go"]...)
	}
	if len(all) != 12 {
		t.Fatalf("%d blocks of Go were found", len(all))
	}
	return all
}

// TestCLIPage runs the examples of all commands, in the order of the page, beside a demo cluster that has just been
// started. Those of serve have a test of their own, and those of completion are run by the shells that they are for. Those
// of the store are for a server that does not run: testdata/store.txtar has them.
func TestCLIPage(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	for _, c := range chapters(t, "cli.md") {
		if c.title == "reimport serve" || c.title == "reimport conform proxy" || c.title == "reimport completion" || strings.HasPrefix(c.title, "reimport store") {
			continue
		}
		if strings.HasPrefix(c.title, "reimport ") && len(c.blocks["sh"]) == 0 {
			t.Errorf("%s has no example", c.title)
		}
		if c.title == "reimport unlock" {
			d.lockOut(t, "admin@example.com")
		}
		for _, lines := range c.blocks["sh"] {
			t.Run(c.title, func(t *testing.T) {
				if out := d.run(t, lines); out == "" {
					t.Error("nothing is printed")
				}
			})
		}
	}
}

// TestProvePage runs the lines of the guide to a server that is sound.
func TestProvePage(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	for _, c := range chapters(t, "prove-a-cluster.md") {
		for _, lines := range c.blocks["sh"] {
			if out := d.run(t, lines); !strings.Contains(out, "KEPT") {
				t.Errorf("%s prints %s", lines, out)
			}
		}
	}
}

// TestDataPlanePage runs the lines of the page where databases are real.
func TestDataPlanePage(t *testing.T) {
	t.Parallel()
	if !hasRedis() {
		t.Skip("SKIPPING the lines of docs/data-plane.md: no redis-server and redis-cli are installed")
	}
	d := startDemo(t, "--data-plane", "local")
	t.Cleanup(func() { d.end(syscall.SIGTERM) }) // no Redis is left
	var said strings.Builder
	for _, c := range chapters(t, "data-plane.md") {
		for _, lines := range c.blocks["sh"] {
			said.WriteString(d.run(t, lines))
		}
	}
	rest := said.String()
	for _, want := range []string{"active", "local", "1004\n", "file-corrupted", "exit code 13\n", "1004\n"} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%q is missing from\n%s", want, said.String())
		}
		rest = after
	}
}

// lockOut has the server lock a user out, as anybody can who reaches it.
func (d *demo) lockOut(t *testing.T, email string) {
	t.Helper()
	for range 5 {
		if _, err := d.client(email, "wrong").ListDatabases(t.Context()); !errors.Is(err, client.ErrUnauthorized) {
			t.Fatal(err)
		}
	}
}

// TestServeExamples starts a server with every line of the pages that does.
func TestServeExamples(t *testing.T) {
	t.Parallel()
	lines := map[string]bool{}
	for _, page := range []string{"cli.md", "configuration.md"} {
		text, err := os.ReadFile(filepath.Join("../../docs", page))
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range block.FindAllStringSubmatch(string(text), -1) {
			for line := range strings.Lines(b[2]) {
				if b[1] == "sh" && strings.Contains(line, "reimport serve") {
					lines[strings.TrimSpace(line)] = true
				}
			}
		}
	}
	if len(lines) < 3 {
		t.Fatalf("%d lines were found", len(lines))
	}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	for line := range lines {
		t.Run(line, func(t *testing.T) {
			dir := t.TempDir()
			place := strings.NewReplacer("reimport serve", "exec reimport serve", "/var/lib/", dir+"/")
			cmd := exec.Command("bash", "-c", place.Replace(line))
			cmd.Dir = dir
			if err := os.Symlink(examples, filepath.Join(dir, "examples")); err != nil {
				t.Fatal(err)
			}
			cmd.Env = append(os.Environ(), "REIMPORT_LISTEN=127.0.0.1:0")
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Process.Kill()
			for said := bufio.NewScanner(out); said.Scan() && !strings.HasPrefix(said.Text(), "listening "); {
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestUsersExample logs in with the users file of the page.
func TestUsersExample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range chapters(t, "configuration.md") {
		for _, text := range c.blocks["yaml"] {
			write(t, dir, "users.yaml", []byte(text))
		}
	}
	p := serve(t, filepath.Join(dir, "data"), "--users", filepath.Join(dir, "users.yaml"))
	if _, err := p.client("viewer@example.com", "demo-viewer").ListDatabases(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var (
	literal   = regexp.MustCompile("`[^`\n]*`")
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	title     = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	notInLink = regexp.MustCompile(`[^\w -]`)
)

// TestLinks follows the links in the pages to files and headings.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(err, pages)
	}
	pages = append(pages, "../../README.md")
	headings := map[string]map[string]int{}
	for _, page := range pages {
		headings[page] = anchors(t, page)
	}
	for _, page := range pages {
		for _, found := range link.FindAllStringSubmatch(literal.ReplaceAllString(block.ReplaceAllString(read(t, page), ""), ""), -1) {
			path, fragment, _ := strings.Cut(found[1], "#")
			if strings.Contains(path, "://") {
				continue
			}
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
			} else if fragment != "" && headings[target][fragment] != 1 {
				t.Errorf("%s: %s leads to %d headings", page, found[1], headings[target][fragment])
			}
		}
	}
}

// anchors counts the headings of a page by the fragment that leads to them.
func anchors(t *testing.T, page string) map[string]int {
	counts := map[string]int{}
	for _, found := range title.FindAllStringSubmatch(block.ReplaceAllString(read(t, page), ""), -1) {
		counts[strings.ReplaceAll(notInLink.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")]++
	}
	return counts
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
