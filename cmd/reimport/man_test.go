package main_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestManPages renders every man page with man, and with mandoc where it is there, and wants no warning.
func TestManPages(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/man/*.1")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%v, %d pages", err, len(pages))
	}
	for _, tool := range [][]string{
		{"man", "--warnings", "-E", "UTF-8", "-l"},
		{"mandoc", "-T", "lint", "-W", "warning"},
	} {
		t.Run(tool[0], func(t *testing.T) {
			if _, err := exec.LookPath(tool[0]); err != nil {
				t.Skip("SKIPPING the man pages: ", err)
			}
			for _, page := range pages {
				cmd := exec.Command(tool[0], append(tool[1:], page)...)
				cmd.Env = append(cmd.Environ(), "MANPAGER=cat", "MANWIDTH=100")
				var said strings.Builder
				if tool[0] == "mandoc" {
					cmd.Stdout = &said
				}
				cmd.Stderr = &said
				err := cmd.Run()
				for line := range strings.Lines(said.String()) {
					// A date would make another page of the same commands.
					if !strings.Contains(line, "missing date") {
						t.Error(page, line)
					}
				}
				if err != nil && tool[0] == "man" {
					t.Error(page, err)
				}
			}
		})
	}
}
