package sink

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// server is what a Redis says of itself.
type server struct {
	family  string // Redis or Valkey
	version version
	mode    string // standalone
	role    string // master
	loading bool
	memory  int64 // that it may use, in bytes; 0 for any
	startup int64 // bytes of memory that it takes without keys
	evicted int64 // keys since its start
	keys    int64 // in all databases
	modules []string
	asked   time.Time
	clock   int64 // its own, in milliseconds, when it was asked
}

// version is 10000 times the first number, 100 times the second, and the third.
type version int

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v/10000, v/100%100, v%100) }

// parseVersion returns 0 for what is none.
func parseVersion(text string) (v version) {
	parts := strings.SplitN(text, ".", 3)
	for i := range 3 {
		n := 0
		if i < len(parts) {
			n, _ = strconv.Atoi(strings.TrimRight(parts[i], "-abcdefghijklmnopqrstuvwxyz"))
		}
		v = v*100 + version(min(max(n, 0), 99))
	}
	return v
}

func (s *server) String() string { return fmt.Sprintf("%s %v", s.family, s.version) }

// server asks what the Redis is.
func (l *link) server(ctx context.Context) (*server, error) {
	info, err := l.do(ctx, "INFO")
	if err != nil {
		return nil, fmt.Errorf("expected an answer to INFO: %w", err)
	}
	s := &server{family: "Redis", asked: time.Now()}
	text, _ := info.(string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); ok {
			s.note(name, value)
		}
	}
	return s, nil
}

func (s *server) note(name, value string) {
	n, _ := strconv.ParseInt(value, 10, 64)
	switch name {
	case "redis_version":
		if s.family == "Redis" {
			s.version = parseVersion(value)
		}
	case "valkey_version":
		s.family, s.version = "Valkey", parseVersion(value)
	case "redis_mode", "server_mode":
		s.mode = value
	case "role":
		s.role = value
	case "loading":
		s.loading = n != 0
	case "maxmemory":
		s.memory = n
	case "used_memory_startup":
		s.startup = n
	case "evicted_keys":
		s.evicted = n
	case "server_time_usec":
		s.clock = n / 1000
	case "module":
		value, _ = strings.CutPrefix(value, "name=")
		value, _, _ = strings.Cut(value, ",")
		s.modules = append(s.modules, value)
	default:
		if number, ok := strings.CutPrefix(name, "db"); ok {
			s.noteKeys(number, value)
		}
	}
}

// noteKeys takes a line such as db0:keys=1,expires=0,avg_ttl=0.
func (s *server) noteKeys(number, value string) {
	if _, err := strconv.ParseUint(number, 10, 31); err != nil {
		return
	}
	count, _, _ := strings.Cut(value, ",")
	if count, ok := strings.CutPrefix(count, "keys="); ok {
		n, _ := strconv.ParseInt(count, 10, 64)
		s.keys += n
	}
}

// now is the time of the answer by the clock of the Redis, or by this machine's if it does not tell, in milliseconds.
func (s *server) now() int64 {
	if s.clock != 0 {
		return s.clock
	}
	return s.asked.UnixMilli()
}
