package sink

import (
	"fmt"

	"github.com/reimport/reimport/internal/importer/rdb"
)

// need is what a server must be to take values of a type.
type need struct {
	format        uint16  // the version of the RDB format that has the type: a payload says it, and servers refuse higher ones than they know
	redis, valkey version // from when on each reads it; never for not at all
	what          string
}

const never version = 1 << 30 // no server has it, not even one built from its newest source, 255.255.255

// oldest is the first version whose RESTORE takes expiries as points in time, and idle times.
const oldest version = 5_00_00

const (
	redis70  version = 7_00_00
	redis72  version = 7_02_00
	redis74  version = 7_04_00
	redis86  version = 8_06_00
	redis88  version = 8_08_00
	valkey72 version = 7_02_00 // the first
	valkey90 version = 9_00_00
)

// needOf returns the need of t. A Valkey takes its own hash in a payload that is of an older format than its file.
func needOf(t rdb.Type) need {
	switch t {
	case rdb.TypeListQuicklist:
		return need{7, oldest, valkey72, "list"}
	case rdb.TypeZSet2:
		return need{8, oldest, valkey72, "sorted set"}
	case rdb.TypeModule2:
		return need{8, oldest, valkey72, "value of a module"}
	case rdb.TypeStreamListpacks:
		return need{9, oldest, valkey72, "stream"}
	case rdb.TypeHashListpack:
		return need{10, redis70, valkey72, "hash"}
	case rdb.TypeZSetListpack:
		return need{10, redis70, valkey72, "sorted set"}
	case rdb.TypeListQuicklist2:
		return need{10, redis70, valkey72, "list"}
	case rdb.TypeStreamListpacks2:
		return need{10, redis70, valkey72, "stream"}
	case rdb.TypeSetListpack:
		return need{11, redis72, valkey72, "set"}
	case rdb.TypeStreamListpacks3:
		return need{11, redis72, valkey72, "stream"}
	case rdb.TypeHash2:
		return need{11, never, valkey90, "hash with expiring fields"}
	case rdb.TypeHashMetadata, rdb.TypeHashListpackEx:
		return need{12, redis74, never, "hash with expiring fields"}
	case rdb.TypeStreamListpacks4:
		return need{13, redis86, never, "stream"}
	case rdb.TypeStreamListpacks5:
		return need{14, redis88, never, "stream"}
	}
	return need{6, oldest, valkey72, "value"}
}

// refuses returns why s cannot take values of type t, nil if it can.
func (s *server) refuses(t rdb.Type) error {
	n := needOf(t)
	from, other, others := n.redis, n.valkey, "Valkey"
	if s.family == "Valkey" {
		from, other, others = n.valkey, n.redis, "Redis"
	}
	switch {
	case s.version >= from:
		return nil
	case from == never:
		return fmt.Errorf("a %s in a form (type %d) that only %s %v and later can take; this is %v", n.what, byte(t), others, other, s)
	}
	return fmt.Errorf("a %s in a form (type %d) that only %s %v and later can take; this is %v", n.what, byte(t), s.family, from, s)
}
