package sink_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/sink"
	"github.com/reimport/reimport/internal/redistest"
)

// newHash is a key as Redis 7.4 writes it, whose value a 7.0 cannot read. The listpack has one field, its value and no expiry.
func newHash(d *dump, name string) *dump {
	return d.raw(byte(rdb.TypeHashListpackEx)).text(name).raw(0, 0, 0, 0, 0, 0, 0, 0, 15, 15, 0, 0, 0, 3, 0, 0x81, 'f', 2, 0x81, 'v', 2, 0, 1, 0xFF)
}

// TestRefusals: what a Redis cannot take is refused while it has what it had.
func TestRefusals(t *testing.T) {
	acl := func(rules string) func(*testing.T, *redis.Client, *redis.Options) {
		return func(t *testing.T, c *redis.Client, o *redis.Options) {
			words := []any{"ACL", "SETUSER", "u", "on", ">p"}
			for _, w := range strings.Fields(rules) {
				words = append(words, w)
			}
			if err := c.Do(t.Context(), words...).Err(); err != nil {
				t.Fatal(err)
			}
			o.Username, o.Password = "u", "p"
		}
	}
	config := func(name, value string) func(*testing.T, *redis.Client, *redis.Options) {
		return func(t *testing.T, c *redis.Client, _ *redis.Options) {
			if err := c.ConfigSet(t.Context(), name, value).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	asIs := func(*testing.T, *redis.Client, *redis.Options) {}
	small := newDump().set("a", "1").end()
	for name, c := range map[string]struct {
		file    []byte
		prepare func(*testing.T, *redis.Client, *redis.Options)
		want    string // in the error
	}{
		"type":           {newHash(newDump().set("a", "1"), "new").end(), asIs, `key "new" in database 0: a hash with expiring fields in a form (type 25) that only Redis 7.4.0 and later can take; this is Redis 7`},
		"dialect":        {[]byte(strings.Replace(string(newDump().raw(22).text("h").raw(1).text("f").text("v").raw(255, 255, 255, 255, 255, 255, 255, 255).raw(255).b), "REDIS0010", "VALKEY080", 1) + "\x00\x00\x00\x00\x00\x00\x00\x00"), asIs, `key "h" in database 0: a hash with expiring fields in a form (type 22) that only Valkey 9.0.0 and later can take`},
		"module":         {newDump().raw(7).text("m").raw(0x81, 0xC5, 0xE9, 0x9B, 0x2C, 0x3B, 0x4D, 0xE7, 0x01, 0).end(), asIs, `key "m" in database 0: a value of type `},
		"value":          {newDump().set("a", "1").set("long", strings.Repeat("x", 1<<20)).end(), config("proto-max-bulk-len", "1mb"), `key "long" in database 0: invalid bulk length: the value takes 1048592 bytes`},
		"query":          {newDump().set("long", strings.Repeat("x", 1<<20)).end(), config("client-query-buffer-limit", "1mb"), `key "long" in database 0: invalid bulk length`},
		"library":        {newDump().raw(245).text("#!lua name=l\n--" + strings.Repeat("x", 1<<20)).end(), config("proto-max-bulk-len", "1mb"), `a function library of`},
		"database":       {newDump().raw(254, 16).set("a", "1").end(), asIs, "expected a Redis with database 16, which the files have: the Redis answers ERR DB index is out of range"},
		"no erasing":     {small, acl("+@all ~* -flushall"), "expected a Redis that takes FLUSHALL on all keys from this user: the Redis answers NOPERM"},
		"no writing":     {small, acl("+@all ~* -restore"), "expected a Redis that takes RESTORE on all keys"},
		"not all keys":   {small, acl("+@all ~a*"), "expected a Redis that takes"},
		"no functions":   {newDump().raw(245).text("#!lua name=l\nredis.register_function('f', function() end)").end(), acl("+@all ~* -function|load"), "expected a Redis that takes FUNCTION"},
		"no transaction": {small, acl("+@all ~* -multi -mset"), "expected a Redis that takes MULTI from this user"},
		"no information": {small, acl("+@all ~* -info"), "expected an answer to INFO: the Redis answers NOPERM"},
		"wrong password": {small, func(t *testing.T, c *redis.Client, o *redis.Options) {
			acl("+@all ~*")(t, c, o)
			o.Password = "secret"
		}, "WRONGPASS"},
		"replica": {small, func(t *testing.T, c *redis.Client, _ *redis.Options) { c.ReplicaOf(t.Context(), "127.0.0.1", "1") }, `expected a Redis that is no replica, found the role "slave"`},
		"disk": {small, func(t *testing.T, c *redis.Client, o *redis.Options) {
			c.ConfigSet(t.Context(), "min-replicas-to-write", "1")
		}, "the Redis answers NOREPLICAS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.Start(t)
			client := s.Client()
			if err := client.Set(t.Context(), "old", "1", 0).Err(); err != nil {
				t.Fatal(err)
			}
			o := options(s)
			c.prepare(t, client, o)
			before := digest(t, s)
			err := load(t.Context(), o, c.file)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error has the password: %v", err)
			}
			if errors.Is(err, sink.ErrConnectionLost) {
				t.Errorf("the load would be tried again: %v", err)
			}
			if after := digest(t, s); after != before {
				t.Error("the Redis was changed")
			}
		})
	}
}

func TestReasons(t *testing.T) {
	s := redistest.Start(t, "--proto-max-bulk-len", "1mb", "--maxmemory", "4mb")
	err := load(t.Context(), options(s), newDump().set("long", strings.Repeat("x", 1<<20)).end())
	if !errors.Is(err, rdb.ErrBulkLength) {
		t.Errorf("got %v, want an ErrBulkLength", err)
	}
	d := newDump()
	for i := range 4 {
		d.set(string(rune('a'+i)), strings.Repeat("x", 1<<20-100))
	}
	err = load(t.Context(), options(s), d.end())
	too, ok := errors.AsType[*database.ImportError](err)
	if !ok || !strings.HasPrefix(string(too.Reason), "file-larger-than-mem-limit:") || !strings.HasSuffix(string(too.Reason), ":4194304") {
		t.Errorf("got %v, want that of a file that is too large", err)
	}
}
