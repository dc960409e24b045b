package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/reimport/reimport/internal/node"
)

// readyFile tells other programs that the server answers, and where. It is there while the server does.
type readyFile struct {
	path string // empty if nobody wants one
	text []byte // once it is there
}

// The names in a ready file, in the order of its lines. Those that a verb takes from the environment are its own, so that
// whoever reads the file into a shell needs no flags. A name without a value has none, as in the environment.
const (
	readyURL = "REDIS_ENTERPRISE_URL"
	readyCA  = "REDIS_ENTERPRISE_CA_CERT"
	readyPID = "REIMPORT_PID"
)

// prepareReady refuses a path that cannot be written, or that holds something else, and removes what a dead process has
// left there.
func prepareReady(path string) (*readyFile, error) {
	if path == "" {
		return new(readyFile), nil
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	left, err := readReady(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	probe, err := createBeside(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: expected a directory that is there already", filepath.Dir(path))
	}
	if err != nil {
		return nil, err
	}
	err = os.Remove(probe.Name())
	if pid, _ := strconv.Atoi(left[readyPID]); left != nil && !alive(pid) {
		err = errors.Join(err, os.Remove(path))
	}
	return &readyFile{path: path}, errors.Join(err, probe.Close())
}

func createBeside(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), ".reimport-ready-*")
}

// alive reports whether there is another process with that number, which may have got it after one that has died.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	return err == nil && pid != os.Getpid() && !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// write puts the file in place, whole.
func (r *readyFile) write(n *node.Node) error {
	if r.path == "" {
		return nil
	}
	ca, err := absolute("", n.CA())
	if err != nil {
		return err
	}
	controls, err := absolute("unix:", n.ControlsURL())
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, line := range [][2]string{{readyURL, n.URL()}, {readyCA, ca}, {controlsURL, controls}, {readyPID, strconv.Itoa(os.Getpid())}} {
		fmt.Fprintf(&text, "%s=%s\n", line[0], quoted(line[1]))
	}
	fresh, err := createBeside(r.path)
	if err != nil {
		return err
	}
	_, err = fresh.Write(text.Bytes())
	err = errors.Join(err, fresh.Chmod(0o644), fresh.Close()) // it has no secrets
	if err == nil {
		err = os.Rename(fresh.Name(), r.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(fresh.Name()))
	}
	r.text = text.Bytes()
	return nil
}

// absolute makes the path behind prefix one from the root, if there is one.
func absolute(prefix, text string) (string, error) {
	path, ok := strings.CutPrefix(text, prefix)
	if !ok || path == "" {
		return text, nil
	}
	path, err := filepath.Abs(path)
	return prefix + path, err
}

// remove takes the file away, unless another server has put its own in place.
func (r *readyFile) remove() {
	if found, err := os.ReadFile(r.path); err == nil && bytes.Equal(found, r.text) {
		_ = os.Remove(r.path) // who finds it looks for a process that has ended
	}
}

var plain = regexp.MustCompile(`^[\w@%+=:,./-]*$`)

// quoted writes a value as a shell reads it, in single quotes only if it needs them: there are readers that do not know any.
func quoted(value string) string {
	if plain.MatchString(value) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

func unquoted(value string) string {
	if len(value) < 2 || value[0] != '\'' {
		return value
	}
	return strings.ReplaceAll(value[1:len(value)-1], `'\''`, "'")
}

// readReady returns the values of a ready file by their names.
func readReady(path string) (map[string]string, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the user's
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			values[name] = unquoted(value)
		}
	}
	if values[readyURL] == "" || values[readyPID] == "" {
		return nil, fmt.Errorf("%s: expected a file that reimport serve has written", path)
	}
	return values, nil
}
