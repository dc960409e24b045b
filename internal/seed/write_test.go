package seed_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/seed"
)

var text = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "null", "~", "true", "1e3", "0x10", "n", "1:20", "<<", "=", "  a\n b\n", "\t\n", "\n\ta\n", "- a", "a: b", "#", "\n", " a ", "\u2028", "'\"", "2026-01-02"}))

// anySeed is a seed as a server may leave it.
var anySeed = rapid.Custom(func(t *rapid.T) *seed.Seed {
	s := &seed.Seed{
		HighestUID:  rapid.IntRange(0, database.MaxUID).Draw(t, "highest uid"),
		MemoryLimit: rapid.SampledFrom([]int64{0, 1 << 62}).Draw(t, "memory limit"),
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "users") {
		email := fmt.Sprint(i, rapid.StringMatching(`[ -9;-~]{0,20}`).Draw(t, "email"))
		s.Users = append(s.Users, access.User{Email: email, Role: rapid.SampledFrom(access.Roles()).Draw(t, "role"), PasswordHash: "$2a$10$AlF.8/vCTPb9s83DWC0gy.TbJ3fD.2/Fk6q21slF0teGFoFP4F846"})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "modules") {
		m := database.Module{UID: fmt.Sprintf("%032x", i), Name: fmt.Sprint("m", i), SemanticVersion: "1.0.0"}
		for _, field := range []*string{&m.DisplayName, &m.CapabilityName, &m.MinRedisVersion, &m.CompatibleRedisVersion, &m.CommandLineArgs, &m.ConfigCommand, &m.Author, &m.Description, &m.Email, &m.Homepage, &m.License} {
			*field = text.Draw(t, "field of a module")
		}
		m.Capabilities = rapid.SampledFrom([][]string{nil, {"a", "b"}}).Draw(t, "capabilities")
		s.Modules = append(s.Modules, m)
	}
	for uid := range rapid.IntRange(0, 3).Draw(t, "databases") {
		db := anyDatabase(t, uid+1, s.Modules)
		s.Databases = append(s.Databases, db)
		if db.DataPlane == database.Simulated && db.Type == "redis" && !db.Import.Running() && !db.Export.Running() && !db.Backup.Running() && rapid.Bool().Draw(t, "open") {
			if s.Open == nil {
				s.Open = map[int]bool{}
			}
			s.Open[db.UID] = true
		} else if scripts := rapid.SliceOfN(anyScript, 0, 3).Draw(t, "scripts"); len(scripts) > 0 {
			s.Scripts = withScripts(s.Scripts, uid+1, scripts)
		}
	}
	return s
})

func withScripts(all map[int][]seed.Script, uid int, scripts []seed.Script) map[int][]seed.Script {
	if all == nil {
		all = map[int][]seed.Script{}
	}
	all[uid] = scripts
	return all
}

var anyScript = rapid.Custom(func(t *rapid.T) seed.Script {
	s := seed.Script{
		Outcome: rapid.SampledFrom([]database.FailureReason{"", seed.ScriptSucceeded, database.KeyTooLong, database.FileLargerThanMemLimit(2, 1)}).Draw(t, "outcome"),
		Pace:    rapid.SampledFrom(append(seed.Paces(), "")).Draw(t, "pace"), Repeat: rapid.Bool().Draw(t, "repeat"),
	}
	switch s.Pace {
	case seed.PaceTimed:
		s.Duration = time.Duration(rapid.Int64Range(1, 1<<63-1).Draw(t, "duration"))
	case seed.PacePolled:
		s.Steps = rapid.IntRange(1, 1_000_000).Draw(t, "steps")
	case seed.PaceFrozen:
		s.At = rapid.Float64Range(0, 99.9).Draw(t, "at")
	}
	return s
})

