package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
)

const bloom = "b14385b09778a335835ee3ae380bbc77"

// cluster reads testdata/bdb.json, a database with as many keys as a cluster sends, some unknown to the contract.
func cluster(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile("testdata/bdb.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestDatabaseOfACluster(t *testing.T) {
	body := cluster(t)
	c := serve(t, answer(200, body))
	db, err := c.GetDatabase(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if db.UID != 1 || db.Name != "sessions" || db.Status != api.BDBStatusActive || db.MemorySize != 1<<30 || !db.Import.Idle() {
		t.Errorf("got %+v", db)
	}
	if db.Endpoint != "10.0.0.5:12000" || db.DataPlane != "" || db.Import.ImportLoad != (client.ImportLoad{}) {
		t.Errorf("got %q, %q, %+v", db.Endpoint, db.DataPlane, db.Import.ImportLoad)
	}
	if string(db.Raw) != strings.TrimSpace(body) {
		t.Error("Raw is not what the server sent")
	}
	var keys map[string]any
	again, err := json.Marshal(db)
	if err != nil || json.Unmarshal(again, &keys) != nil || len(keys) < 130 {
		t.Errorf("marshalled again it has %d keys, %v", len(keys), err)
	}
	full, err := db.BDB()
	if err != nil || *full.EvictionPolicy != "volatile-lru" {
		t.Errorf("BDB: %v", err)
	}
}

func TestDatabaseOfReimport(t *testing.T) {
	db, err := serve(t, answer(200, `{"uid":1,"endpoints":[{"addr":["::1"],"port":6379},{"addr":["::2"],"port":1}],"reimport":{"data_plane":"local",
		"import_keys":3,"import_total_keys":9,"import_keys_per_second":2,"import_seconds_left":4}}`)).GetDatabase(t.Context(), 1)
	if err != nil || db.Endpoint != "[::1]:6379" || db.DataPlane != "local" {
		t.Errorf("got %q, %q, %v", db.Endpoint, db.DataPlane, err)
	}
	if want := (client.ImportLoad{Keys: 3, TotalKeys: 9, KeysPerSecond: 2, SecondsLeft: 4}); db.Import.ImportLoad != want {
		t.Errorf("got %+v, want %+v", db.Import.ImportLoad, want)
	}
}

func TestDatabaseWithAnUnknownType(t *testing.T) {
	db, err := serve(t, answer(200, `{"uid":1,"conns":"many","import_status":null}`)).GetDatabase(t.Context(), 1)
	if err != nil || db.UID != 1 || !db.Import.Idle() {
		t.Errorf("got %+v, %v: a field that nobody asked for is in the way", db, err)
	}
	if _, err := db.BDB(); !errors.Is(err, client.ErrUnexpectedBody) {
		t.Errorf("BDB: %v, want ErrUnexpectedBody", err)
	}
}

func TestList(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/modules" {
			fmt.Fprintf(w, `[{"uid":%q,"module_name":"bf","semantic_version":"8.0.1","capabilities":["backup_restore"],"crdb":{}}]`, bloom)
			return
		}
		fmt.Fprint(w, `[{"uid":1,"name":"a","endpoints":[]},{"uid":3,"name":"b","import_status":"failed","import_failure_reason":"file-corrupted"}]`)
	})
	dbs, err := c.ListDatabases(t.Context())
	if err != nil || len(dbs) != 2 || dbs[1].UID != 3 || dbs[1].Import.FailureReason != "file-corrupted" {
		t.Errorf("databases: %+v, %v", dbs, err)
	}
	modules, err := c.ListModules(t.Context())
	if err != nil || len(modules) != 1 || modules[0].Version != "8.0.1" || modules[0].Capabilities[0] != "backup_restore" {
		t.Fatalf("modules: %+v, %v", modules, err)
	}
	if full, err := modules[0].Module(); err != nil || *full.UID != bloom {
		t.Errorf("Module: %+v, %v", full, err)
	}
	if raw, err := json.Marshal(modules[0]); err != nil || !strings.Contains(string(raw), `"crdb":{}`) {
		t.Errorf("marshalled: %s, %v", raw, err)
	}
}

// TestListCutShort: a part of a list is none.
func TestListCutShort(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(http.ResponseWriter)
		want error
	}{
		"connection":   {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, client.ErrNetwork},
		"text":         {func(http.ResponseWriter) {}, client.ErrUnexpectedBody},
		"another item": {func(w http.ResponseWriter) { fmt.Fprint(w, `{"uid":2}]`) }, client.ErrUnexpectedBody},
		"another list": {func(w http.ResponseWriter) { fmt.Fprint(w, `][]`) }, client.ErrUnexpectedBody},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, `[{"uid":1}`)
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
				c.end(w)
			})
			for _, fields := range [][]string{nil, {"uid"}} {
				if dbs, err := server.ListDatabases(t.Context(), fields...); !errors.Is(err, c.want) || dbs != nil {
					t.Errorf("%v and %d databases, want %v", err, len(dbs), c.want)
				}
			}
		})
	}
}

func TestBodiesThatAreNotAsDescribed(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":           "",
		"page":              "<html>",
		"null":              "null",
		"list":              "[1]",
		"null in a list":    "[null]",
		"two objects":       "{}{}",
		"uid that is text":  `{"uid":"one"}`,
		"more than allowed": `{"name":"` + strings.Repeat("x", 16<<20) + `"}`,
	} {
		c := serve(t, answer(200, body))
		if _, err := c.GetDatabase(t.Context(), 1); !errors.Is(err, client.ErrUnexpectedBody) {
			t.Errorf("get, %s: %v, want ErrUnexpectedBody", name, err)
		}
		if _, err := c.GetModule(t.Context(), bloom); name != "uid that is text" && !errors.Is(err, client.ErrUnexpectedBody) {
			t.Errorf("get module, %s: %v, want ErrUnexpectedBody", name, err)
		}
		if _, err := c.ListDatabases(t.Context()); !errors.Is(err, client.ErrUnexpectedBody) {
			t.Errorf("list, %s: %v, want ErrUnexpectedBody", name, err)
		}
	}
}

func TestCreateReturnsTheDatabase(t *testing.T) {
	c := serve(t, answer(200, cluster(t)))
	db, err := c.CreateDatabase(t.Context(), api.BDBCreate{Name: "sessions", MemorySize: 1 << 30})
	if err != nil || db.UID != 1 || len(db.Raw) == 0 {
		t.Errorf("got %+v, %v", db, err)
	}
}
