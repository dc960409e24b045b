package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/disk"
	"github.com/reimport/reimport/internal/event"
)

// local is a Redis that this node runs, with a directory of its own.
type local struct {
	k       *keeper
	dir     string
	process *process  // nil until it is known
	applied *settings // nil until they are known
	tidy    bool      // the files of the process are those that applied calls for
}

const (
	tries      = 10               // ports for one start
	listenTime = 10 * time.Second // that a process has to listen on its port, if it did before
	saveTime   = 5 * time.Minute  // that a process has for its end before it is left to the next start
	killTime   = 30 * time.Second
)

func (l *local) connect(ctx context.Context, db *database.Database) (*link, error) {
	if err := l.find(ctx, db); err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		if l.process == nil {
			if err := l.start(db); err != nil {
				return nil, &startError{err}
			}
		}
		to, err := l.reach(ctx, db)
		if err == nil || l.process == nil {
			return to, err
		}
		if lives, unknown := l.process.lives(); unknown != nil || lives {
			return nil, err
		}
		ended := l.process
		if l.process, err = findProcess(l.dir); err != nil {
			return nil, err
		}
		if l.process == nil && (db.Port != 0 || !ended.inUse() || n == tries) {
			return nil, &startError{ended.reason()}
		}
	}
}

// find takes the process that runs already. One that was there has been lost if it is not any more.
func (l *local) find(ctx context.Context, db *database.Database) error {
	if l.process != nil {
		lives, err := l.process.lives()
		if err != nil || lives {
			return err
		}
		l.k.missing(ctx, db, l.process.reason())
	}
	found, err := findProcess(l.dir)
	if err != nil {
		return err
	}
	if l.process, l.applied, l.tidy = found, nil, false; found != nil {
		l.k.p.events(ctx, event.RedisAdopted{UID: l.k.uid, PID: found.pid})
	}
	return nil
}