func anyDatabase(t *rapid.T, uid int, modules database.Catalog) *database.Database {
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(0, 1<<34).Draw(t, "seconds"), rapid.Int64Range(0, 999999999).Draw(t, "nanoseconds")).UTC()
	})
	states := rapid.SampledFrom([]database.Import{
		{}, {Status: database.ImportIdle}, {Status: database.ImportImporting, Progress: 62.5}, {Status: database.ImportSucceeded, Progress: 100},
		{Status: database.ImportFailed, Progress: 0.1, FailureReason: database.FileLargerThanMemLimit(2, 1)},
	})
	operations := rapid.SampledFrom([]database.Operation{
		{}, {Status: database.OperationExporting, Progress: 1e-7}, {Status: database.OperationFailed, FailureReason: "no-permission", LastTime: time.Unix(1, 1).UTC()},
	})
	db := &database.Database{
		UID: uid, Name: rapid.StringMatching(`[a-z0-9]|[a-z0-9][a-z0-9-]{0,20}[a-z0-9]`).Draw(t, "name"), Type: rapid.SampledFrom([]string{"redis", "memcached"}).Draw(t, "type"),
		Status: database.Active, MemorySize: rapid.Int64Range(0, 1<<53-1).Draw(t, "memory"),
		Port:              rapid.SampledFrom([]int{0, 1, 1}).Draw(t, "any port") * (20000*uid + rapid.IntRange(0, 5535).Draw(t, "port")), // no other's
		SkipImportAnalyze: rapid.Bool().Draw(t, "skip"), EmailAlerts: rapid.Bool().Draw(t, "alerts"),
		Import: states.Draw(t, "import"), Export: operations.Draw(t, "export"), Backup: operations.Draw(t, "backup"),
		BackupPolicy: database.BackupPolicy{Enabled: true, Interval: 10, IntervalOffset: rapid.IntRange(0, 9).Draw(t, "offset"), History: 3, Location: json.RawMessage(`{"type":"s3"}`)},
		CreatedTime:  moment.Draw(t, "created"), LastChangedTime: moment.Draw(t, "changed"),
		Modules: []database.ModuleRef{}, Settings: map[string]json.RawMessage{},
	}
	switch plane := rapid.SampledFrom([]database.DataPlane{database.Simulated, database.Local, database.Attached}).Draw(t, "data plane"); {
	case db.Import.Running():
		db.Status = database.ImportPending
	case plane != database.Simulated && db.Type == "redis" && !db.Export.Running() && !db.Backup.Running():
		if db.DataPlane, db.Status = plane, database.Pending; plane == database.Attached {
			db.Redis = anyRedis.Draw(t, "redis")
			db.Port = db.Redis.Port()
		}
	}
	for _, m := range modules {
		db.Modules = append(db.Modules, database.ModuleRef{UID: m.UID, Name: m.Name, SemanticVersion: m.SemanticVersion, Args: text.Draw(t, "arguments")})
	}
	db.Import.Sources = rapid.SampledFrom([][]database.Source{nil, {{Type: database.SourceMountPoint, Location: "/a b"}, {Type: database.SourceURL, Location: "https://example.com/é"}}}).Draw(t, "sources")
	for name, value := range rapid.MapOf(rapid.StringMatching(`.{1,8}`), text).Draw(t, "settings") {
		db.Settings[name], _ = json.Marshal(value)
	}
	return db.Canonical()
}

// anyRedis has no password, which nothing writes.
var anyRedis = rapid.Custom(func(t *rapid.T) database.Attachment {
	user := rapid.SampledFrom([]string{"", "u", "@:/?#", "é"}).Draw(t, "user")
	if rapid.Bool().Draw(t, "socket") {
		return database.Attachment{Network: "unix", Addr: rapid.SampledFrom([]string{"/s", "/run/a b/re?dis%20.sock", "/é#"}).Draw(t, "path"), Username: user}
	}
	host := rapid.SampledFrom([]string{"h", "redis.example.com", "127.0.0.1", "2001:db8::1", "fe80::1%eth0"}).Draw(t, "host")
	port := rapid.IntRange(1, 65535).Draw(t, "port")
	return database.Attachment{Network: "tcp", Addr: net.JoinHostPort(host, fmt.Sprint(port)), TLS: rapid.Bool().Draw(t, "TLS"), Username: user}
})

// TestWrite holds what is read against what was written.
func TestWrite(t *testing.T) {
	path := write(t, "")
	rapid.Check(t, func(r *rapid.T) {
		want := anySeed.Draw(r, "seed")
		var first, second bytes.Buffer
		if err := seed.Write(&first, "a comment\nof two lines", want); err != nil {
			r.Fatal(err)
		}
		if err := os.WriteFile(path, first.Bytes(), 0o600); err != nil {
			r.Fatal(err)
		}
		got, err := seed.Read(path)
		if err != nil {
			r.Fatalf("%v\n%s", err, first.String())
		}
		if err := seed.Write(&second, "a comment\nof two lines", got); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			r.Errorf("%v\n%s\nand then\n%s", err, first.String(), second.String())
		}
		got.Modules = got.Modules[:len(want.Modules)] // without the bundled ones
		for i := range got.Databases {
			got.Databases[i] = got.Databases[i].Canonical()
		}
		if len(want.Modules) == 0 {
			want.Modules, got.Modules = nil, nil
		}
		if !reflect.DeepEqual(got, want) {
			r.Errorf("got  %+v\nwant %+v\n%s", got, want, first.String())
		}
	})
}
