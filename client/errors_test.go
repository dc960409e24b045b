package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
)

func TestErrorsByStatusAndCode(t *testing.T) {
	for _, tt := range []struct {
		status int
		code   string
		want   error
	}{
		{400, "param_error", client.ErrInvalid},
		{400, "invalid_schema", client.ErrInvalid},
		{400, "missing_field", client.ErrInvalid},
		{400, "a_cluster's_own", client.ErrInvalid},
		{401, "unauthorized", client.ErrUnauthorized},
		{401, "password_expired", client.ErrUnauthorized},
		{403, "unauthorized_action", client.ErrForbidden},
		{404, "db_not_exist", client.ErrNotFound},
		{404, "db_not_found", client.ErrNotFound},
		{404, "module_not_exist", client.ErrNotFound},
		{404, "not_found", client.ErrNoSuchPath},
		{405, "method_not_allowed", client.ErrMethodNotAllowed},
		{406, "unsupported_module_capabilities", client.ErrUnsupportedModule},
		{406, "missing_db_name", client.ErrInvalid},
		{406, "missing_memory_size", client.ErrInvalid},
		{406, "missing_module", client.ErrInvalid},
		{406, "missing_backup_interval", client.ErrInvalid},
		{406, "invalid_version", client.ErrInvalid},
		{409, "busy", client.ErrBusy},
		{409, "uid_exists", client.ErrUIDExists},
		{409, "db_conflict", client.ErrBusy},
		{413, "request_too_large", client.ErrTooLarge},
		{429, "", client.ErrRateLimited},
		{431, "", client.ErrTooLarge},
		{500, "internal_error", client.ErrInternal},
		{502, "", client.ErrUnavailable},
		{503, "bdb_unavailable", client.ErrUnavailable},
		{503, "bdb_unavailable", client.ErrDatabaseUnavailable},
		{503, "bdb_unavailable_shard_unreachable_port_unbound", client.ErrDatabaseUnavailable},
		{503, "bdb_endpoint_unavailable", client.ErrDatabaseUnavailable},
		{504, "", client.ErrUnavailable},
		{201, "", client.ErrUnexpectedStatus},
		{202, "", client.ErrUnexpectedStatus},
		{302, "", client.ErrUnexpectedStatus},
		{418, "busy", client.ErrUnexpectedStatus},
	} {
		c := serve(t, answer(tt.status, `{"error_code":"`+tt.code+`","description":"why"}`))
		_, err := c.GetDatabase(t.Context(), 1)
		var answer *client.Error
		if !errors.Is(err, tt.want) || !errors.As(err, &answer) || answer.Status != tt.status || answer.Code != tt.code {
			t.Errorf("%d %s: got %v, want %v", tt.status, tt.code, err, tt.want)
		}
	}
	_, err := serve(t, answer(http.StatusNoContent, "")).DeleteDatabase(t.Context(), 1)
	if !errors.Is(err, client.ErrUnexpectedStatus) {
		t.Errorf("204: %v, want ErrUnexpectedStatus", err)
	}
}

func TestErrorBodies(t *testing.T) {
	for name, tt := range map[string]struct{ body, code, description, text string }{
		"description":        {`{"description":"no such","error_code":"db_not_exist"}`, "db_not_exist", "no such", "no such (404 db_not_exist)"},
		"message":            {`{"error_code":"db_not_exist","message":"no such"}`, "db_not_exist", "no such", "no such (404 db_not_exist)"},
		"error_message":      {`{"error_code":"x","error_message":"no such"}`, "x", "no such", "no such (404 x)"},
		"with more keys":     {`{"cluster_name":"c","error_code":"x","description":"no such","timestamp":1}`, "x", "no such", "no such (404 x)"},
		"code that is a sum": {`{"error_code":7,"description":"no such"}`, "", "no such", "no such (404)"},
		"empty object":       {`{}`, "", "", "there is no such thing (404)"},
		"nothing":            {``, "", "", "there is no such thing (404)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := serve(t, answer(404, tt.body)).GetDatabase(t.Context(), 1)
			var answer *client.Error
			if !errors.As(err, &answer) || !errors.Is(err, client.ErrNotFound) || errors.Is(err, client.ErrNoSuchPath) {
				t.Fatalf("got %v, want ErrNotFound", err)
			}
			if answer.Code != tt.code || answer.Description != tt.description || string(answer.Body) != tt.body || err.Error() != "get database 1: "+tt.text {
				t.Errorf("got %q: %+v", err, answer)
			}
		})
	}
}

