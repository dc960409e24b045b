package sink

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer/rdb"
)

// canTake asks the Redis all that decides whether it can take imp. It changes nothing but a key of its own, for a moment.
func (l *link) canTake(ctx context.Context, imp Import) error {
	s, err := l.server(ctx)
	if err != nil {
		return err
	}
	if err := s.usable(); err != nil {
		return err
	}
	limits, err := l.limits(ctx)
	if err != nil {
		return err
	}
	for i := range imp.Files {
		f := &imp.Files[i]
		if err := cmp.Or(s.knows(f), limits.hold(f)); err != nil {
			return err
		}
	}
	if err := s.hasMemory(imp); err != nil {
		return err
	}
	if err := l.hasDatabases(ctx, imp.Files); err != nil {
		return err
	}
	if err := l.mayLoad(ctx, s, imp.Files); err != nil {
		return err
	}
	return l.restores(ctx)
}

// usable returns why s is nothing to load into.
func (s *server) usable() error {
	switch {
	case s.loading:
		return lost(errors.New("it is loading its own data"))
	case s.mode != "standalone":
		return fmt.Errorf("expected a standalone Redis, found one in mode %q", s.mode)
	case s.role != "master":
		return fmt.Errorf("expected a Redis that is no replica, found the role %q", s.role)
	case s.version < oldest:
		return fmt.Errorf("expected Redis %v or later, or a Valkey, found %v", oldest, s)
	}
	return nil
}

// knows returns why s cannot read something in f.
func (s *server) knows(f *rdb.Stats) error {
	for t := range f.First {
		if first := &f.First[t]; first.ValueLen > 0 {
			if err := s.refuses(rdb.Type(t)); err != nil {
				return keyError(first, err)
			}
		}
	}
	for i := range f.Modules {
		if m := &f.Modules[i]; m.First.ValueLen > 0 && s.lacks(m.Name) {
			return keyError(&m.First, fmt.Errorf("a value of type %s of a module that the Redis does not have; it has %q", m.Name, s.modules))
		}
	}
	if f.WithMeta > 0 {
		return fmt.Errorf("expected keys without metadata of modules, which no command restores, found %d with some", f.WithMeta)
	}
	if f.Functions > 0 && s.version < redis70 {
		return fmt.Errorf("expected Redis %v or later for the %d function libraries, found %v", redis70, f.Functions, s)
	}
	return nil
}

func keyError(m *rdb.Mention, err error) error {
	return &KeyError{DB: m.DB, Name: []byte(m.Name), Err: err}
}

// moduleOf names the modules that have a type of values, of those that are widely used.
var moduleOf = map[string][]string{
	"ReJSON-RL": {"ReJSON", "json"},
	"MBbloom--": {"bf"}, "MBbloomCF": {"bf"}, "CMSk-TYPE": {"bf"}, "TopK-TYPE": {"bf"}, "TDIS-TYPE": {"bf"}, "bloomfltr": {"bf"},
	"TSDB-TYPE": {"timeseries"},
	"ft_index0": {"search"}, "trietype0": {"search"},
	"graphdata": {"graph"}, "vectorset": {"vectorset"},
}

// lacks reports whether s has no module that reads values of that type. Of types that are not known it is sure only if s has no module.
func (s *server) lacks(valueType string) bool {
	if names, known := moduleOf[valueType]; known {
		return !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(s.modules, name) })
	}
	return len(s.modules) == 0
}

// limits are the numbers of bytes that a command may have.
type limits struct {
	bulk  int64 // one argument
	query int64 // all of it
}

// limits asks for them. A managed Redis may refuse to tell; then they are the defaults.
func (l *link) limits(ctx context.Context) (most limits, err error) {
	most = limits{bulk: 512 << 20, query: 1 << 30}
	for name, value := range map[string]*int64{"proto-max-bulk-len": &most.bulk, "client-query-buffer-limit": &most.query} {
		reply, err := l.do(ctx, "CONFIG", "GET", name)
		if isRefusal(err) {
			continue
		}
		if err != nil {
			return most, err
		}
		if pair, ok := reply.([]any); ok && len(pair) == 2 {
			if n, err := strconv.ParseInt(fmt.Sprint(pair[1]), 10, 64); err == nil && n > 0 {
				*value = n
			}
		}
	}
	return most, nil
}

// overhead is more than a command has beside its key's name and its value.
const overhead = 1 << 10

