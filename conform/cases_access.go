package conform

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/contract"
)

// reading are the operations that every role but none has.
func reads(op *contract.Operation) bool { return op.Method == http.MethodGet }

// accessCases are the answers 401 and 403 of all operations. What would change something is sent to a database that does
// not exist, so that a server that lets it through changes nothing.
func (r *run) accessCases() (all []testCase) {
	for _, op := range r.contract.Operations {
		for _, l := range logins {
			all = append(all, testCase{
				name: l.name, operation: op.ID, status: 401, reads: reads(op), needs: creates(op), do: func(t *trial) error {
					t.uid = t.absent
					q := t.to(op.ID)
					q.as = l.as
					return t.refuses(401, api.ErrorCodeUnauthorized, q)
				},
			})
		}
		all = append(all, testCase{
			name: "a user without any permission", operation: op.ID, status: 403, reads: reads(op), needs: append(creates(op), roleNone), do: func(t *trial) error {
				t.uid = t.absent
				return t.refuses(403, api.ErrorCodeUnauthorizedAction, t.to(op.ID))
			},
		})
	}
	const viewing = "a user who may look and change nothing"
	for _, op := range []string{opReset, opStart, opUpdate} {
		all = append(all, refusedUnchanged(op, 403, api.ErrorCodeUnauthorizedAction, failedImport, viewer).named(viewing))
	}
	return append(all, refusedUnchanged(opDelete, 403, api.ErrorCodeUnauthorizedAction, freshDatabase, viewer).named(viewing),
		testCase{name: viewing, operation: opCreate, status: 403, needs: []need{creation, viewer}, do: func(t *trial) error {
			return t.refuses(403, api.ErrorCodeUnauthorizedAction, t.to(opCreate))
		}})
}

// creates is what a case needs that sends a creation.
func creates(op *contract.Operation) []need {
	if op.ID == opCreate {
		return []need{creation}
	}
	return nil
}

// logins are credentials that no server takes. The wrong password is for a name that no user has, and another one each time:
// five failures lock a user out on a cluster.
var logins = []struct {
	name string
	as   func(*http.Request)
}{
	{"without credentials", func(r *http.Request) { r.Header.Del("Authorization") }},
	{"a wrong password", func(r *http.Request) {
		r.SetBasicAuth(fmt.Sprintf("reimport-conform-%s@example.com", strings.ToLower(rand.Text()[:10])), "wrong")
	}},
	{"another scheme", func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "Basic ", "Digest ", 1))
	}},
	{"credentials that are no base64", func(r *http.Request) { r.Header.Set("Authorization", "Basic ?") }},
}
