package docs

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/gen/api"
)

// provocation is a request that the demo cluster refuses, and what it says then.
type provocation struct {
	code    string
	meaning string
	request
	description any // where the contract has no example
}

const reset = "/actions/import_reset_status"

// provocations has every error code of the contract. What it says of the demo's answers is compared with them.
var provocations = []provocation{
	{"bdb_endpoint_unavailable", "The node that was asked has no endpoint of the database that clients can use.",
		request{method: "GET", path: "/v1/local/bdbs/2/endpoint/availability?extend_check=lag"}, nil},
	{"bdb_unavailable", "Clients cannot use the database, or it is not Active-Active and `extend_check=lag` asks for its lag.",
		request{method: "GET", path: "/v1/bdbs/2/availability?extend_check=lag"}, nil},
	{"busy", "An import, an export or a backup of the database runs, or its `status` is not `active`. Try again later.",
		request{method: "PUT", path: "/v1/bdbs/3" + reset}, nil},
	{"cross_origin", "A browser sent the request for a page of another origin.", request{}, nil},
	{"db_not_exist", "There is no database with this uid.", request{method: "PUT", path: "/v1/bdbs/99" + reset}, nil},
	{"db_not_found", "There is no database with this uid, in the words of the operations about availability.",
		request{method: "GET", path: "/v1/bdbs/99/availability"}, nil},
	{"headers_too_large", "The request line and the header are larger than 16 KiB.", request{}, nil},
	{"insufficient_resources", "The cluster has less memory left than the database is to have.",
		request{method: "POST", path: "/v1/bdbs", body: `{"name": "sessions", "memory_size": 9007199254740991}`}, nil},
	{"internal_error", "Something went wrong in the server. Its log says what, under the `X-Request-Id` of the answer.", request{}, nil},
	{"invalid_schema", "The body, or a field of it, is not as described. The answer names the field.",
		request{method: "PUT", path: "/v1/bdbs/2", body: `{"memory_size": "1GB"}`}, nil},
	{"method_not_allowed", "The path is there, and does not take this method.", request{method: "DELETE", path: "/v1/bdbs"}, "this path does not take this method"},
	{"missing_backup_interval", "`backup` is on without a `backup_interval`.",
		request{method: "PUT", path: "/v1/bdbs/2", body: `{"backup": true}`}, nil},
	{"missing_db_name", "A new database needs a name.", request{method: "POST", path: "/v1/bdbs", body: `{"memory_size": 0}`}, nil},
	{"missing_field", "A field that is needed here is left out.",
		request{method: "POST", path: "/v1/bdbs/2/actions/import"}, nil},
	{"missing_memory_size", "A new database needs a memory limit; 0 is none.", request{method: "POST", path: "/v1/bdbs", body: `{"name": "sessions"}`}, nil},
	{"missing_module", "The cluster has no module of this name or version.",
		request{method: "POST", path: "/v1/bdbs", body: `{"name": "sessions", "memory_size": 0, "module_list": [{"module_name": "graph"}]}`}, nil},
	{"module_not_exist", "There is no module with this uid.", request{method: "GET", path: "/v1/modules/ffffffffffffffffffffffffffffffff"}, nil},
	{"not_found", "There is nothing at this path.", request{method: "GET", path: "/v1/nothing"}, "there is nothing at this path"},
	{"param_error", "A parameter of the path or the query is not as described. The answer names it.",
		request{method: "PUT", path: "/v1/bdbs/0" + reset}, nil},
	{"port_unavailable", "Another database of the cluster has the port.", request{}, nil},
	{"request_too_large", "The body is larger than 64 KiB.", request{method: "PUT", path: "/v1/bdbs/1" + reset, body: tooLarge}, nil},
	{"too_many_requests", "Too many logins wait for their passwords to be verified. The header `Retry-After` says when to try again.", request{}, nil},
	{"uid_exists", "Another database has the uid that was asked for.",
		request{method: "POST", path: "/v1/bdbs", body: `{"uid": 2, "name": "sessions", "memory_size": 0}`}, nil},
	{"unauthorized", "The credentials are missing or wrong. Who fails too often is locked out for a while.",
		request{method: "PUT", path: "/v1/bdbs/1" + reset, user: "admin@example.com:wrong"}, nil},
	{"unauthorized_action", "The user's role lacks the operation's permission.",
		request{method: "PUT", path: "/v1/bdbs/1" + reset, user: "viewer@example.com:demo-viewer"}, nil},
	{"unsupported_module_capabilities", "A module of the database lacks the capability `backup_restore`.",
		request{method: "PUT", path: "/v1/bdbs/6" + reset}, nil},
}

// errorCode is what the page says of an error code.
type errorCode struct {
	Code, Meaning, Body string
	Status              int
	Curl                *curl
}

func errorCodes(doc *openapi3.T) ([]errorCode, error) {
	known := doc.Components.Schemas["ErrorCode"].Value.Enum
	if len(known) != len(provocations) {
		return nil, fmt.Errorf("%d error codes in the contract, %d provocations", len(known), len(provocations))
	}
	all := make([]errorCode, len(known))
	said := descriptions(doc)
	for i, p := range provocations {
		if p.code != known[i] {
			return nil, fmt.Errorf("error code %v: its provocation is missing", known[i])
		}
		if said[p.code] != nil {
			p.description = said[p.code]
		}
		status := api.ErrorCode(p.code).Status()
		all[i] = errorCode{Code: p.code, Status: status, Meaning: p.meaning, Body: compact(map[string]any{"error_code": p.code, "description": p.description})}
		if p.method != "" {
			all[i].Curl = &curl{p.code, status, p.line()}
		}
	}
	return all, nil
}

// descriptions are what the contract's examples say with each error code.
func descriptions(doc *openapi3.T) map[string]any {
	all := map[string]any{}
	for _, item := range doc.Paths.Map() {
		for _, o := range item.Operations() {
			for _, r := range o.Responses.Map() {
				for _, e := range examplesOf(r.Value.Content) {
					if object, ok := e.value.(map[string]any); ok && object["error_code"] != nil {
						all[object["error_code"].(string)] = object["description"]
					}
				}
			}
		}
	}
	return all
}
