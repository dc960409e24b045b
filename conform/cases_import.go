package conform

import (
	"net/http"
	"slices"

	"github.com/reimport/reimport/gen/api"
)

const (
	opStart = "startBDBImport"

	startSays  = "Starts an import and answers at once."
	sourceSays = "Sources given here replace those stored with the database; without any, the stored ones are used."
	againSays  = "A new import may start from any status but these first two, without a reset."
	endSays    = "then `succeeded`, or `failed` with an `import_failure_reason`"
	namesSay   = "Names that an operation does not list are refused, in the query and at any depth of the body"
)

func importCases() []testCase {
	failed := shows(object{"status": "active", "import_status": "failed", "import_failure_reason": "download-error"})
	withMember := func(member string) string { return nowhere[:len(nowhere)-1] + ", " + member + "}" }
	return slices.Concat(on(opStart, 200,
		testCase{name: "it is accepted, runs, and ends", needs: []need{ownDatabase}, says: startSays, do: all(accepts(opReset), (*trial).isIdle, accepts(opStart), (*trial).begun, settled)},
		testCase{
			name: "a file that cannot be had ends it as failed", needs: []need{ownDatabase}, says: endSays, open: "no page says which failure has which reason",
			do: all(accepts(opStart), settled, failed),
		},
		testCase{name: "after a failed import, without a reset", needs: []need{failedImport}, says: againSays, do: all(accepts(opStart), settled)},
		testCase{name: "after a reset", needs: []need{failedImport}, says: againSays, do: all(accepts(opReset), accepts(opStart), settled)},
		testCase{name: "with email_notification", needs: []need{ownDatabase}, says: startSays, do: all(acceptsBody(opStart, withMember(`"email_notification": true`)), settled)},
		testCase{
			name: "from stored sources, which GET does not show", needs: []need{freshDatabase}, says: sourceSays,
			do: all(acceptsBody(opUpdate, nowhere), shows(object{"dataset_import_sources": []any{}}), acceptsBody(opStart, "{}"), settled),
		},
	), on(opStart, 400,
		noSources("no body", nil, nil),
		noSources("an empty body", text(""), http.Header{"Content-Type": {jsonType}}),
		noSources("an empty object", text("{}"), nil),
		noSources("null", text("null"), nil),
		testCase{
			name: "a member that is not listed", needs: []need{freshDatabase}, says: namesSay,
			open: "the page says that any other attribute makes the request fail, and not with which status",
			do:   unchanged(refuses(opStart, 400, api.ErrorCodeInvalidSchema, withMember(`"flush": true`))),
		},
	), []testCase{
		refusedUnchanged(opStart, 409, api.ErrorCodeBusy, runningImport).named("while an import runs"),
		refusedUnchanged(opStart, 409, api.ErrorCodeBusy, runningBackup).named("while a backup runs"),
		refusedUnchanged(opStart, 409, api.ErrorCodeBusy, pendingChange).named("while a change is pending"),
		refusedUnchanged(opStart, 406, api.ErrorCodeUnsupportedModuleCapabilities, lackingModule).named("a module lacks backup_restore"),
		absentDatabase(opStart),
	})
}

// begun holds what a database shows right after an import was accepted: that it runs, or has ended already.
func (t *trial) begun() error {
	o, err := t.get()
	if err != nil {
		return err
	}
	switch o["import_status"] {
	case "initializing", "importing":
		return o.has(object{"status": "import-pending", "import_failure_reason": ""}, "while the import runs, GET shows")
	case "failed", "succeeded":
		return o.has(object{"status": "active"}, "after the import, GET shows")
	}
	return broken("after an import was accepted, GET shows import_status %s", inJSON(o["import_status"]))
}

// noSources is an import of a database that has no sources stored, with a body that names none.
func noSources(name string, body *string, header http.Header) testCase {
	return testCase{
		name: "no sources are given or stored, with " + name, needs: []need{freshDatabase}, says: sourceSays, open: "no page says what happens without any source",
		do: unchanged(func(t *trial) error {
			q := t.to(opStart)
			q.body, q.header = body, header
			return t.refuses(400, api.ErrorCodeMissingField, q)
		}),
	}
}