// hold returns what of f is longer than a command may be.
func (most limits) hold(f *rdb.Stats) error {
	for t := range f.Largest {
		m := &f.Largest[t]
		if n := m.ValueLen + footer + 1; m.ValueLen > 0 && (n > most.bulk || n+m.NameLen+overhead > most.query) {
			return keyError(m, fmt.Errorf("%w: the value takes %d bytes, more than the Redis takes in a command of at most %d bytes with arguments of %d", rdb.ErrBulkLength, n, most.query, most.bulk))
		}
	}
	if n := f.LargestLibrary; n > most.bulk {
		return fmt.Errorf("%w: a function library of %d bytes, more than the %d that the Redis takes", rdb.ErrBulkLength, n, most.bulk)
	}
	return nil
}

// hasMemory returns why the files are too much for s, once it is empty.
func (s *server) hasMemory(imp Import) error {
	expected := s.startup
	for i := range imp.Files {
		expected += imp.Files[i].Memory
	}
	if s.memory == 0 || imp.AnyMemory || expected <= s.memory {
		return nil
	}
	return &database.ImportError{
		Reason: database.FileLargerThanMemLimit(expected, s.memory),
		Err:    fmt.Errorf("the Redis is expected to take %d bytes of memory, its maxmemory is %d", expected, s.memory),
	}
}

// hasDatabases selects the highest database of the files, and the first.
func (l *link) hasDatabases(ctx context.Context, files []rdb.Stats) error {
	last := 0
	for i := range files {
		last = max(last, files[i].MaxDB)
	}
	if _, err := l.do(ctx, "SELECT", last); err != nil {
		return fmt.Errorf("expected a Redis with database %d, which the files have: %w", last, err)
	}
	_, err := l.do(ctx, "SELECT", 0)
	return err
}

// probe is the value of the key that preflight writes, and its first bytes a name that nobody has.
const probe = "reimport asks whether RESTORE works"

// mayLoad returns which of the commands of a load the user may not run, or the Redis does not have. In a transaction that is discarded
// they are looked at and not run.
func (l *link) mayLoad(ctx context.Context, s *server, files []rdb.Stats) error {
	if _, err := l.do(ctx, "MULTI"); err != nil {
		return fmt.Errorf("expected a Redis that takes MULTI from this user, to be asked what else it takes: %w", err)
	}
	commands := [][]any{
		{"FLUSHALL"}, {"INFO"}, {"SELECT", 0}, {"EXISTS", probe}, {"MSET", probe, ""}, {"RESTORE", probe, 0, "", "REPLACE", "ABSTTL"},
		{"GET", probe}, {"DEL", probe},
	}
	if s.version >= redis70 {
		commands = append(commands, []any{"FUNCTION", "FLUSH"})
	}
	if slices.ContainsFunc(files, func(f rdb.Stats) bool { return f.Functions > 0 }) {
		commands = append(commands, []any{"FUNCTION", "LOAD", "REPLACE", ""})
	}
	for _, c := range commands {
		// A Redis that is full says so after it has looked at the rights, and will be emptied.
		if _, err := l.do(ctx, c...); err != nil && !errors.Is(err, ErrOutOfMemory) {
			return fmt.Errorf("expected a Redis that takes %s on all keys from this user: %w", c[0], err)
		}
	}
	_, err := l.do(ctx, "DISCARD")
	return err
}

// restores has the Redis restore a string and reads it back: there are servers that say OK and keep something else.
func (l *link) restores(ctx context.Context) error {
	key := "reimport:" + rand.Text()
	payload := append([]byte{byte(rdb.TypeString), byte(len(probe))}, probe...)
	payload = binary.LittleEndian.AppendUint16(payload, needOf(rdb.TypeString).format)
	payload = binary.LittleEndian.AppendUint64(payload, rdb.CRC64(0, payload))
	if _, err := l.do(ctx, "RESTORE", key, time.Minute.Milliseconds(), payload); errors.Is(err, ErrOutOfMemory) {
		return nil // it is full, and will be emptied
	} else if err != nil {
		return fmt.Errorf("expected a Redis that restores a string: %w", err)
	}
	value, err := l.do(ctx, "GET", key)
	if err != nil {
		return err
	}
	if _, err := l.do(ctx, "DEL", key); err != nil {
		return err
	}
	if value != probe {
		return fmt.Errorf("expected a Redis that restores %q as it is, found %.100q: a server that only resembles one", probe, value)
	}
	return nil
}
