package conform

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/contract"
)

const uidSays = "The database's uid, a decimal number without sign or leading zeros."

// uidCases spell the uid of a database as no server may read it.
func (r *run) uidCases() (all []testCase) {
	for _, op := range r.contract.Operations {
		if strings.Contains(op.Path, "/bdbs/{uid}") {
			all = append(all, hostileCases(op)...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(hostileModules)) {
		all = append(all, testCase{name: "a uid " + name, operation: opGetModule, status: 400, says: "32 hexadecimal digits", reads: true, do: func(t *trial) error {
			q := t.to(opGetModule)
			q.path = "/v1/modules/" + hostileModules[name]
			return t.refusesPath(q)
		}})
	}
	return append(all, testCase{
		name: "a uid that is percent-encoded", operation: opGet, status: 200, needs: []need{aDatabase}, reads: true, says: uidSays, do: (*trial).getsEncoded,
	})
}

// hostileCases are those of one operation. A DELETE is about a database that does not exist, in case the server takes it.
func hostileCases(op *contract.Operation) (all []testCase) {
	needs := []need{ownDatabase}
	if reads(op) {
		needs = []need{aDatabase}
	}
	for _, hostile := range hostileUIDs {
		all = append(all, testCase{
			name: "a uid with " + hostile.name, operation: op.ID, status: 400, says: uidSays, needs: needs, reads: reads(op), open: "no page says which spellings of a uid are taken", do: unchanged(func(t *trial) error {
				q, uid := t.to(op.ID), t.uid
				if op.ID == opDelete {
					uid = t.absent
				}
				q.path = strings.Replace(op.Path, "{uid}", hostile.spell(uid), 1)
				return t.refusesPath(q)
			}),
		})
	}
	return all
}

// getsEncoded asks for the database with each digit of its uid encoded.
func (t *trial) getsEncoded() error {
	q := t.to(opGet)
	q.path = "/v1/bdbs/"
	for _, digit := range strconv.Itoa(t.uid) {
		q.path += fmt.Sprintf("%%%X", digit)
	}
	o, err := t.object(q)
	if err == nil {
		err = o.has(object{"uid": t.uid}, "the answer has")
	}
	return err
}

var hostileModules = map[string]string{
	"in upper case":              strings.ToUpper(bundledModule),
	"one digit short":            bundledModule[1:],
	"one digit long":             bundledModule + "0",
	"with a letter":              bundledModule[1:] + "g",
	"of dots":                    "%2E%2E",
	"with digits of another one": bundledModule[1:] + "%D9%A1",
}

// refusesPath holds that a path is refused which names nothing. A cluster may not know the route, or not find the thing.
func (t *trial) refusesPath(q request) error {
	if t.ours {
		return t.refuses(400, api.ErrorCodeParamError, q)
	}
	x, err := t.exchange(q)
	if err == nil && x.status != 400 && x.status != 404 {
		err = broken("it answers %d, expected 400 or 404", x.status)
	}
	return err
}

// methodCases ask each path for its methods.
func methodCases() (all []testCase) {
	for _, path := range []string{
		"/v1/bdbs", "/v1/bdbs/{uid}", "/v1/bdbs/{uid}/actions/import", "/v1/bdbs/{uid}/actions/import_reset_status", "/v1/bdbs/{uid}/availability", "/v1/local/bdbs/{uid}/endpoint/availability", "/v1/modules", "/v1/modules/{uid}",
	} {
		all = append(all, testCase{
			name: "OPTIONS " + path, operation: otherPaths, needs: []need{aDatabase}, says: "OPTIONS names the methods of a path, without credentials.",
			do: func(t *trial) error { return t.hasMethods(path) },
		}, testCase{
			name: "variants of the method of " + path, operation: otherPaths, status: http.StatusMethodNotAllowed, needs: []need{aDatabase},
			do: func(t *trial) error { return t.triesMethods(path) },
		})
	}
	return all
}

// at returns a path for a uid, which is the case's database or a module.
func (t *trial) at(template string) string {
	uid := strconv.Itoa(t.uid)
	if strings.HasPrefix(template, "/v1/modules") {
		uid = bundledModule
	}
	return strings.Replace(template, "{uid}", uid, 1)
}

// triesMethods sends each method that a path does not take.
func (t *trial) triesMethods(path string) error {
	if !t.door.all {
		return unmet("a wrong method might change something: run it with the controls of reimport")
	}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if op, _ := t.contract.Find(method, t.at(path)); op != nil {
			continue
		}
		if err := t.refuses(http.StatusMethodNotAllowed, api.ErrorCodeMethodNotAllowed, request{method: method, path: t.at(path)}); err != nil {
			return err
		}
		t.tried = append(t.tried, fmt.Sprintf("%s: %d", method, http.StatusMethodNotAllowed))
	}
	return nil
}

func (t *trial) hasMethods(path string) error {
	q := request{method: http.MethodOptions, path: t.at(path), as: func(r *http.Request) { r.Header.Del("Authorization") }}
	x, err := t.exchange(q)
	if err != nil {
		return err
	}
	if x.status/100 != 2 {
		return broken("it answers %d, expected a success", x.status)
	}
	allowed := methodsIn(x.header)
	for _, op := range t.contract.Operations {
		if op.Path == path && !slices.Contains(allowed, op.Method) {
			return broken("Allow is %q and lacks %s", x.header.Get("Allow"), op.Method)
		}
	}
	return nil
}

func methodsIn(header http.Header) []string {
	return strings.FieldsFunc(strings.Join(header.Values("Allow"), ","), func(r rune) bool { return r == ',' || r == ' ' })
}

// routeCases call what clients call and Redis Software does not have.
func routeCases() (all []testCase) {
	const says = "A call that no version of Redis Software has stays 404, so that the caller sees the mistake."
	for _, route := range absent {
		method, path, _ := strings.Cut(route, " ")
		all = append(all, testCase{
			name: "no " + strings.ReplaceAll(route, "{}", "{uid}"), operation: otherPaths, status: 404, says: says, needs: []need{aDatabase}, reads: method == http.MethodGet,
			do: func(t *trial) error { return t.lacks(method, strings.ReplaceAll(path, "{}", strconv.Itoa(t.uid))) },
		})
	}
	for _, path := range []string{"/v1/bdbs/", "/v1/bdbs//", "/v1/bdbs/1/", "/v1/bdbs/1/x", "/v1/modules/", "/v2/bdbs/1", "/v1/", "/v1/bdbs/1%2Factions"} {
		all = append(all, testCase{name: "no GET " + path, operation: otherPaths, status: 404, says: says, needs: []need{}, reads: true, do: func(t *trial) error {
			x, err := t.exchange(request{path: path})
			if err == nil && (x.status == 200 && t.ours || x.status >= 500) {
				err = broken("it answers %d, expected 404", x.status)
			}
			return err
		}})
	}
	return all
}

// lacks holds that the server has no such call. A call that would change something is not made on a cluster: OPTIONS names
// the methods that a path takes.
func (t *trial) lacks(method, path string) error {
	q := request{method: method, path: path}
	if method != http.MethodGet && !t.door.all {
		q.method = http.MethodOptions
	}
	x, err := t.exchange(q)
	switch {
	case err != nil:
		return err
	case x.status == http.StatusNotFound, x.status == http.StatusMethodNotAllowed && !t.ours:
		return nil
	case q.method != method && !slices.Contains(methodsIn(x.header), method):
		return nil
	}
	return broken("it answers %d, expected 404", x.status)
}
