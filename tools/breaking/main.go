// Command breaking fails if a contract breaks the clients of its last release under a version that does not say so.
//
//	breaking -released DIR CONTRACT
//
// DIR has the released contracts, each under its version: 0.1.0.yaml. A version says that it breaks clients if it has another
// major number than the last release, or while that is 0 another minor number. It runs in its own directory.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/mod/semver"
)

func main() {
	released := flag.String("released", "", "directory of the released contracts")
	flag.Parse()
	if flag.NArg() != 1 || *released == "" {
		fmt.Fprintln(os.Stderr, "expected -released DIR and a contract")
		os.Exit(2)
	}
	if err := check(*released, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(released, contract string) error {
	last, path, err := lastRelease(released)
	if err != nil {
		return err
	}
	now, err := versionOf(contract)
	if err != nil {
		return err
	}
	if semver.Compare(now, last) < 0 {
		return fmt.Errorf("%s has version %s, and %s is released: expected that or a later one", contract, now[1:], last[1:])
	}
	changes, err := breakingChanges(path, contract)
	if err != nil {
		return err
	}
	if changes != "" && promise(now) == promise(last) {
		return fmt.Errorf("%s\n%s breaks clients of %s: expected another version than %s in info.version", changes, contract, path, now[1:])
	}
	return nil
}

// lastRelease returns the version, with a v before it, and the file of the latest of the released contracts.
func lastRelease(dir string) (version, path string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return "", "", err
	}
	for _, file := range files {
		v := "v" + strings.TrimSuffix(filepath.Base(file), ".yaml")
		inside, err := versionOf(file)
		if err != nil {
			return "", "", err
		}
		if v != inside {
			return "", "", fmt.Errorf("%s has version %s", file, inside[1:])
		}
		if version == "" || semver.Compare(v, version) > 0 {
			version, path = v, file
		}
	}
	if path == "" {
		return "", "", fmt.Errorf("%s: expected released contracts", dir)
	}
	return version, path, nil
}

func versionOf(contract string) (string, error) {
	text, err := os.ReadFile(contract) //nolint:gosec // the caller's
	if err != nil {
		return "", err
	}
	var doc struct{ Info struct{ Version string } }
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return "", fmt.Errorf("%s: %w", contract, err)
	}
	if v := "v" + doc.Info.Version; semver.Canonical(v) == v {
		return v, nil
	}
	return "", fmt.Errorf("%s: info.version: expected one such as 1.2.3, not %q", contract, doc.Info.Version)
}

// promise is what stays the same of a version for as long as no client breaks.
func promise(version string) string {
	if semver.Major(version) == "v0" {
		return semver.MajorMinor(version)
	}
	return semver.Major(version)
}

// breakingChanges returns what oasdiff says of the changes that may break a client, or nothing if there are none. severity.txt
// has what we take more seriously than it does: a client of ours reads members of answers that are optional.
func breakingChanges(from, to string) (string, error) {
	paths := []string{from, to}
	for i, path := range paths {
		var err error
		if paths[i], err = filepath.Abs(path); err != nil {
			return "", err
		}
	}
	args := []string{"tool", "oasdiff", "breaking", "--flatten-params", "--flatten-allof", "--severity-levels", "severity.txt", "--fail-on", "WARN", "--color", "never"}
	args = append(args, paths...)
	var said bytes.Buffer
	cmd := exec.Command("go", args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	exit := new(exec.ExitError)
	switch {
	case err == nil:
		return "", nil
	case errors.As(err, &exit) && exit.ExitCode() == 1 && len(out) > 0:
		return string(out), nil
	}
	return "", fmt.Errorf("oasdiff: %w\n%s", err, &said)
}
