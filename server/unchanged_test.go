package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/store"
)

const richDatabase = `{"uid": 50, "name": "rich", "memory_size": 1024, "port": 12000, "authentication_redis_pass": "hunter2", "authentication_admin_pass": "hunter3",
	"throughput_ingress": 1.50, "backup": true, "backup_interval": 3600, "backup_interval_offset": 60, "redis_version": "7.4",
	"backup_location": {"type": "s3", "bucket_name": "b", "access_key_id": "k", "secret_access_key": "s"},
	"search": {"big": 9007199254740993, "f": 1.0}, "replica_sources": [{"uri": "redis://u:hunter4@h:1", "uid": 3}],
	"dataset_import_sources": [{"type": "url", "url": "http://u:hunter5@127.0.0.1:1/x"}]}`

// TestWholeAnswerSentBack updates each database with all that GET shows of it, as scripts do: nothing changes.
func TestWholeAnswerSentBack(t *testing.T) {
	for _, shown := range []bool{false, true} {
		t.Run(fmt.Sprintf("credentials shown %v", shown), func(t *testing.T) {
			f := start(t, func(c *node.Config) { c.ShowCredentials = shown })
			if r := f.call("POST", "/v1/bdbs", richDatabase); r.StatusCode != 200 {
				t.Fatalf("%d %s", r.StatusCode, r.body)
			}
			f.clock.advance(time.Hour)
			for uid, want := range map[string]int{"1": 200, "2": 200, "3": 409, "5": 409, "6": 200, "50": 200} {
				before, record := f.call("GET", "/v1/bdbs/"+uid, ""), f.record(t, uid)
				r := f.call("PUT", "/v1/bdbs/"+uid, string(before.body))
				if r.StatusCode != want || want == 200 && string(r.body) != string(before.body) {
					t.Errorf("%s: %d %.200s\nwant %d %.200s", uid, r.StatusCode, r.body, want, before.body)
				}
				if after := f.record(t, uid); !reflect.DeepEqual(record, after) {
					t.Errorf("%s: the record was\n%+v\nand is\n%+v", uid, record, after)
				}
			}
		})
	}
}

