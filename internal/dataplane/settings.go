package dataplane

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/reimport/reimport/internal/database"
)

// settings are what a local Redis has of the record of its database.
type settings struct {
	port     int // 0 for any
	password string
	memory   int64  // bytes, 0 for no limit
	eviction string // a maxmemory-policy
	save     string // as CONFIG has it
	aof      bool
	fsync    string // as CONFIG has it
	snapshot bool
}

// never is a save point that does not come. A Redis that has one saves when SIGTERM ends it, whatever its version.
const never = "2147483647 2147483647"

// settingsOf returns the settings of a database, with the defaults of Redis Software for what its record does not say.
func settingsOf(db *database.Database) settings {
	s := settings{port: db.Port, memory: db.MemorySize, eviction: "volatile-lru", save: never, fsync: "everysec"}
	read(db, "authentication_redis_pass", &s.password)
	read(db, "eviction_policy", &s.eviction)
	var persistence, policy string
	read(db, "data_persistence", &persistence)
	read(db, "aof_policy", &policy)
	s.aof, s.snapshot = persistence == "aof", persistence == "snapshot"
	if policy == "appendfsync-always" {
		s.fsync = "always"
	}
	if s.snapshot {
		s.save = savePoints(db)
	}
	return s
}

// savePoints returns those of the database's snapshot_policy; without one, one after an hour with a write.
func savePoints(db *database.Database) string {
	var policy []struct{ Secs, Writes int }
	read(db, "snapshot_policy", &policy)
	var points []string
	for _, p := range policy {
		if p.Secs > 0 && p.Writes > 0 {
			points = append(points, strconv.Itoa(p.Secs), strconv.Itoa(p.Writes))
		}
	}
	if points == nil {
		return "3600 1"
	}
	return strings.Join(points, " ")
}

// read leaves value as it is if the database has no such setting, or one of another type.
func read[T any](db *database.Database, name string, value *T) {
	var given *T
	if json.Unmarshal(db.Settings[name], &given) == nil && given != nil {
		*value = *given
	}
}

// config returns the configuration of a Redis that starts. It listens on port, and reads an append-only file if it finds
// one: that has all of its data.
func (s settings) config(port int, aof bool) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "bind %s\nport %d\ndir .\nmaxmemory %d\n", host, port, s.memory)
	for _, d := range [][2]string{
		{"maxmemory-policy", s.eviction}, {"appendonly", yes(aof)}, {"appendfsync", s.fsync}, {"requirepass", s.password},
	} {
		fmt.Fprintf(&b, "%s %s\n", d[0], quoted(d[1]))
	}
	for points := strings.Fields(s.save); len(points) > 0; points = points[2:] {
		fmt.Fprintf(&b, "save %s %s\n", points[0], points[1])
	}
	return b.Bytes()
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// quoted writes a value as the configuration of a Redis has it, whatever its bytes.
func quoted(value string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(value) {
		fmt.Fprintf(&b, `\x%02x`, value[i])
	}
	b.WriteByte('"')
	return b.String()
}

// change is a directive that a Redis which runs gets another value for.
type change struct{ directive, value string }

// since returns what has changed, all if old is nil.
func (s settings) since(old *settings) (changes []change) {
	add := func(changed bool, directive, value string) {
		if old == nil || changed {
			changes = append(changes, change{directive, value})
		}
	}
	var o settings
	if old != nil {
		o = *old
	}
	add(s.memory != o.memory, "maxmemory", strconv.FormatInt(s.memory, 10))
	add(s.eviction != o.eviction, "maxmemory-policy", s.eviction)
	add(s.fsync != o.fsync, "appendfsync", s.fsync)
	add(s.save != o.save, "save", s.save)
	add(s.aof != o.aof, "appendonly", yes(s.aof))
	add(s.password != o.password, "requirepass", s.password)
	return changes
}
