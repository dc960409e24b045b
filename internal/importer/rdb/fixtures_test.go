package rdb

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The files in testdata are what redis-server 7.0.15 saved, each with what the same server said of it: run
// go test -run TestRealRedis -generate to write them anew.
var generate = flag.Bool("generate", false, "write testdata with the installed redis-server")

// said is what a server says of its data.
type said struct {
	Keys      []saidKey
	Libraries []string
}

type saidKey struct {
	DB     int
	Name   []byte
	Type   string
	Expire int64  // PEXPIRETIME, 0 for none
	Dump   []byte // a DUMP payload without its footer: the type and the value
}

var fixtures = []struct {
	name string
	args []string
	fill func(c *redis)
}{
	{"redis-7.0", nil, fillEncodings},
	{"redis-7.0-lru", []string{"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"}, fillFew},
	{"redis-7.0-lfu", []string{"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lfu"}, fillFew},
	{"redis-7.0-plain", []string{"--rdbchecksum", "no", "--rdbcompression", "no"}, fillFew},
	{"redis-7.0-empty", nil, func(*redis) {}},
	{"redis-7.0-short", []string{"--rdbchecksum", "no", "--rdbcompression", "no"}, fillShort},
	{"redis-7.0-packed", []string{"--rdbchecksum", "no"}, fillShort},
}

func fillFew(c *redis) {
	c.do("SET", "string", strings.Repeat("abc", 30))
	c.do("SET", "number", "12345")
	c.do("HSET", "hash", "field", "value")
	c.do("PEXPIREAT", "hash", "4102444800000")
}

// fillEncodings makes every type and encoding that 7.0 writes.
func fillEncodings(c *redis) {
	for i, n := range []string{"0", "-128", "127", "128", "-32768", "32768", "2147483647", "2147483648", "-9223372036854775808"} {
		c.do("SET", fmt.Sprintf("number:%d", i), n)
	}
	long := strings.Repeat("compressible ", 40)
	c.do("SET", "", "empty name")
	c.do("SET", "empty", "")
	c.do("SET", "raw", noise(newRand(), 70))
	c.do("SET", "compressed", long)
	c.do("SET", long, "compressed name")
	c.do("SET", "12345678", "name stored as a number")
	c.do("SET", "long", noise(newRand(), 17000))
	c.do("SET", "seconds", "x", "EXAT", "4102444800")
	c.do("SET", "milliseconds", "x", "PXAT", "4102444800123")
	c.do("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "100B")
	c.do("RPUSH", "list:plain", noise(newRand(), 200), "b", "c")
	c.do(append([]string{"RPUSH", "list:nodes"}, slices.Repeat([]string{noise(newRand(), 90)}, 120)...)...)
	c.do("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "0")
	c.do("RPUSH", "list", "a", "b", "c")
	c.do("SADD", "set:int16", "1", "2")
	c.do("SADD", "set:int64", "1", "20000000000")
	c.do("SADD", "set:hashtable", "a", "b", "1")
	c.do("ZADD", "zset:listpack", "1", "a", "2.5", "b")
	c.do("ZADD", "zset:skiplist", "1", strings.Repeat("m", 65), "inf", "b", "-inf", "c")
	c.do("HSET", "hash:listpack", "a", "b")
	c.do("HSET", "hash:hashtable", "a", noise(newRand(), 65), "n", "100")
	fillStream(c)
	c.do("FUNCTION", "LOAD", "#!lua name=short\nredis.register_function('f', function() return 1 end)")
	c.do("FUNCTION", "LOAD", "#!lua name=long\nredis.register_function('g', function() return 1 end)\n"+
		strings.Repeat("-- "+noise(newRand(), 500)+"\n", 150))
	c.do("SELECT", "3")
	c.do("SET", "third", "database")
	c.do("SELECT", "15")
	c.do("SADD", "last", "database")
	c.do("SELECT", "0")
}

func fillStream(c *redis) {
	for i := range 150 {
		c.do("XADD", "stream", fmt.Sprintf("%d-1", i+1), "field", fmt.Sprint(i))
	}
	c.do("XDEL", "stream", "5-1", "150-1")
	c.do("XGROUP", "CREATE", "stream", "group", "0")
	c.do("XGROUP", "CREATE", "stream", "idle group", "$")
	c.do("XGROUP", "CREATECONSUMER", "stream", "group", "idle")
	c.do("XREADGROUP", "GROUP", "group", "first", "COUNT", "10", "STREAMS", "stream", ">")
	c.do("XREADGROUP", "GROUP", "group", "second", "COUNT", "5", "STREAMS", "stream", ">")
	c.do("XADD", "stream:empty", "1-1", "a", "b")
	c.do("XDEL", "stream:empty", "1-1")
}

// TestRealRedis has a real server save each fixture and checks the scan against what that server says.
func TestRealRedis(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			c := startRedis(t, t.TempDir(), f.args...)
			f.fill(c)
			want := c.tell()
			c.do("SAVE")
			data, err := os.ReadFile(filepath.Join(c.dir, "dump.rdb"))
			if err != nil {
				t.Fatal(err)
			}
			if *generate {
				store(t, f.name, data, want)
			}
			checkSaid(t, data, want)
		})
	}
}

