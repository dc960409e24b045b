package node_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store"
)

func attachment(t *testing.T, text string) seed.Attachment {
	t.Helper()
	a, err := seed.ParseAttachment(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// attached returns the database of that name.
func attached(t *testing.T, n *node.Node, name string) *database.Database {
	t.Helper()
	all, err := store.List(t.Context(), n.Store(), store.Databases)
	if err != nil {
		t.Fatal(err)
	}
	for _, db := range all {
		if db.Name == name {
			return db
		}
	}
	t.Fatalf("there is no database %s", name)
	return nil
}

// TestAttach: a database that is to be attached is made once, and has the address and the password of the newest start. No answer
// has the password.
func TestAttach(t *testing.T) {
	cfg := node.Config{DataDir: t.TempDir(), Seed: emulated(t), Emulate: true}
	cfg.Passwords = map[string]string{cfg.Seed.Users[0].PasswordHash: password}
	uid := 0
	for _, url := range []string{"redis://u:hush@192.0.2.1:7", "redis://u:hush-hush@192.0.2.1:8"} {
		cfg.Attach = []seed.Attachment{attachment(t, "cache="+url)}
		n := open(t, cfg)
		db := attached(t, n, "cache")
		if uid != 0 && db.UID != uid || db.DataPlane != database.Attached || db.Redis != cfg.Attach[0].Redis || db.Port != db.Redis.Port() {
			t.Errorf("%s: %+v", url, db)
		}
		uid = db.UID
		shown := want(t, n, "GET", "/v1/bdbs", "", 200)
		if strings.Contains(shown, "hush") || strings.Contains(dumpText(t, n), "hush") || !strings.Contains(shown, `"data_plane":"attached"`) {
			t.Errorf("the password is shown, or not what it is attached to:\n%s", shown)
		}
		if err := n.Reset(t.Context()); err != nil || attached(t, n, "cache").Redis != db.Redis {
			t.Errorf("%v: a reset does not attach it", err)
		}
		shut(t, n)
	}
	for text, expected := range map[string]string{
		"carts=redis://192.0.2.1":     "carts: database 9 has this name and is not attached",
		"other=redis://v@192.0.2.1:8": "other: database " + strconv.Itoa(uid) + " is attached to this Redis already",
	} {
		cfg.Attach = []seed.Attachment{attachment(t, text)}
		n, err := node.Open(t.Context(), cfg)
		wrong, ok := errors.AsType[*node.ConfigError](err)
		if !ok || wrong.Setting != "attach" || !strings.Contains(err.Error(), expected) {
			t.Errorf("%s: %v", text, err)
		}
		if n != nil {
			shut(t, n)
		}
	}
}

// TestAttachedDumpsLoad: a dump, which lacks the passwords of Redises, gets those back that the node knows.
func TestAttachedDumpsLoad(t *testing.T) {
	given := emulated(t)
	given.Databases = append(given.Databases, &database.Database{
		UID: 20, Name: "seeded", Type: "redis", Status: database.Pending, DataPlane: database.Attached,
		Redis: database.Attachment{Network: "unix", Addr: "/nonexistent/redis.sock", Username: "u", Password: "hush"},
	})
	n := open(t, node.Config{
		Seed: given, Emulate: true, Passwords: map[string]string{given.Users[0].PasswordHash: password},
		Attach: []seed.Attachment{attachment(t, "cache=redis://:hush@192.0.2.1:7")},
	})
	defer shut(t, n)
	text := dumpText(t, n)
	read, err := seed.Parse("dump", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	empty := seed.Seed{}
	for _, next := range []*seed.Seed{&empty, read} { // the node holds none of the passwords in between
		if err := n.Load(t.Context(), next); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"seeded", "cache"} {
		if db := attached(t, n, name); db.Redis.Password != "hush" || db.DataPlane != database.Attached {
			t.Errorf("%+v", db)
		}
	}
	if again := dumpText(t, n); again != text {
		t.Errorf("the dump is\n%s\nand was\n%s", again, text)
	}
	i := slices.IndexFunc(read.Databases, func(db *database.Database) bool { return db.Name == "cache" })
	read.Databases[i].Redis.TLS = true
	if err := n.Load(t.Context(), read); err != nil {
		t.Fatal(err)
	}
	if db := attached(t, n, "cache"); db.Redis.Password != "" {
		t.Error("a Redis that is reached another way gets the password")
	}
}
