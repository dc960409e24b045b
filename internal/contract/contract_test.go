package contract_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/contract"
)

func TestFind(t *testing.T) {
	c, err := contract.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range c.Operations {
		path := strings.ReplaceAll(o.Path, "{uid}", "7%2F8")
		found, params := c.Find(o.Method, path)
		if found != o || c.Operation(o.ID) != o || strings.Contains(o.Path, "{") && !maps.Equal(params, map[string]string{"uid": "7/8"}) {
			t.Errorf("%s %s: found %+v with %v", o.Method, path, found, params)
		}
	}
	for _, row := range []struct{ method, path, want string }{
		{http.MethodHead, "/v1/bdbs/1", "getBDB"},
		{http.MethodHead, "/v1/bdbs/1/actions/import", ""},
		{http.MethodGet, "/v1/bdbs/", ""},
		{http.MethodGet, "/v1/bdbs/1/", ""},
		{http.MethodGet, "/v1/bdbs/%zz", ""},
		{http.MethodPost, "/v1/bdbs/1", ""},
		{http.MethodGet, "/", ""},
		{http.MethodGet, "", ""},
	} {
		found, _ := c.Find(row.method, row.path)
		if (found == nil) != (row.want == "") || found != nil && found.ID != row.want {
			t.Errorf("%s %s: found %+v, want %q", row.method, row.path, found, row.want)
		}
	}
	if c.Operation("") != nil || c.Operation("getBDBs") != nil {
		t.Error("operations that are not in the contract were found")
	}
}
