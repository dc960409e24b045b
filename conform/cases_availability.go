package conform

import (
	"slices"

	"github.com/reimport/reimport/gen/api"
)

const (
	opAvailable      = "getBDBAvailability"
	opLocalAvailable = "getLocalBDBEndpointAvailability"

	availableSays = "Answers 200 if clients can use the database, as drivers ask before they connect."
	lagSays       = "With `extend_check=lag`, a database that is not Active-Active (`crdt`) is not available"

	localOpen = "the node that answers may not be the one with the endpoint"
	lagOpen   = "no page says what has no lag; the answer on record is of Redis Software 8.0.22"
	stateOpen = "a table of a page has it, and no answer is on record"
)

func availabilityCases() []testCase {
	local := availabilityOf(opLocalAvailable, api.ErrorCodeBDBEndpointUnavailable)
	for i := range local {
		if local[i].status == 200 {
			local[i].open = localOpen
		}
	}
	return append(availabilityOf(opAvailable, api.ErrorCodeBDBUnavailable), local...)
}

func availabilityOf(operation string, code api.ErrorCode) []testCase {
	some := []need{aDatabase}
	return slices.Concat(on(operation, 200,
		testCase{name: "an active database", needs: []need{ownDatabase}, reads: true, do: accepts(operation)},
		testCase{name: "while an import runs", needs: []need{runningImport}, says: "`import-pending`", do: accepts(operation)},
		testCase{name: "while a change is pending", needs: []need{pendingChange}, says: "`active-change-pending`", do: accepts(operation)},
		testCase{name: "it changes nothing", needs: some, reads: true, says: availableSays, do: unchanged(accepts(operation))},
		testCase{name: "HEAD", needs: []need{ownDatabase}, reads: true, says: headSays, do: heads(operation)},
	), on(operation, 503,
		testCase{name: "a database in recovery", needs: []need{lostDatabase}, open: stateOpen, do: unchanged(refuses(operation, 503, code))},
		testCase{name: "the lag of a database that is not Active-Active", needs: []need{freshDatabase}, says: lagSays, open: lagOpen, do: func(t *trial) error {
			q := t.to(operation)
			q.query = "extend_check=lag"
			return t.refuses(503, code, q)
		}},
	), []testCase{{
		name: "no such database", operation: operation, status: 404, reads: true, do: all(absently, refuses(operation, 404, api.ErrorCodeDBNotFound)),
	}})
}
