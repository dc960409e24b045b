package conform

import (
	"net/http"
	"strings"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/contract"
)

// sizeCases send more than the contract takes.
func (r *run) sizeCases() (all []testCase) {
	for _, op := range r.contract.Operations {
		large := func(t *trial) request {
			t.uid = t.absent
			q := t.to(op.ID)
			if op.ID == opCreate {
				q.query = "dry_run=true"
			}
			return q
		}
		all = append(all,
			testCase{name: "a body of more than 64 KiB", operation: op.ID, status: 413, needs: append(creates(op), ourLimits), reads: reads(op), do: func(t *trial) error {
				q := large(t)
				q.body = text(strings.Repeat(" ", contract.MaxBody+1))
				return t.refuses(413, api.ErrorCodeRequestTooLarge, q)
			}},
			testCase{name: "a header of more than 16 KiB", operation: op.ID, status: 431, needs: append(creates(op), ourLimits), reads: reads(op), do: func(t *trial) error {
				q := large(t)
				q.header = http.Header{"X-Large": {strings.Repeat("x", 16<<10)}}
				return t.refuses(431, api.ErrorCodeHeadersTooLarge, q)
			}},
		)
	}
	return all
}

// unreachable are the statuses that nothing brings about on demand.
func (r *run) unreachable() (all []testCase) {
	for _, op := range r.contract.Operations {
		for status, why := range map[int]string{
			429: "it takes more logins at once than the suite sends",
			500: "no request makes a sound server fail",
		} {
			all = append(all, testCase{name: http.StatusText(status), operation: op.ID, status: status, reads: true, do: func(*trial) error { return unmet(why) }})
		}
	}
	return all
}
