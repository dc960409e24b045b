package dataplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Files in the directory of a local Redis, besides its own.
const (
	recordFile = "process"   // number, stamp, directory and port of the process, a line each
	logFile    = "redis.log" // of the newest process
)

// script notes which process it is before it becomes the Redis, so that none runs without a record, whenever its parent
// dies. The link fails if another process has been faster.
const script = `umask 077; program=$1 port=$2 place=$3
` + stampScript + ` && printf '%s\n' "$$" "$stamp" "$place" "$port" >` + recordFile + `.$$ && ln ` + recordFile + `.$$ ` + recordFile + ` && rm ` + recordFile + `.$$ && exec "$program" -`

// maxConfig is what a pipe takes although nobody reads it yet, on every system.
const maxConfig = 16 << 10

// process is a Redis that runs, or ran, in a directory of ours.
type process struct {
	dir    string
	pid    int
	stamp  string
	place  string
	port   int           // where it listens, or means to
	exited chan struct{} // closed when our child has ended; nil if another process has started it
	state  *os.ProcessState
	known  bool // it has had its port: whoever answers otherwise there is not another process
}

// environment is that of all processes that are started here: none of our settings is in it.
func environment() []string { return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"} }

// startProcess starts program in dir with a configuration, which has secrets: it gets it on standard input. The whole of
// it is in the pipe before the process is there, so that it never runs with a part.
func startProcess(program, dir string, port int, config []byte) (*process, error) {
	if len(config) > maxConfig {
		return nil, fmt.Errorf("expected a configuration of at most %d bytes", maxConfig)
	}
	place, err := placeOf(dir)
	if err != nil {
		return nil, err
	}
	in, feed, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	_, err = feed.Write(config)
	if err := errors.Join(err, feed.Close()); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(dir, logFile), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600) //nolint:gosec // a file of ours
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command("sh", "-c", script, "sh", program, strconv.Itoa(port), place) //nolint:gosec // the operator's program
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = dir, in, log, log, environment()
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{dir: dir, pid: cmd.Process.Pid, port: port, exited: make(chan struct{})}
	go func() { // ends with the process, which may outlive all that is here
		defer close(p.exited)
		_ = cmd.Wait()
		p.state = cmd.ProcessState
	}()
	return p, nil
}