// TestWrongPath distinguishes an address that is not the API's from a database that does not exist.
func TestWrongPath(t *testing.T) {
	for name, body := range map[string]string{
		"code":              `{"error_code":"not_found","description":"there is nothing at this path"}`,
		"page":              `<html>Not Found</html>`,
		"text":              `404 page not found`,
		"list":              `["no such"]`,
		"another API":       `{"kind":"Status","message":"404 page not found","code":404}`,
		"another framework": `{"detail":"Not Found"}`,
	} {
		c := serve(t, answer(404, body))
		for call, err := range map[string]error{
			"get database": second(c.GetDatabase(t.Context(), 1)), "reset": c.ResetImportStatus(t.Context(), 1),
			"list": second(c.ListDatabases(t.Context())), "do": c.Do(t.Context(), "GET", "/v1/nodes/7", nil, nil),
		} {
			if !errors.Is(err, client.ErrNoSuchPath) || errors.Is(err, client.ErrNotFound) {
				t.Errorf("%s, %s: got %v, want ErrNoSuchPath", call, name, err)
			}
		}
	}
	for _, body := range []string{"", "{}"} {
		c := serve(t, answer(404, body))
		for call, err := range map[string]error{
			"list": second(c.ListDatabases(t.Context())), "modules": second(c.ListModules(t.Context())),
			"create": second(c.CreateDatabaseJSON(t.Context(), []byte("{}"))), "do": c.Do(t.Context(), "GET", "/v1/cluster", nil, nil),
		} {
			if !errors.Is(err, client.ErrNoSuchPath) {
				t.Errorf("%s, %q: got %v, want ErrNoSuchPath: the path names no thing", call, body, err)
			}
		}
	}
	c := serve(t, answer(404, `{"error_code":"action_not_found","description":"Action a1 does not exist"}`))
	if err := c.Do(t.Context(), "GET", "/v1/actions/a1", nil, nil); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("a cluster's own code: got %v, want ErrNotFound", err)
	}
}

// TestErrorsNameTheCall looks at an error of the server, one of the network and one of the answer's body, by every method.
func TestErrorsNameTheCall(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	refusing, babbling := serve(t, answer(403, "")), serve(t, answer(200, "<html>"))
	for name, call := range map[string]func(*client.Client) error{
		"list databases":                     func(c *client.Client) error { return second(c.ListDatabases(t.Context())) },
		"get database 99":                    func(c *client.Client) error { return second(c.GetDatabase(t.Context(), 99)) },
		"create database":                    func(c *client.Client) error { return second(c.CreateDatabase(t.Context(), api.BDBCreate{})) },
		"update database 99":                 func(c *client.Client) error { return second(c.UpdateDatabase(t.Context(), 99, api.BDBUpdate{})) },
		"delete database 99":                 func(c *client.Client) error { return second(c.DeleteDatabase(t.Context(), 99)) },
		"get import status of database 99":   func(c *client.Client) error { return second(c.ImportStatus(t.Context(), 99)) },
		"start import into database 99":      func(c *client.Client) error { return c.StartImport(t.Context(), 99) },
		"reset import status of database 99": func(c *client.Client) error { return c.ResetImportStatus(t.Context(), 99) },
		"list modules":                       func(c *client.Client) error { return second(c.ListModules(t.Context())) },
		"get module \"" + bloom + "\"":       func(c *client.Client) error { return second(c.GetModule(t.Context(), bloom)) },
		"PUT /v1/nodes/1":                    func(c *client.Client) error { return c.Do(t.Context(), "PUT", "/v1/nodes/1?token=x", nil, nil) },
	} {
		for c, want := range map[*client.Client]string{
			refusing:             ": the user's role does not allow this (403)",
			connect(t, dead.URL): ": no answer from the server at " + strings.TrimPrefix(dead.URL, "http://") + ": dial tcp",
			babbling:             ": the answer is not as described: ",
		} {
			if err := call(c); err == nil || !strings.HasPrefix(err.Error(), name+want) {
				t.Errorf("got %v, want %s%s…", err, name, want)
			}
		}
	}
	_, err := refusing.WaitImport(t.Context(), 99, time.Second, nil)
	if err == nil || err.Error() != "get import status of database 99: the user's role does not allow this (403)" {
		t.Errorf("wait: %v", err)
	}
	if err := refusing.ResetImportStatus(t.Context(), 0); err == nil || err.Error() != "reset import status of database 0: the request is not valid: uid: expected an integer from 1 to 2147483647" {
		t.Errorf("uid 0: %v", err)
	}
}

