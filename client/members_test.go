package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
)

// TestOtherMembersMayBeAnything gives all members that a call does not need a value of a random type, in one database of
// several and in one alone. A member that it does need must have the right type.
func TestOtherMembersMayBeAnything(t *testing.T) {
	good := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(cluster(t)), &good); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"module_name", "display_name", "semantic_version", "is_bundled", "capabilities", "description"} {
		good[name] = json.RawMessage(`null`)
	}
	var body atomic.Pointer[string]
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, *body.Load()) }))
	defer srv.Close()
	c := connect(t, srv.URL)

	number, text := json.RawMessage(`1`), json.RawMessage(`"succeeded"`)
	state := map[string]json.RawMessage{"import_status": text, "import_progress": number, "import_failure_reason": text}
	uid := map[string]json.RawMessage{"uid": number}
	calls := map[string]struct {
		call  func(context.Context) error
		needs map[string]json.RawMessage
		list  bool
	}{
		"get":           {func(ctx context.Context) error { return second(c.GetDatabase(ctx, 1)) }, uid, false},
		"list":          {func(ctx context.Context) error { return second(c.ListDatabases(ctx)) }, uid, true},
		"create":        {func(ctx context.Context) error { return second(c.CreateDatabase(ctx, api.BDBCreate{})) }, uid, false},
		"update":        {func(ctx context.Context) error { return second(c.UpdateDatabase(ctx, 1, api.BDBUpdate{})) }, uid, false},
		"delete":        {func(ctx context.Context) error { return second(c.DeleteDatabase(ctx, 1)) }, nil, false},
		"import status": {func(ctx context.Context) error { return second(c.ImportStatus(ctx, 1)) }, state, false},
		"wait":          {func(ctx context.Context) error { return second(c.WaitImport(ctx, 1, time.Second, nil)) }, state, false},
		"wait created":  {func(ctx context.Context) error { return second(c.WaitCreated(ctx, 1, time.Second)) }, uid, false},
		"start":         {func(ctx context.Context) error { return c.StartImport(ctx, 1) }, nil, false},
		"availability":  {func(ctx context.Context) error { return c.CheckAvailability(ctx, 1) }, nil, false},
		"reset":         {func(ctx context.Context) error { return c.ResetImportStatus(ctx, 1) }, nil, false},
		"get module":    {func(ctx context.Context) error { return second(c.GetModule(ctx, bloom)) }, map[string]json.RawMessage{"uid": text}, false},
		"list modules":  {func(ctx context.Context) error { return second(c.ListModules(ctx)) }, map[string]json.RawMessage{"uid": text}, true},
	}
	names := slices.Sorted(maps.Keys(good))
	rapid.Check(t, func(t *rapid.T) {
		drawn := map[string]json.RawMessage{}
		for _, name := range names {
			if value := anyJSON().Draw(t, name); value != nil {
				drawn[name] = value
			}
		}
		for call, tt := range calls {
			object := maps.Clone(drawn)
			maps.Copy(object, tt.needs)
			answer := answered(object, tt.list)
			body.Store(&answer)
			if err := tt.call(t.Context()); err != nil {
				t.Fatalf("%s: %v, from %s", call, err, answer)
			}
			for name, value := range tt.needs {
				object[name] = json.RawMessage(`{}`)
				answer := answered(object, tt.list)
				body.Store(&answer)
				if err := tt.call(t.Context()); !errors.Is(err, client.ErrUnexpectedBody) {
					t.Fatalf("%s: %s is an object: got %v, want ErrUnexpectedBody", call, name, err)
				}
				object[name] = value
			}
		}
	})
}

// answered is the body with the object, the second of three in a list.
func answered(object map[string]json.RawMessage, list bool) string {
	data, _ := json.Marshal(object)
	if list {
		return `[{},` + string(data) + `,{}]`
	}
	return string(data)
}

// anyJSON draws a value, or nil for none.
func anyJSON() *rapid.Generator[json.RawMessage] {
	values := []string{"", `null`, `true`, `-1`, `7`, `1.5`, `1e400`, `9007199254740993`, `""`, `"7"`, `"idle"`, `[]`, `[1,"a"]`, `[null]`, `{}`, `{"uid":"x"}`}
	return rapid.Map(rapid.SampledFrom(values), func(s string) json.RawMessage {
		if s == "" {
			return nil
		}
		return json.RawMessage(s)
	})
}

func TestMembersOfAnotherTypeAreZero(t *testing.T) {
	db, err := serve(t, answer(200, `{"uid":1,"name":5,"status":[],"memory_size":"1GiB","import_status":7,"import_progress":"50"}`)).GetDatabase(t.Context(), 1)
	want := client.Database{UID: 1, Raw: db.Raw, Import: client.ImportState{Status: "7"}}
	if err != nil || db.Name != want.Name || db.Status != want.Status || db.MemorySize != 0 || db.Import != want.Import || !db.Import.Running() {
		t.Errorf("got %+v, %v, want %+v, which nobody takes for idle", db, err, want)
	}
	modules, err := serve(t, answer(200, `[{"uid":"a","module_name":1,"capabilities":["a",1],"is_bundled":"yes"}]`)).ListModules(t.Context())
	if err != nil || len(modules) != 1 || modules[0].Name != "" || len(modules[0].Capabilities) > 0 || modules[0].Bundled {
		t.Errorf("got %+v, %v", modules, err)
	}
	_, err = serve(t, answer(200, `{"import_progress":"50"}`)).ImportStatus(t.Context(), 1)
	if want := "get import status of database 1: the answer is not as described: import_progress: unexpected string"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDelete(t *testing.T) {
	for body, want := range map[string]client.Database{
		"":                                    {UID: 7},
		"{}":                                  {UID: 7, Raw: []byte("{}")},
		`{"uid":7,"status":"delete-pending"}`: {UID: 7, Status: "delete-pending", Raw: []byte(`{"uid":7,"status":"delete-pending"}`)},
		`{"uid":"7"}`:                         {UID: 7, Raw: []byte(`{"uid":"7"}`)},
	} {
		got, err := serve(t, answer(200, body)).DeleteDatabase(t.Context(), 7)
		if err != nil || got.UID != want.UID || got.Status != want.Status || !slices.Equal(got.Raw, want.Raw) {
			t.Errorf("%s: got %+v, %v, want %+v", body, got, err, want)
		}
	}
}