// start starts a process that has the settings of the record, but for an append-only file that it begins or gives up.
func (l *local) start(db *database.Database) error {
	program := l.k.p.cfg.Program
	if program == "" {
		var err error
		if program, err = FindProgram(); err != nil {
			return err
		}
	}
	if err := disk.MkdirAll(l.dir, 0o700); err != nil {
		return err
	}
	for _, left := range []string{recordFile + ".*", "temp-*"} {
		names, _ := filepath.Glob(filepath.Join(l.dir, left)) // the pattern is sound
		for _, name := range names {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	port, err := choosePort(db)
	if err != nil {
		return err
	}
	s, aof := settingsOf(db), l.hasAOF()
	l.process, err = startProcess(program, l.dir, port, s.config(port, aof))
	s.port, s.aof = db.Port, aof
	l.applied = &s
	return err
}

// choosePort returns the database's port, or the one that it had last, if that is free, or any free one.
func choosePort(db *database.Database) (int, error) {
	if db.Port != 0 {
		return db.Port, nil
	}
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.ParseIP(host), Port: db.Endpoint.Port})
	if err != nil && db.Endpoint.Port != 0 {
		l, err = net.ListenTCP("tcp", &net.TCPAddr{IP: net.ParseIP(host)})
	}
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// reach returns a link to the process. It waits while that starts or reads its data, for as long as it lives.
func (l *local) reach(ctx context.Context, db *database.Database) (*link, error) {
	began, delay := time.Now(), time.Millisecond
	for {
		to, err := l.dial(ctx, db)
		if err == nil {
			return to, nil
		}
		lives, unknown := l.process.lives()
		switch {
		case unknown != nil:
			return nil, unknown
		case !lives || ctx.Err() != nil:
			return nil, err
		case l.k.isOver(ctx):
			return nil, errOver
		case l.process.known && (isRefused(err) || !isLoading(err) && time.Since(began) > listenTime):
			// Its password or its port are not those of the record. It keeps its data when it ends, and the next one has them.
			return nil, errors.Join(err, l.stop())
		}
		if delay = min(2*delay, 100*time.Millisecond); !sleep(ctx, delay) {
			return nil, ctx.Err()
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// dial makes sure that the process answers: another one may have its port, and must not lose its data to an import.
func (l *local) dial(ctx context.Context, db *database.Database) (*link, error) {
	to, err := dial(ctx, localOptions(l.process.port, settingsOf(db).password), l.process.exited)
	if err != nil {
		return nil, err
	}
	if err := l.process.isBehind(ctx, to.conn); err != nil {
		return nil, errors.Join(err, to.close())
	}
	l.process.known = true
	to.endpoint = database.Endpoint{Host: host, Port: l.process.port}
	return to, nil
}

// end ends the process, and reports whether it has.
func (l *local) end(s os.Signal, limit time.Duration) error {
	if l.process == nil {
		var err error
		if l.process, err = findProcess(l.dir); err != nil || l.process == nil {
			return err
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), limit)
	defer stop()
	if !l.process.end(ctx, s) {
		return fmt.Errorf("process %d does not end", l.process.pid)
	}
	l.process = nil
	return nil
}

func (l *local) stop() error { return l.end(saveAndEnd, saveTime) }

// clear has the directory last: as long as it is there, the process is in it.
func (l *local) clear() error {
	if err := l.end(endNow, killTime); err != nil {
		return err
	}
	return os.RemoveAll(l.dir)
}

// Files of a Redis.
const (
	dumpFile = "dump.rdb"
	aofDir   = "appendonlydir"
	aofFile  = "appendonly.aof"
)

// hasAOF reports whether there is an append-only file, as Redis 7 keeps it, or as those before did.
func (l *local) hasAOF() bool {
	for _, name := range []string{filepath.Join(aofDir, aofFile+".manifest"), aofFile} {
		if is, err := os.Stat(filepath.Join(l.dir, name)); err == nil && is.Size() > 0 {
			return true
		}
	}
	return false
}

func (l *local) has(db *database.Database) bool {
	return l.applied != nil && *l.applied == settingsOf(db)
}

// apply also removes what would bring back old data after a crash, which it may: the process has read its data by now.
func (l *local) apply(ctx context.Context, to *link, db *database.Database) error {
	s := settingsOf(db)
	if l.tidy && *l.applied == s {
		return nil
	}
	for _, c := range s.since(l.applied) {
		if err := l.set(ctx, to, c); err != nil {
			return err
		}
	}
	if err := l.move(ctx, to, s.port); err != nil {
		return err
	}
	begins := s.snapshot && (l.applied == nil || !l.applied.snapshot)
	l.applied = &s
	if begins {
		_ = to.conn.BgSave(ctx).Err() // refused while another one is written; the next save point comes anyway
	}
	err := l.tidyUp(s)
	l.tidy = err == nil
	return err
}

func (l *local) tidyUp(s settings) error {
	var stale []string
	if !s.aof {
		stale = append(stale, aofDir, aofFile)
	}
	if !s.snapshot && (!s.aof || l.hasAOF()) {
		stale = append(stale, dumpFile)
	}
	for _, name := range stale {
		if err := os.RemoveAll(filepath.Join(l.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// set reports a value that the Redis refuses, and goes on with the old one: the client has its answer already.
func (l *local) set(ctx context.Context, to *link, c change) error {
	err := to.conn.ConfigSet(ctx, c.directive, c.value).Err()
	if answered(err) == nil && err != nil {
		l.k.p.events(ctx, event.SettingRefused{UID: l.k.uid, Setting: c.directive, Err: err})
		return nil
	}
	return err
}

// move has the process listen on another port, if the record names one.
func (l *local) move(ctx context.Context, to *link, port int) error {
	if port == 0 || port == l.process.port {
		return nil
	}
	err := to.conn.ConfigSet(ctx, "port", fmt.Sprint(port)).Err()
	if err != nil && answered(err) == nil {
		l.k.p.events(ctx, event.SettingRefused{UID: l.k.uid, Setting: "port", Err: err})
		return nil
	}
	if err == nil {
		err = l.process.listensOn(port)
	}
	to.endpoint.Port = l.process.port
	return err
}
