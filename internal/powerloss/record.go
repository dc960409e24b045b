// Package powerloss holds what a process has written against a loss of power. It records the process's calls to the
// system, and replays upon a model of the disk what may be left of them: kill -9 is milder, as it keeps what was written
// and not synced. It is for tests, on Linux with strace.
package powerloss

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrUnavailable says that processes cannot be recorded here.
var ErrUnavailable = errors.New("no process can be recorded")

// Recording is what a process did, in its order.
type Recording struct {
	dir    string
	events []event
}

// event is the begin or the end of a call. Others may come between the two.
type event struct {
	*call
	end bool
}

type call struct {
	name   string
	args   []string // strings among them are decoded
	result int64    // -1 for any error
	ended  bool
}

// traced are the calls by which a file or a directory is changed, and those that tell what descriptors stand for. A change
// by any other call shows as a difference between the model and the directory; see Disk.Equal.
const traced = "trace=openat,close,write,pwrite64,ftruncate,fsync,fdatasync,mkdirat,unlinkat,renameat,renameat2"

// Record runs a command until it ends, with strace's options as well, and returns what it did to the files below dir,
// and what it said on its standard output. The error is the command's own or wraps ErrUnavailable.
func Record(cmd *exec.Cmd, dir string, options ...string) (*Recording, error) {
	log, err := os.CreateTemp("", "strace")
	if err != nil {
		return nil, err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	strace, err := exec.LookPath("strace")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	args := append([]string{"strace", "-f", "--seccomp-bpf", "-qq", "-xx", "-s", "16777216", "-e", "signal=none", "-e", traced, "-o", log.Name()}, options...)
	cmd.Args = append(append(args, "--", cmd.Path), cmd.Args[1:]...)
	cmd.Path = strace
	var complaint strings.Builder
	if cmd.Stderr == nil {
		cmd.Stderr = &complaint
	}
	ended := cmd.Run()
	text, err := os.ReadFile(log.Name())
	if err != nil {
		return nil, err
	}
	if ended != nil {
		ended = fmt.Errorf("%w: %s", ended, complaint.String())
		if len(text) == 0 {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, ended)
		}
	}
	r := &Recording{dir: dir}
	return r, errors.Join(ended, r.parse(text))
}

// parse reads lines such as
//
//	17 pwrite64(3, "\x00", 1, 0) = 1
//	17 fdatasync(3 <unfinished ...>
//	17 <... fdatasync resumed>) = 0
func (r *Recording) parse(text []byte) error {
	unfinished := map[string]*call{}
	for line := range bytes.Lines(text) {
		thread, what, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		what = strings.TrimLeft(what, " ")
		if strings.HasPrefix(what, "+++") || strings.HasPrefix(what, "---") {
			continue
		}
		c := unfinished[thread]
		if !strings.HasPrefix(what, "<... ") {
			var err error
			if c, err = parseCall(what); err != nil {
				return fmt.Errorf("strace: %.200s: %w", what, err)
			}
			r.events = append(r.events, event{call: c})
			unfinished[thread] = c
		}
		at := strings.Index(what, ") ")
		if c == nil || at < 0 || strings.HasSuffix(what, "<unfinished ...>") {
			continue
		}
		delete(unfinished, thread)
		result := strings.Fields(strings.TrimLeft(what[at+1:], " ="))
		if n, err := strconv.ParseInt(result[0], 0, 64); err == nil { // else "?": the process ended meanwhile
			c.result, c.ended = n, true
			r.events = append(r.events, event{c, true})
		}
	}
	return nil
}

func parseCall(what string) (*call, error) {
	name, rest, found := strings.Cut(what, "(")
	if !found {
		return nil, errors.New("not a call")
	}
	if at := strings.Index(rest, ") "); at >= 0 {
		rest = rest[:at]
	}
	c := &call{name: name, args: strings.Split(strings.TrimSuffix(rest, " <unfinished ...>"), ", ")}
	for i, arg := range c.args {
		if !strings.HasPrefix(arg, `"`) {
			continue
		}
		text, err := hex.DecodeString(strings.ReplaceAll(strings.Trim(arg, `"`), `\x`, ""))
		if err != nil {
			return nil, err
		}
		c.args[i] = string(text)
	}
	return c, nil
}

// number returns an argument that is one, or -1.
func (c *call) number(i int) int64 {
	n, err := strconv.ParseInt(c.args[i], 0, 64)
	if err != nil {
		return -1 // AT_FDCWD
	}
	return n
}

func (c *call) sync() bool { return c.name == "fsync" || c.name == "fdatasync" }

// Sync is a call that makes something durable.
type Sync struct {
	Name  string
	Wrote int64 // where the last write to the file began, -1 if there was none since it was opened
}

// Without returns the recording as if some syncs had not been made.
func (r *Recording) Without(drop func(Sync) bool) *Recording {
	left := &Recording{dir: r.dir}
	wrote := map[int64]int64{}
	dropped := map[*call]bool{}
	for _, e := range r.events {
		switch {
		case e.name == "openat" && e.end:
			wrote[e.result] = -1
		case e.name == "pwrite64":
			wrote[e.number(0)] = e.number(3)
		case e.sync() && !e.end:
			dropped[e.call] = drop(Sync{e.name, wrote[e.number(0)]})
		}
		if !dropped[e.call] {
			left.events = append(left.events, e)
		}
	}
	return left
}

// below returns the path of a call's argument relative to the recording's directory, "" if it is not in there.
func (r *Recording) below(path string) string {
	rel, err := filepath.Rel(r.dir, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return ""
	}
	return rel
}
