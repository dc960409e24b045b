package conform

import (
	"net/http"
	"slices"
	"strings"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/contract"
)

// absent are routes that clients have been seen to call and that no version of Redis Software has.
var absent = []string{
	"POST /v1/bdbs/{}/import",
	"POST /v1/bdbs/{}/actions/backup", "POST /v1/bdbs/{}/actions/restore", "POST /v1/bdbs/{}/actions/upgrade",
	"POST /v1/bdbs/{}/actions/start", "POST /v1/bdbs/{}/actions/stop", "POST /v1/bdbs/{}/actions/restart",
	"GET /v1/bdbs/{}/alert_settings", "PUT /v1/bdbs/{}/alert_settings", "GET /v1/bdbs/{}/endpoints",
	"GET /v1/endpoints", "GET /v1/endpoints/{}", "GET /v1/roles/builtin", "GET /v1/license/usage", "POST /v1/license/validate",
	"GET /v1/cluster/alert_settings", "PUT /v1/cluster/alert_settings", "GET /v1/cluster/settings", "GET /v1/cluster/topology",
	"DELETE /v1/actions/{}", "POST /v1/migrations", "POST /v1/migrations/{}", "GET /v1/diagnostics/checks", "GET /v1/diagnostics/last",
	"GET /v1/diagnostics/reports", "POST /v1/bootstrap", "GET /v1/boostrap",
}

// elsewhere are the beginnings of paths that Redis Software has and the contract does not.
var elsewhere = []string{
	"/v1/actions", "/v1/bootstrap", "/v1/cluster", "/v1/cm_settings", "/v1/crdb_tasks", "/v1/crdbs", "/v1/debuginfo", "/v1/diagnostics",
	"/v1/job_scheduler", "/v1/jsonschema", "/v1/ldap_mappings", "/v1/license", "/v1/local", "/v1/logs", "/v1/metrics_config",
	"/v1/migrations", "/v1/nodes", "/v1/ocsp", "/v1/proxies", "/v1/redis_acls", "/v1/roles", "/v1/services", "/v1/shards", "/v1/suffix",
	"/v1/suffixes", "/v1/usage_report", "/v1/users", "/v2/actions", "/v2/bdbs", "/v2/modules", "/v4/cluster", "/v4/db",
	"/v1/bdbs/alerts", "/v1/bdbs/certificates", "/v1/bdbs/crdt_sources", "/v1/bdbs/replica_sources", "/v1/bdbs/stats",
	"/v1/bdbs/{}/actions/backup_reset_status", "/v1/bdbs/{}/actions/export", "/v1/bdbs/{}/actions/export_reset_status",
	"/v1/bdbs/{}/actions/optimize_shards_placement", "/v1/bdbs/{}/actions/rebalance", "/v1/bdbs/{}/actions/recover",
	"/v1/bdbs/{}/actions/recover_replica", "/v1/bdbs/{}/actions/revamp", "/v1/bdbs/{}/certificates",
	"/v1/bdbs/{}/command", "/v1/bdbs/{}/flush", "/v1/bdbs/{}/modules", "/v1/bdbs/{}/passwords", "/v1/bdbs/{}/peer_stats",
	"/v1/bdbs/{}/reset_admin_pass", "/v1/bdbs/{}/shards", "/v1/bdbs/{}/sync_source_stats", "/v1/bdbs/{}/syncer_state", "/v1/bdbs/{}/upgrade",
}

// checkRoute says what is wrong with a method and path that the contract does not have.
func checkRoute(c *contract.Contract, r *http.Request) Findings {
	path := r.URL.EscapedPath()
	p := newCheck(r.Method+" "+shortened(path), Request)
	p.code = api.ErrorCodeParamError
	methods := methodsOf(c, path)
	switch {
	case r.Method == http.MethodOptions && methods != nil:
	case isAbsent(r.Method, path):
		p.add("path", "a call that Redis Software has", "one that no version of it has, it answers 404", "", false)
	case methods != nil:
		p.add("method", "one of "+strings.Join(methods, ", "), shortened(r.Method), "", false)
	case slices.ContainsFunc(elsewhere, func(begin string) bool { return matches(begin, path, false) }):
		p.add("path", "one of the contract", "one that Redis Software has beyond it, which is not checked", "", true)
	default:
		p.add("path", "one of the contract", "another", "", false)
	}
	return p.findings()
}

func methodsOf(c *contract.Contract, path string) []string {
	var methods []string
	for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodPost, http.MethodPut} {
		if op, _ := c.Find(method, path); op != nil {
			methods = append(methods, method)
		}
	}
	return methods
}

func isAbsent(method, path string) bool {
	return slices.ContainsFunc(absent, func(route string) bool {
		m, template, _ := strings.Cut(route, " ")
		return m == method && matches(template, path, true)
	})
}

// matches reports whether a path fits a template, whole or in its beginning. A {} is any one segment.
func matches(template, path string, whole bool) bool {
	want, given := strings.Split(template, "/"), strings.Split(path, "/")
	if len(given) < len(want) || whole && len(given) != len(want) {
		return false
	}
	for i, segment := range want {
		if segment != "{}" && segment != given[i] {
			return false
		}
	}
	return true
}