// tell asks the server for all there is.
func (c *redis) tell() (s said) {
	for db := range 16 {
		c.do("SELECT", fmt.Sprint(db))
		for _, name := range c.do("KEYS", "*").([]any) {
			name := name.(string)
			dump := c.text("DUMP", name)
			s.Keys = append(s.Keys, saidKey{
				DB: db, Name: []byte(name), Type: c.text("TYPE", name),
				Expire: max(0, c.do("PEXPIRETIME", name).(int64)), Dump: []byte(dump[:len(dump)-10]),
			})
		}
	}
	for _, library := range c.do("FUNCTION", "LIST", "WITHCODE").([]any) {
		fields := library.([]any)
		s.Libraries = append(s.Libraries, fields[len(fields)-1].(string))
	}
	return s
}

func store(t *testing.T, name string, data []byte, s said) {
	text, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Join("testdata", name)
	if err := os.WriteFile(base+".rdb", data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(base+".json", append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestFixtures does the same with the files kept, so that it needs no server.
func TestFixtures(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", f.name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var want said
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			checkSaid(t, fixture(t, f.name), want)
		})
	}
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".rdb"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkSaid scans data and compares keys, values and libraries with what the server said.
func checkSaid(t *testing.T, data []byte, want said) {
	t.Helper()
	var got said
	var libraries []*bytes.Buffer
	s := NewScanner(bytes.NewReader(data))
	s.Library = func(size int64) io.Writer {
		libraries = append(libraries, new(bytes.Buffer))
		return libraries[len(libraries)-1]
	}
	for s.Next() {
		k := s.Key()
		value := bytes.NewBuffer([]byte{byte(k.Type)})
		n, err := s.WriteValue(value)
		if err != nil || n != k.ValueLen || n != int64(value.Len()-1) {
			t.Fatalf("%s: WriteValue = %d, %v; ValueLen = %d, %d bytes written", k.Name, n, err, k.ValueLen, value.Len()-1)
		}
		if end := k.Offset + n; !bytes.Equal(data[k.Offset:end], value.Bytes()[1:]) {
			t.Errorf("%s: the value is not at its offset", k.Name)
		}
		got.Keys = append(got.Keys, saidKey{
			DB: k.DB, Name: slices.Clone(k.Name), Type: command(k.Type), Expire: k.ExpireMS, Dump: value.Bytes(),
		})
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	for _, l := range libraries {
		got.Libraries = append(got.Libraries, l.String())
	}
	compare(t, got, want)
	if st := s.Stats(); st.Keys != int64(len(want.Keys)) || st.Functions != int64(len(want.Libraries)) ||
		st.Version != 10 || st.Aux["redis-ver"] != "7.0.15" || st.Aux["used-mem"] == "" {
		t.Errorf("stats: %+v", st)
	}
}

func compare(t *testing.T, got, want said) {
	t.Helper()
	order := func(a, b saidKey) int {
		if a.DB != b.DB {
			return a.DB - b.DB
		}
		return bytes.Compare(a.Name, b.Name)
	}
	for _, s := range []said{got, want} {
		slices.SortFunc(s.Keys, order)
		slices.Sort(s.Libraries)
	}
	if !slices.Equal(got.Libraries, want.Libraries) {
		t.Errorf("libraries: %q\nwant %q", got.Libraries, want.Libraries)
	}
	same := func(a, b saidKey) bool {
		return a.DB == b.DB && bytes.Equal(a.Name, b.Name) && a.Type == b.Type && a.Expire == b.Expire &&
			bytes.Equal(a.Dump, b.Dump)
	}
	if !slices.EqualFunc(got.Keys, want.Keys, same) {
		t.Errorf("keys:\n%s\nwant:\n%s", keyLines(got.Keys), keyLines(want.Keys))
	}
}

func keyLines(keys []saidKey) string {
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "%d %.40q %s %d %.60x\n", k.DB, k.Name, k.Type, k.Expire, k.Dump)
	}
	return b.String()
}

// command returns what TYPE says of a key whose value is stored as t.
func command(t Type) string {
	kind, _, _ := strings.Cut(t.String(), "-")
	return kind
}

func TestAttributes(t *testing.T) {
	for _, c := range []struct {
		name     string
		idle     int64
		freq     int
		checksum bool
	}{
		{"redis-7.0", -1, -1, true},
		{"redis-7.0-lru", 0, -1, true},
		{"redis-7.0-lfu", -1, 5, true}, // 5 is LFU_INIT_VAL
		{"redis-7.0-plain", -1, -1, false},
	} {
		s := NewScanner(bytes.NewReader(fixture(t, c.name)))
		for s.Next() {
			if k := s.Key(); k.Idle != c.idle || (k.Freq < 0) != (c.freq < 0) {
				t.Errorf("%s: %s has idle %d, freq %d; want %d, %d", c.name, k.Name, k.Idle, k.Freq, c.idle, c.freq)
			}
		}
		if s.Err() != nil || s.Stats().Checksum != c.checksum {
			t.Errorf("%s: %v, checksum %v, want %v", c.name, s.Err(), s.Stats().Checksum, c.checksum)
		}
	}
}
