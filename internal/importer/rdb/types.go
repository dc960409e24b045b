package rdb

import "fmt"

// Type is the byte in front of a key that says how its value is stored. It is also the first byte of a DUMP payload.
type Type byte

// The types of rdb.h.
const (
	TypeString           Type = 0
	TypeList             Type = 1
	TypeSet              Type = 2
	TypeZSet             Type = 3 // scores as text; until Redis 4
	TypeHash             Type = 4
	TypeZSet2            Type = 5
	TypeModulePreGA      Type = 6 // 4.0 release candidates; its length cannot be known
	TypeModule2          Type = 7
	TypeHashZipmap       Type = 9
	TypeListZiplist      Type = 10
	TypeSetIntset        Type = 11
	TypeZSetZiplist      Type = 12
	TypeHashZiplist      Type = 13
	TypeListQuicklist    Type = 14
	TypeStreamListpacks  Type = 15
	TypeHashListpack     Type = 16 // from here on: Redis 7.0
	TypeZSetListpack     Type = 17
	TypeListQuicklist2   Type = 18
	TypeStreamListpacks2 Type = 19
	TypeSetListpack      Type = 20 // 7.2
	TypeStreamListpacks3 Type = 21 // 7.2
	TypeHashMetadataPre  Type = 22 // Redis: 7.4 release candidates. Valkey 9: TypeHash2
	TypeHashListpackPre  Type = 23 // 7.4 release candidates
	TypeHashMetadata     Type = 24 // 7.4
	TypeHashListpackEx   Type = 25 // 7.4
	TypeStreamListpacks4 Type = 26 // 8.6
	TypeStreamListpacks5 Type = 27 // 8.8

	// TypeHash2 is Valkey 9's hash with expiring fields. Only a file of the Valkey dialect has it.
	TypeHash2 Type = 22
)

// lastType is the highest type there is a name for.
const lastType = TypeStreamListpacks5

var typeNames = [lastType + 1]string{
	"string", "list", "set", "zset", "hash", "zset-2", "module-pre-ga", "module-2", 9: "hash-zipmap", "list-ziplist",
	"set-intset", "zset-ziplist", "hash-ziplist", "list-quicklist", "stream-listpacks", "hash-listpack", "zset-listpack",
	"list-quicklist-2", "stream-listpacks-2", "set-listpack", "stream-listpacks-3", "hash-metadata-pre-ga",
	"hash-listpack-ex-pre-ga", "hash-metadata", "hash-listpack-ex", "stream-listpacks-4",
	"stream-listpacks-5",
}

// String returns the type's name in rdb.h's words, or its number. It reads 22 as Redis does.
func (t Type) String() string {
	if t <= lastType && typeNames[t] != "" {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", byte(t))
}

// The opcodes of rdb.h, which stand where a key's type could.
const (
	opKeyMeta       = 243 // Redis 8.6: metadata that modules attach to the next key
	opSlotImport    = 243 // Valkey 9: a slot migration under way
	opSlotInfo      = 244
	opFunction2     = 245
	opFunctionPreGA = 246 // 7.0 release candidates
	opModuleAux     = 247
	opIdle          = 248
	opFreq          = 249
	opAux           = 250
	opResizeDB      = 251
	opExpireMS      = 252
	opExpire        = 253
	opSelectDB      = 254
	opEOF           = 255
	firstOpcode     = opKeyMeta
)

// Dialect is the family of the server that wrote a file. They gave different meanings to the same numbers.
type Dialect byte

const (
	// Redis wrote the file, or Valkey before 9.
	Redis Dialect = iota
	// Valkey 9 or later wrote the file.
	Valkey
)

// String returns "redis" or "valkey".
func (d Dialect) String() string {
	if d == Valkey {
		return "valkey"
	}
	return "redis"
}

// The versions this package knows. A number keeps its meaning within a dialect, so that the values of each version are
// either walked right or refused.
const (
	lastRedis   = 15 // 8.10
	firstValkey = 80
	lastValkey  = 80
)

// walkable tells whether values of type t can be walked in a file of dialect d.
func walkable(t Type, d Dialect) bool {
	switch {
	case t > lastType || typeNames[t] == "" || t == TypeModulePreGA || t == TypeHashListpackPre:
		return false
	case t == TypeHash2:
		return d == Valkey
	}
	return t < TypeHash2 || d == Redis
}

// foreign names what Redis has written in files of known versions and this package cannot walk, "" for what no server has:
// that is damage.
func foreign(t Type, d Dialect) string {
	if t == TypeModulePreGA {
		return "a module value of a 4.0 release candidate (type 6)"
	}
	if d == Valkey {
		return ""
	}
	switch t {
	case TypeHashMetadataPre, TypeHashListpackPre:
		return fmt.Sprintf("a hash with expiring fields of a 7.4 release candidate (type %d)", byte(t))
	case 28:
		return "an array (type 28) of redis 8.8 or later"
	case 29, 30, 31, 32:
		return fmt.Sprintf("a template hash (type %d) of redis 8.8 or later", byte(t))
	case 33:
		return "a rate limiter (type 33) of redis 8.8 or later"
	case 242:
		return "a hash template (opcode 242) of redis 8.8 or later"
	}
	return ""
}
