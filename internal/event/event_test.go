package event_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/event"
)

// TestLines holds the lines that operators search and machines read.
func TestLines(t *testing.T) {
	offset, broken := int64(0), errors.New("broken")
	request := event.Request{
		Identity: event.Identity{RequestID: "A-1", User: "a@b"}, Method: "GET", Path: "/v1/bdbs", Status: 200, Took: time.Microsecond, Remote: "127.0.0.1:1",
	}
	anonymous, failed := request, request
	anonymous.User, anonymous.Status = "", 401
	failed.Status, failed.Err = 500, broken
	unavailable := failed
	unavailable.Status, unavailable.Err = 503, nil
	for _, c := range []struct {
		event event.Event
		want  string
	}{
		{&request, `"INFO","msg":"request","id":"A-1","method":"GET","path":"/v1/bdbs","status":200,"took":1000,"remote":"127.0.0.1:1","user":"a@b"`},
		{&anonymous, `"INFO","msg":"request","id":"A-1","method":"GET","path":"/v1/bdbs","status":401,"took":1000,"remote":"127.0.0.1:1","user":null`},
		{&failed, `"ERROR","msg":"request","id":"A-1","method":"GET","path":"/v1/bdbs","status":500,"took":1000,"remote":"127.0.0.1:1","user":"a@b","error":"broken"`},
		{&unavailable, `"ERROR","msg":"request","id":"A-1","method":"GET","path":"/v1/bdbs","status":503,"took":1000,"remote":"127.0.0.1:1","user":"a@b","error":null`},
		{event.Transport{Text: "TLS handshake"}, `"WARN","msg":"TLS handshake"`},
		{event.SeedLeftOut{Present: 3}, `"WARN","msg":"the data directory has databases already: those of the seed are left out","present":3`},
		{event.ClusterReplaced{Databases: 2}, `"INFO","msg":"all databases, users and modules have been replaced","databases":2`},
		{event.ControlFailed{Method: "POST", Path: "/reset", Err: broken}, `"ERROR","msg":"control failed","method":"POST","path":"/reset","error":"broken"`},
		{
			event.ImportSucceeded{UID: 1, Run: "r", Files: 2, Keys: 3, Expired: 4, Empty: 5, Bytes: 6, Duration: 7, Load: 8, KeysPerSecond: 9},
			`"INFO","msg":"import succeeded","uid":1,"run":"r","files":2,"keys":3,"expired":4,"empty":5,"bytes":6,"duration":7,"load":8,"keys_per_second":9`,
		},
		{
			event.ImportChecked{UID: 1, Run: "r", Files: 2, Keys: 3, Expired: 4, Empty: 5, Bytes: 6, Memory: 7, Duration: 8},
			`"INFO","msg":"import has checked its files","uid":1,"run":"r","files":2,"keys":3,"expired":4,"empty":5,"bytes":6,"memory":7,"duration":8`,
		},
		{
			event.ImportChecked{UID: 1, Run: "r", Files: 2, ModuleAux: 3},
			`"WARN","msg":"import has checked its files: what modules keep in them beside the keys will be left out","uid":1,"run":"r","files":2,"keys":0,"expired":0,"empty":0,"bytes":0,"memory":0,"duration":0,"module_aux":3`,
		},
		{
			event.ImportProgress{UID: 1, Run: "r", Percent: 12.345, Keys: 2, TotalKeys: 3, KeysPerSecond: 4, Left: 5},
			`"INFO","msg":"import loads","uid":1,"run":"r","percent":12.3,"keys":2,"total_keys":3,"keys_per_second":4,"left":5`,
		},
		{
			event.ImportInterrupted{UID: 1, Run: "r", Loss: 2, Err: broken},
			`"WARN","msg":"import has lost its database: once that can be reached, it loads again from the beginning","uid":1,"run":"r","loss":2,"error":"broken"`,
		},
		{event.ImportErased{UID: 1, Run: "r"}, `"WARN","msg":"what the failed import has left is erased: the database is empty","uid":1,"run":"r"`},
		{
			event.ImportErased{UID: 1, Run: "r", Err: broken},
			`"WARN","msg":"what the failed import has left could not be erased: the database is not active before it is","uid":1,"run":"r","error":"broken"`,
		},
		{
			event.ImportFailed{UID: 1, Run: "r", Reason: "file-corrupted", Source: "/a.rdb", Offset: &offset, Err: broken},
			`"WARN","msg":"import failed","uid":1,"run":"r","reason":"file-corrupted","source":"/a.rdb","offset":0,"error":"broken"`,
		},
		{
			event.ImportFailed{UID: 1, Run: "r", Reason: "general-error", Ours: true, Stack: "s", Err: broken},
			`"ERROR","msg":"import failed","uid":1,"run":"r","reason":"general-error","stack":"s","error":"broken"`,
		},
		{event.RunNotRecorded{Operation: "import", UID: 1, Run: "r", Err: broken}, `"ERROR","msg":"import failed, and its record could not be changed","uid":1,"run":"r","error":"broken"`},
		{event.RunDropped{Operation: "import", UID: 1, Run: "r", Err: broken}, `"WARN","msg":"import dropped: its record is gone or belongs to another run","uid":1,"run":"r","error":"broken"`},
		{event.RunRecovered{Operation: "import", UID: 1, Run: "r", Reason: "general-error"}, `"WARN","msg":"import ended: the process that ran it is gone","uid":1,"run":"r","reason":"general-error"`},
		{event.ImportOverruled{UID: 1, Run: "r", Err: broken}, `"WARN","msg":"import goes on although its files cannot be loaded, as its script says","uid":1,"run":"r","error":"broken"`},
		{
			event.ImportScripted{UID: 1, Run: "r", Outcome: "succeeded", Pace: "timed"},
			`"INFO","msg":"import follows its script: nothing is loaded","uid":1,"run":"r","outcome":"succeeded","pace":"timed"`,
		},
		{
			event.ImportSimulated{UID: 1, Keys: 2, Libraries: 3, Bytes: 4},
			`"INFO","msg":"this database is simulated: the dump was read to its end and nothing was loaded","uid":1,"keys":2,"libraries":3,"bytes":4`,
		},
		{event.DatabaseReady{UID: 1, DataPlane: "local", Host: "127.0.0.1", Port: 7}, `"INFO","msg":"database is active","uid":1,"data_plane":"local","host":"127.0.0.1","port":7`},
		{event.CreationFailed{UID: 1, Err: broken}, `"ERROR","msg":"creation of a database failed: its Redis does not start","uid":1,"error":"broken"`},
		{event.DatabaseMissing{UID: 1, Lost: true, Err: broken}, `"WARN","msg":"the Redis of a database is lost","uid":1,"error":"broken"`},
		{event.DatabaseMissing{UID: 1, Err: broken}, `"WARN","msg":"the Redis of a database cannot be had so far","uid":1,"error":"broken"`},
		{event.DatabaseErased{UID: 1}, `"WARN","msg":"the database is empty now: it held a part of an import that failed","uid":1`},
		{event.DatabaseRemoved{UID: 1, DataPlane: "local"}, `"INFO","msg":"database is gone","uid":1,"data_plane":"local"`},
		{event.DatabaseNotRemoved{UID: 1, Err: broken}, `"ERROR","msg":"a database cannot be removed so far","uid":1,"error":"broken"`},
		{event.RedisAdopted{UID: 1, PID: 2}, `"INFO","msg":"a Redis from before this start runs still, and goes on","uid":1,"pid":2`},
		{event.SettingRefused{UID: 1, Setting: "port", Err: broken}, `"WARN","msg":"the Redis of a database refuses a setting","uid":1,"setting":"port","error":"broken"`},
		{
			event.DataPlaneChosen{DataPlane: "simulated", Why: broken, Simulated: 1, Local: 2, Attached: 3},
			`"INFO","msg":"new databases are simulated: imports into them are checked and not loaded","simulated":1,"local":2,"attached":3,"why":"broken"`,
		},
		{
			event.DataPlaneChosen{DataPlane: "local", Program: "/p"},
			`"INFO","msg":"new databases get a Redis on this machine","simulated":0,"local":0,"attached":0,"program":"/p"`,
		},
		{
			event.FaultStruck{Fault: "f", Operation: "getBDB", UID: 1, Remote: "127.0.0.1:1", Delay: 2, Status: 409},
			`"WARN","msg":"a fault strikes a request, as the controls say","fault":"f","operation":"getBDB","uid":1,"remote":"127.0.0.1:1","delay":2,"status":409`,
		},
		{
			event.FaultStruck{Fault: "f", Operation: "listBDBs", Remote: "127.0.0.1:1", Close: "body"},
			`"WARN","msg":"a fault strikes a request, as the controls say","fault":"f","operation":"listBDBs","uid":0,"remote":"127.0.0.1:1","close":"body"`,
		},
	} {
		var log bytes.Buffer
		event.Log(slog.New(slog.NewJSONHandler(&log, nil)))(t.Context(), c.event)
		if _, got, _ := strings.Cut(log.String(), `"level":`); got != c.want+"}\n" {
			t.Errorf("%T\ngot  %swant %s}", c.event, got, c.want)
		}
	}
}

func TestLevel(t *testing.T) {
	var log bytes.Buffer
	sink := event.Log(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})))
	sink(t.Context(), event.ImportSimulated{})
	sink(t.Context(), event.RunDropped{})
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "level=WARN") {
		t.Errorf("the log is %q", &log)
	}
}

func TestIdentity(t *testing.T) {
	if id := event.IdentityOf(t.Context()); id != nil {
		t.Errorf("%+v out of nothing", id)
	}
	id := &event.Identity{RequestID: "A-1"}
	ctx, cancel := context.WithCancel(event.WithIdentity(t.Context(), id))
	defer cancel()
	id.User = "a@b"
	if got := event.IdentityOf(ctx); got != id {
		t.Errorf("got %+v", got)
	}
}
