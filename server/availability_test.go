package server_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

// TestAvailability: whether a database is available follows from its status and from whether it has an endpoint.
func TestAvailability(t *testing.T) {
	f := start(t)
	here := database.Endpoint{Host: "127.0.0.1", Port: 7}
	for i, c := range []struct {
		db   database.Database
		lag  bool
		want int
	}{
		{database.Database{Status: database.Active}, false, 200},
		{database.Database{Status: database.ActiveChangePending}, false, 200},
		{database.Database{Status: database.ImportPending, Import: database.Import{Status: database.ImportInitializing}}, false, 200},
		{database.Database{Status: database.Pending}, false, 200},
		{database.Database{Status: database.CreationFailed}, false, 503},
		{database.Database{Status: database.DeletePending}, false, 503},
		{database.Database{Status: database.Recovery}, false, 503},
		{database.Database{Status: database.Active}, true, 503},
		{database.Database{Status: database.Active, Settings: settings("crdt", "true")}, true, 200},
		{database.Database{Status: database.Active, Settings: settings("crdt", "false")}, true, 503},
		{database.Database{Status: database.Recovery, Settings: settings("crdt", "true")}, true, 503},
		{database.Database{Status: database.Pending, DataPlane: database.Local}, false, 503},
		{database.Database{Status: database.Active, DataPlane: database.Local, Endpoint: here}, false, 200},
		{database.Database{Status: database.Recovery, DataPlane: database.Local, Endpoint: here}, false, 503},
	} {
		c.db.UID, c.db.Name, c.db.Type = 100+i, "x", "redis"
		if err := c.db.Check(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Create(t.Context(), f.store, &c.db); err != nil {
			t.Fatal(err)
		}
		query := map[bool]string{true: "?extend_check=lag&availability_lag_tolerance_ms=5000"}[c.lag]
		for _, form := range []struct{ path, code, description string }{
			{"/v1/bdbs/%d/availability", "bdb_unavailable", "BDB %d is not available"},
			{"/v1/local/bdbs/%d/endpoint/availability", "bdb_endpoint_unavailable", "Local endpoint of BDB %d on node 1 is not available"},
		} {
			r := f.call("GET", fmt.Sprintf(form.path, c.db.UID)+query, "")
			refused := r.StatusCode == 503 && r.errorCode() == form.code && r.description() == fmt.Sprintf(form.description, c.db.UID)
			if r.StatusCode != c.want || c.want == 200 && len(r.body) > 0 || c.want == 503 && !refused {
				t.Errorf("%+v with lag %v: %d %s, want %d", c.db, c.lag, r.StatusCode, r.body, c.want)
			}
		}
	}
}

// TestEndpoints: what a database with a Redis shows of where that is.
func TestEndpoints(t *testing.T) {
	f := start(t)
	for i, c := range []struct {
		at                    database.Endpoint
		addr, dnsName, master string // no endpoint if they are empty
	}{
		{},
		{database.Endpoint{Host: "127.0.0.1", Port: 12000}, "127.0.0.1", "localhost", "localhost:12000"},
		{database.Endpoint{Host: "10.1.2.3", Port: 6379}, "10.1.2.3", "10.1.2.3", "10.1.2.3:6379"},
		{database.Endpoint{Host: "2001:db8::1", Port: 6379}, "2001:db8::1", "2001:db8::1", "[2001:db8::1]:6379"},
		{database.Endpoint{Host: "redis.example.com", Port: 6380}, "redis.example.com", "redis.example.com", "redis.example.com:6380"},
	} {
		uid := 100 + i
		db := database.Database{UID: uid, Name: "x", Type: "redis", Status: database.Active, DataPlane: database.Local, Endpoint: c.at, Settings: settings("proxy_policy", `"all-nodes"`)}
		if _, err := store.Create(t.Context(), f.store, &db); err != nil {
			t.Fatal(err)
		}
		want := []any{map[string]any{
			"addr": []any{c.addr}, "addr_type": "external", "dns_name": c.dnsName, "oss_cluster_api_preferred_endpoint_type": "ip",
			"oss_cluster_api_preferred_ip_type": "internal", "port": c.at.Port, "proxy_policy": "all-nodes", "uid": fmt.Sprint(uid, ":1"),
		}}
		if c.addr == "" {
			want = []any{}
		}
		got := f.get(fmt.Sprint(uid))
		if !equalJSON(got["endpoints"], want) || got["dns_address_master"] != c.master || got["port"] != 0.0 {
			t.Errorf("%+v: shows %v, %v, port %v", c.at, got["endpoints"], got["dns_address_master"], got["port"])
		}
		if !equalJSON(got["reimport"], map[string]any{"data_plane": "local"}) {
			t.Errorf("reimport is %v", got["reimport"])
		}
	}
}

// TestImportKeysAreShown: a database shows how many keys its import has loaded.
func TestImportKeysAreShown(t *testing.T) {
	f := start(t)
	db := database.Database{
		UID: 100, Name: "x", Type: "redis", Status: database.ImportPending, DataPlane: database.Attached, Redis: database.Attachment{Network: "tcp", Addr: "h:1"},
		Import: database.Import{Status: database.ImportImporting, Load: database.Load{Keys: 4, TotalKeys: 5, KeysPerSecond: 3, SecondsLeft: 2}},
	}
	if _, err := store.Create(t.Context(), f.store, &db); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"data_plane": "attached", "import_keys": 4, "import_total_keys": 5, "import_keys_per_second": 3, "import_seconds_left": 2}
	if got := f.get("100")["reimport"]; !equalJSON(got, want) {
		t.Errorf("got %v", got)
	}
}

func settings(name, value string) map[string]json.RawMessage {
	return map[string]json.RawMessage{name: json.RawMessage(value)}
}