func (f *fixture) record(t *testing.T, uid string) *database.Database {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(uid, &n); err != nil {
		t.Fatal(err)
	}
	db, err := store.Get(t.Context(), f.store, store.Databases, n)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// TestBackupWithTheIntervalShown: an interval that GET shows although none is set counts as given beside backup.
func TestBackupWithTheIntervalShown(t *testing.T) {
	f := start(t)
	if r := f.call("PUT", "/v1/bdbs/1", `{"backup": true, "backup_interval": 86400}`); r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	if p := f.record(t, "1").BackupPolicy; !p.Enabled || p.Interval != 86400 {
		t.Errorf("%+v", p)
	}
}

// TestOneMemberChanged sends all of an answer back with one member changed: a setting changes, and a read-only member is
// refused by name.
func TestOneMemberChanged(t *testing.T) {
	f := start(t)
	f.call("POST", "/v1/bdbs", richDatabase)
	whole := f.get("50")
	for name, c := range map[string]struct {
		value       any
		description string
	}{
		"shards_count":        {3, ""},
		"search":              {map[string]any{"big": json.Number("9007199254740992"), "f": 1.0}, ""},
		"uid":                 {51, "uid: read-only, or fixed at creation"},
		"type":                {"memcached", "type: read-only, or fixed at creation"},
		"status":              {"pending", "status: read-only, or fixed at creation"},
		"import_status":       {"idle", "import_status: read-only, or fixed at creation"},
		"import_progress":     {1, "import_progress: read-only, or fixed at creation"},
		"last_changed_time":   {"2020-01-01T00:00:00Z", "last_changed_time: read-only, or fixed at creation"},
		"endpoints":           {[]any{map[string]any{"port": 1}}, "endpoints: read-only, or fixed at creation"},
		"topology_epoch":      {2, "topology_epoch: read-only, or fixed at creation"},
		"no_such_member":      {2, `"no_such_member": expected no such field`},
		"shard_list":          {[]any{2}, "shard_list: read-only, or fixed at creation"},
		"created_time":        {nil, "created_time: read-only, or fixed at creation"},
		"memory_size":         {2048, ""},
		"skip_import_analyze": {"enabled", ""},
	} {
		t.Run(name, func(t *testing.T) {
			body := maps.Clone(whole)
			body[name] = c.value
			data, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			r := f.call("PUT", "/v1/bdbs/50?dry_run", string(data))
			if (r.StatusCode == 200) != (c.description == "") || r.description() != c.description {
				t.Fatalf("%d %s, want %q", r.StatusCode, r.body, c.description)
			}
			var after map[string]any
			want, _ := json.Marshal(c.value)
			if err := json.Unmarshal(r.body, &after); err != nil || c.description == "" && !equalJSON(after[name], json.RawMessage(want)) && name != "search" {
				t.Fatalf("%v: %v, want %s", err, after[name], want)
			}
		})
	}
}

// TestUpdatesAtOnce has two updates of the same settings at once: the database ends as one of them asked for, though each
// has a member that changed nothing when it came.
func TestUpdatesAtOnce(t *testing.T) {
	f := start(t)
	for range 50 {
		f.call("PUT", "/v1/bdbs/1", `{"conns": 1, "max_pipelined": 1}`)
		var wg sync.WaitGroup
		for _, body := range []string{`{"conns": 1, "max_pipelined": 2}`, `{"conns": 3, "max_pipelined": 1}`} {
			wg.Go(func() {
				if r := f.call("PUT", "/v1/bdbs/1", body); r.StatusCode != 200 {
					t.Errorf("%d %s", r.StatusCode, r.body)
				}
			})
		}
		wg.Wait()
		bdb := f.get("1")
		if got := fmt.Sprint(bdb["conns"], bdb["max_pipelined"]); got != "1 2" && got != "3 1" {
			t.Fatalf("neither update asked for %s", got)
		}
	}
}

// TestSecretsSentBack holds what each spelling of a secret does to it.
func TestSecretsSentBack(t *testing.T) {
	f := start(t)
	f.call("POST", "/v1/bdbs", richDatabase)
	password := func() string { return string(f.record(t, "50").Settings["authentication_redis_pass"]) }
	sources := func() int { return len(f.record(t, "50").Import.Sources) }
	for _, c := range []struct {
		body, password string
		sources        int
	}{
		{`{"authentication_redis_pass": ""}`, `"hunter2"`, 1},
		{`{"authentication_redis_pass": "", "conns": 9}`, `"hunter2"`, 1},
		{`{"authentication_redis_pass": "new"}`, `"new"`, 1},
		{`{"dataset_import_sources": []}`, `"new"`, 1},
		{`{"authentication_redis_pass": null}`, `""`, 1},
		{`{"dataset_import_sources": null}`, `""`, 0},
	} {
		if r := f.call("PUT", "/v1/bdbs/50", c.body); r.StatusCode != 200 {
			t.Fatalf("%s: %d %s", c.body, r.StatusCode, r.body)
		}
		if password() != c.password || sources() != c.sources {
			t.Errorf("%s: the password is %s with %d sources, want %s with %d", c.body, password(), sources(), c.password, c.sources)
		}
	}
	if uri := string(f.record(t, "50").Settings["replica_sources"]); uri != `[{"uri": "redis://u:hunter4@h:1", "uid": 3}]` && uri != `[{"uri":"redis://u:hunter4@h:1","uid":3}]` {
		t.Errorf("the replica sources are %s", uri)
	}
}

// TestNewDatabase holds the answer of a creation, and what GET shows, to the contract's example of a new database.
func TestNewDatabase(t *testing.T) {
	f := start(t)
	f.call("POST", "/v1/bdbs", `{"uid": 70, "name": "sessions", "memory_size": 1073741824}`)
	example, err := json.Marshal(f.contract.doc.Components.Examples["NewBDB"].Value.Value)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(example, &want); err != nil {
		t.Fatal(err)
	}
	got := f.get("70")
	// What shows the uid, or follows from it.
	want["uid"], want["dns_address_master"] = 70.0, "localhost:10069"
	endpoint := want["endpoints"].([]any)[0].(map[string]any)
	endpoint["uid"], endpoint["port"] = "70:1", 10069.0
	for name := range want {
		if !equalJSON(got[name], want[name]) {
			t.Errorf("%s is %v, want %v", name, got[name], want[name])
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("the example lacks %s", name)
	}
	for name, value := range map[string]any{
		"crdt_causal_consistency": false, "crdt_config_version": 0, "crdt_ghost_replica_ids": "", "crdt_repl_backlog_size": "auto", "crdt_replica_id": 0,
		"crdt_sync_connection_alarm_timeout_seconds": 0, "crdt_sync_dist": true, "crdt_syncer_auto_oom_unlatch": true, "crdt_xadd_id_uniqueness_mode": "strict",
		"gradual_src_max_sources": 1, "gradual_sync_max_shards_per_source": 1, "oss_cluster_api_preferred_endpoint_type": "ip",
		"oss_cluster_api_preferred_ip_type": "internal", "replica_sync_connection_alarm_timeout_seconds": 0, "replica_sync_dist": true,
		"support_syncer_reconf": true, "sync_dedicated_threads": 5, "syncer_log_level": "info",
	} {
		if !equalJSON(want[name], value) {
			t.Errorf("a recorded cluster shows %s %v, the example %v", name, value, want[name])
		}
	}
}

// TestDeleteShowsTheDatabase holds the answer of a deletion to what clusters were recorded to send.
func TestDeleteShowsTheDatabase(t *testing.T) {
	f := start(t)
	before := f.get("1")
	r := f.call("DELETE", "/v1/bdbs/1", "")
	var deleted map[string]any
	if err := json.Unmarshal(r.body, &deleted); err != nil || r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	before["status"], before["background_op"] = "delete-pending", deleted["background_op"]
	if !reflect.DeepEqual(before, deleted) || !equalJSON(deleted["background_op"], json.RawMessage(`[{"name":"SMDeleteBDB","progress":0,"status":"pending"}]`)) {
		t.Errorf("got %s", r.body)
	}
	if r := f.call("GET", "/v1/bdbs/1", ""); r.StatusCode != 404 {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
}