func TestErrorBodyIsBounded(t *testing.T) {
	_, err := serve(t, answer(500, strings.Repeat("x", 1<<20))).GetDatabase(t.Context(), 1)
	var answer *client.Error
	if !errors.As(err, &answer) || len(answer.Body) != 64<<10 {
		t.Errorf("got %v with %d bytes of body, want 64 KiB", err, len(answer.Body))
	}
}

func TestActionRefusedWithoutCode(t *testing.T) {
	c := serve(t, answer(406, ""))
	for name, err := range map[string]error{
		"reset":  c.ResetImportStatus(t.Context(), 1),
		"import": c.StartImport(t.Context(), 1),
	} {
		if !errors.Is(err, client.ErrUnsupportedModule) {
			t.Errorf("%s: got %v, want ErrUnsupportedModule", name, err)
		}
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	for location, host := range map[string]string{
		"https://10.0.0.7:9443/v1/bdbs/1?token=" + secret: "https://10.0.0.7:9443",
		"/v1/other":    "another path",
		"http://%zz/":  "an address that is not a URL",
		"//elsewhere/": "//elsewhere",
	} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusTemporaryRedirect)
		})
		err := c.ResetImportStatus(t.Context(), 1)
		if !errors.Is(err, client.ErrRedirect) || !errors.Is(err, client.ErrUnexpectedStatus) {
			t.Errorf("%s: got %v, want ErrRedirect", location, err)
		}
		if !strings.Contains(err.Error(), host) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %q, want it to name %s", location, err, host)
		}
	}
}

// second is the error of a call that returns something else too.
func second[T any](_ T, err error) error { return err }

func TestSuccessfulActions(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		want error
	}{
		"nothing":      {"", nil},
		"white space":  {"\r\n", nil},
		"empty object": {"{}", nil},
		"object":       {`{"action_uid":"a","extra":[1]}`, nil},
		"list":         {"[]", client.ErrUnexpectedBody},
		"null":         {"null", client.ErrUnexpectedBody},
		"text":         {`"ok"`, client.ErrUnexpectedBody},
		"page":         {"<html>Please sign in</html>", client.ErrUnexpectedBody},
	} {
		c := serve(t, answer(200, tt.body))
		for verb, err := range map[string]error{
			"reset":  c.ResetImportStatus(t.Context(), 1),
			"import": c.StartImport(t.Context(), 1),
			"delete": second(c.DeleteDatabase(t.Context(), 1)),
		} {
			if !errors.Is(err, tt.want) {
				t.Errorf("%s answered with %s: got %v, want %v", verb, name, err, tt.want)
			}
		}
	}
}
