package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/reimport/reimport"
	"github.com/reimport/reimport/internal/docs"
)

var update = flag.Bool("update", false, "write docs/ anew")

// TestDocs holds docs/ to what the contract, the commands and the flags say now. With -update it writes docs/.
func TestDocs(t *testing.T) {
	want, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		// A command that is gone takes its page with it.
		if err := os.RemoveAll("../../docs/man"); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll("../../docs/man", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range want {
		path := filepath.Join("../../docs", name)
		if *update {
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, text) {
			t.Errorf("docs/%s is stale: run make docs (%v)", name, err)
		}
	}
}

func pages() (map[string][]byte, error) {
	root := newRootCommand(new(app))
	cli, err := docs.CLI(root)
	if err != nil {
		return nil, err
	}
	configuration, err := docs.Configuration(root, variableOf, "../../internal/seed/file.go")
	if err != nil {
		return nil, err
	}
	api, err := docs.API(reimport.Spec)
	if err != nil {
		return nil, err
	}
	pages := map[string][]byte{"api.md": api, "cli.md": cli, "configuration.md": configuration}
	for name, page := range docs.Man(root) {
		pages["man/"+name] = page
	}
	return pages, nil
}