// findProcess returns the process that runs in dir by its record, nil if there is none. The record of one that has ended
// is removed, so this is for the keeper of dir alone.
func findProcess(dir string) (*process, error) {
	p, err := lookUpProcess(dir)
	if errors.Is(err, errNoProcess) {
		return nil, os.Remove(filepath.Join(dir, recordFile))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return p, err
}

var errNoProcess = errors.New("its process has ended")

// lookUpProcess is findProcess without a change. Its error is an errNoProcess if the record's process has ended or runs in
// another directory, of which dir is a copy, and an fs.ErrNotExist if there is no record.
func lookUpProcess(dir string) (*process, error) {
	text, err := os.ReadFile(filepath.Join(dir, recordFile)) //nolint:gosec // a file of ours
	if err != nil {
		return nil, err
	}
	place, err := placeOf(dir)
	if err != nil {
		return nil, err
	}
	p := &process{dir: dir, known: true}
	if p.read(string(text)) && p.place == place {
		if lives, err := p.lives(); err != nil || lives {
			return p, err
		}
	}
	return nil, errNoProcess
}

// read takes in a record. One that is not whole has lost its end with the power, as has its process.
func (p *process) read(record string) bool {
	lines := strings.Split(record, "\n")
	if len(lines) < 5 {
		return false
	}
	var errs [2]error
	p.pid, errs[0] = strconv.Atoi(lines[0])
	p.stamp, p.place = lines[1], lines[2]
	p.port, errs[1] = strconv.Atoi(lines[3])
	return errors.Join(errs[:]...) == nil && p.stamp != ""
}

// listensOn notes that the process has another port from now on.
func (p *process) listensOn(port int) error {
	path := filepath.Join(p.dir, recordFile)
	text, err := os.ReadFile(path) //nolint:gosec // a file of ours
	if err != nil {
		return err
	}
	lines := strings.SplitN(string(text), "\n", 4)
	text = fmt.Appendf(nil, "%s\n%s\n%s\n%d\n", lines[0], lines[1], lines[2], port)
	err = errors.Join(os.WriteFile(path+".new", text, 0o600), os.Rename(path+".new", path)) //nolint:gosec // a file of ours
	if err != nil {
		return err
	}
	p.port = port
	return nil
}

// lives reports whether the process is still the one that was started.
func (p *process) lives() (bool, error) {
	if p.exited != nil {
		select {
		case <-p.exited:
			return false, nil
		default:
			return true, nil
		}
	}
	stamp, err := stampOf(p.pid)
	return stamp == p.stamp, err
}

// gonePoll is how often a process that is not our child is looked for, while we wait for its end.
const gonePoll = 20 * time.Millisecond

// await reports whether the process has ended, for which it waits until ctx ends.
func (p *process) await(ctx context.Context) bool {
	for {
		if lives, err := p.lives(); err == nil && !lives {
			return true
		}
		timer := time.NewTimer(gonePoll)
		select {
		case <-p.exited:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
		timer.Stop()
	}
}

// signal reaches no other process: the handle is taken before the stamp is looked at.
func (p *process) signal(s os.Signal) error {
	handle, err := os.FindProcess(p.pid)
	if err != nil {
		return err
	}
	defer func() { _ = handle.Release() }()
	if lives, err := p.lives(); err != nil || !lives {
		return err
	}
	if err := handle.Signal(s); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// end sends the process a signal, again and again as it may refuse, and reports whether it has ended before ctx does.
func (p *process) end(ctx context.Context, s os.Signal) bool {
	for {
		_ = p.signal(s) // if it cannot be sent, the process does not end
		patient, stop := context.WithTimeout(ctx, signalEvery)
		gone := p.await(patient)
		stop()
		if gone || ctx.Err() != nil {
			return gone
		}
	}
}

// signalEvery is the time between two requests to end.
const signalEvery = 300 * time.Millisecond

// isBehind is nil if p answers on c, and not another process that has its port.
func (p *process) isBehind(ctx context.Context, c *redis.Conn) error {
	text, err := c.Info(ctx, "server").Result()
	if err == nil && !strings.Contains(text, fmt.Sprintf("\nprocess_id:%d\r\n", p.pid)) {
		err = fmt.Errorf("another process has port %d", p.port)
	}
	return err
}

// prefix is what a Redis puts before a line of its log.
var prefix = regexp.MustCompile(`^\d+:[A-Za-z-]+ (\(\d+\) |\d\d \w+ \d{4} [\d:.]+ [.*#-] )?`)

// reason says why the process has ended, in its own words.
func (p *process) reason() error {
	text, err := os.ReadFile(filepath.Join(p.dir, logFile))
	if err != nil {
		text = nil
	}
	var last []string
	for line := range bytes.Lines(text) {
		said := prefix.ReplaceAllString(strings.TrimSpace(string(line)), "")
		if said == "" || strings.Contains(said, "requirepass") { // a line of the configuration, with a secret
			continue
		}
		last = append(last, said)
	}
	last = last[max(0, len(last)-2):]
	how := "has ended"
	if p.exited != nil && p.state != nil {
		how = p.state.String()
	}
	return fmt.Errorf("process %d: %s: %s", p.pid, how, strings.Join(last, "; "))
}

// inUse reports whether the process has ended because another one listens on its port.
func (p *process) inUse() bool {
	text, err := os.ReadFile(filepath.Join(p.dir, logFile))
	return err == nil && bytes.Contains(text, []byte("Address already in use"))
}
