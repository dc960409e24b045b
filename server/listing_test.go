package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

// add puts n databases behind those that the server has.
func (f *fixture) add(n int) {
	f.t.Helper()
	var modules []database.ModuleRef
	for _, m := range database.Bundled() {
		modules = append(modules, database.ModuleRef{UID: m.UID, Name: m.Name, SemanticVersion: m.SemanticVersion})
	}
	err := f.store.Update(f.t.Context(), func(tx *store.Tx) error {
		for i := range n {
			db := &database.Database{UID: 1000 + i, Name: "sessions", Type: "redis", Status: database.Active, Modules: modules}
			if err := store.Databases.Put(tx, db); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// TestManyDatabases lists more of them than one chunk takes: all are there, in their order. HEAD answers as GET does.
func TestManyDatabases(t *testing.T) {
	f := start(t)
	const n = 3000
	f.add(n)
	for _, path := range []string{"/v1/bdbs?fields=uid,status,type,import_status", "/v1/bdbs?fields=uid"} {
		get, head := f.raw("GET", path, ""), f.raw("HEAD", path, "")
		var list []struct{ UID int }
		if err := json.Unmarshal(get.body, &list); err != nil || len(list) != n+6 {
			t.Fatalf("%s: %v, %d databases", path, err, len(list))
		}
		for i := 1; i < len(list); i++ {
			if list[i].UID <= list[i-1].UID {
				t.Fatalf("%s: %d stands behind %d", path, list[i].UID, list[i-1].UID)
			}
		}
		if head.StatusCode != 200 || head.ContentLength != get.ContentLength || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("%s: HEAD answers %d %v, GET %v", path, head.StatusCode, head.Header, get.Header)
		}
	}
}

// TestFieldsAreOnes: a name that is given again changes nothing, all fields of a database can be named at once, and there is
// an end.
func TestFieldsAreOnes(t *testing.T) {
	f := start(t)
	for _, path := range []string{"/v1/bdbs", "/v1/bdbs/1"} {
		once := f.call("GET", path+"?fields=uid,tags,name", "")
		again := f.call("GET", path+"?fields=name,tags,uid,name,name,tags", "")
		if string(once.body) != string(again.body) || once.StatusCode != 200 {
			t.Errorf("%s: %s\nand %s", path, once.body, again.body)
		}
		var names []string
		for name := range f.contract.doc.Components.Schemas["BDBSettings"].Value.Properties {
			names = append(names, name)
		}
		for _, part := range []string{"BDBFixed", "BDBState"} {
			for name := range f.contract.doc.Components.Schemas[part].Value.Properties {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		all := f.call("GET", path+"?fields="+strings.Join(names, ","), "")
		if whole := f.call("GET", path, ""); len(names) < 170 || string(all.body) != string(whole.body) {
			t.Errorf("%s: all %d fields by name are\n%s\nnot\n%s", path, len(names), all.body, whole.body)
		}
		for n, status := range map[int]int{256: 200, 257: 400, 7000: 400} {
			r := f.call("GET", path+"?fields="+strings.TrimSuffix(strings.Repeat("a,", n), ","), "")
			if r.StatusCode != status || status == 400 && r.description() != "fields: expected a list of 1 to 256 items" {
				t.Errorf("%s with %d names: %d %s", path, n, r.StatusCode, r.body)
			}
		}
	}
}

// TestMembersAreTheTypes decodes a database into the generated type and encodes it again: the text is the same, but for
// the settings, which stand behind the members that the rules know.
func TestMembersAreTheTypes(t *testing.T) {
	f := start(t)
	f.call("POST", "/v1/bdbs", richDatabase)
	f.call("PUT", "/v1/bdbs/50", `{"module_list": [{"module_name": "bf", "module_args": "<a> & \"b\" é"}]}`)
	fields := "?fields=background_op,backup,backup_failure_reason,backup_history,backup_interval,backup_interval_offset,backup_location,backup_progress," +
		"backup_status,created_time,dataset_import_sources,dns_address_master,email_alerts,endpoints,export_failure_reason,export_progress,export_status," +
		"import_failure_reason,import_progress,import_status,last_backup_time,last_changed_time,last_export_time,memory_size,module_list,name,port," +
		"reimport,skip_import_analyze,status,type,uid"
	for _, uid := range []string{"1", "2", "3", "50"} {
		shown := f.call("GET", "/v1/bdbs/"+uid+fields, "").body
		var bdb api.BDB
		if err := json.Unmarshal(shown, &bdb); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(bdb); err != nil || string(again) != string(shown) {
			t.Errorf("%v: %s\nis shown as\n%s", err, again, shown)
		}
		if whole := f.call("GET", "/v1/bdbs/"+uid, "").body; !strings.HasPrefix(string(whole), strings.TrimSuffix(string(shown), "}")) {
			t.Errorf("%s\ndoes not begin with\n%s", whole, shown)
		}
	}
}

// discard is a client that reads all.
type discard struct {
	header http.Header
	status int
	bytes  int64
}

func (d *discard) Header() http.Header { return d.header }

func (d *discard) WriteHeader(status int) { d.status = status }

func (d *discard) Write(p []byte) (int, error) {
	d.bytes += int64(len(p))
	return len(p), nil
}

// BenchmarkListing measures what a listing costs the server without a network.
func BenchmarkListing(b *testing.B) {
	login := "Basic " + base64.StdEncoding.EncodeToString([]byte(admin+":"+password))
	for _, n := range []int{1_000, 100_000} {
		f := benchServer(b)
		f.add(n)
		for _, fields := range []string{"", "?fields=uid,name,import_status"} {
			b.Run(fmt.Sprintf("%d%s", n, fields), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r := httptest.NewRequest("GET", "/v1/bdbs"+fields, nil)
					r.Header.Set("Authorization", login)
					w := &discard{header: http.Header{}}
					if f.Config.Handler.ServeHTTP(w, r); w.status != http.StatusOK {
						b.Fatal(w.status)
					}
					b.SetBytes(w.bytes)
				}
			})
		}
	}
}
