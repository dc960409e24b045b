package conform

import (
	"fmt"
	"net/http"

	"github.com/reimport/reimport/gen/api"
)

const (
	startSays  = "Starts an import and answers at once."
	sourceSays = "Sources given here replace those stored with the database; without any, the stored ones are used."
	againSays  = "A new import may start from any status but these first two, without a reset."
	endSays    = "then `succeeded`, or `failed` with an `import_failure_reason`"
)

func importCases() []testCase {
	const start = "startBDBImport"
	return []testCase{
		{name: "it is accepted, runs, and ends", operation: start, status: 200, needs: []need{ownDatabase}, says: startSays, do: func(t *trial) error {
			if err := resets(object{"import_status": "idle"})(t); err != nil {
				return err
			}
			if _, err := t.gives(200, t.to(start)); err != nil {
				return err
			}
			if err := t.begun(); err != nil {
				return err
			}
			return t.settle(t.uid)
		}},
		{name: "a file that cannot be had ends it as failed", operation: start, status: 200, needs: []need{ownDatabase}, says: endSays, do: func(t *trial) error {
			if _, err := t.gives(200, t.to(start)); err != nil {
				return err
			}
			if err := t.settle(t.uid); err != nil {
				return err
			}
			return t.shows(object{"status": "active", "import_status": "failed", "import_failure_reason": "download-error"})
		}},
		{name: "after a failed import, without a reset", operation: start, status: 200, needs: []need{failedImport}, says: againSays, do: func(t *trial) error {
			if _, err := t.gives(200, t.to(start)); err != nil {
				return err
			}
			return t.settle(t.uid)
		}},
		{name: "after a reset", operation: start, status: 200, needs: []need{failedImport}, says: againSays, do: func(t *trial) error {
			if _, err := t.gives(200, t.to("resetBDBImportStatus")); err != nil {
				return err
			}
			if _, err := t.gives(200, t.to(start)); err != nil {
				return err
			}
			return t.settle(t.uid)
		}},
		{name: "with email_notification", operation: start, status: 200, needs: []need{ownDatabase}, says: startSays, do: func(t *trial) error {
			q := t.to(start)
			q.body = text(nowhere[:len(nowhere)-1] + `, "email_notification": true}`)
			if _, err := t.gives(200, q); err != nil {
				return err
			}
			return t.settle(t.uid)
		}},
		{name: "from stored sources, which GET does not show", operation: start, status: 200, needs: []need{freshDatabase}, says: sourceSays, do: func(t *trial) error {
			update := t.to("updateBDB")
			update.body = text(nowhere)
			if _, err := t.gives(200, update); err != nil {
				return err
			}
			if err := t.shows(object{"dataset_import_sources": []any{}}); err != nil {
				return err
			}
			q := t.to(start)
			q.body = nil
			if _, err := t.gives(200, q); err != nil {
				return err
			}
			return t.settle(t.uid)
		}},
		noSources("no body", nil, nil),
		noSources("an empty body", text(""), http.Header{"Content-Type": {"application/json"}}),
		noSources("an empty object", text("{}"), nil),
		noSources("null", text("null"), nil),
		{
			name: "a member that is not listed", operation: start, status: 400, needs: []need{freshDatabase},
			says: "Names that an operation does not list are refused, in the query and at any depth of the body",
			open: "the page says that any other attribute makes the request fail, and not with which status",
			do: func(t *trial) error {
				q := t.to(start)
				q.body = text(nowhere[:len(nowhere)-1] + `, "flush": true}`)
				return t.unchanged(func() error { return t.refuses(400, api.ErrorCodeInvalidSchema, q) })
			},
		},
		refusedUnchanged(start, 409, api.ErrorCodeBusy, runningImport).named("while an import runs"),
		refusedUnchanged(start, 409, api.ErrorCodeBusy, runningBackup).named("while a backup runs"),
		refusedUnchanged(start, 409, api.ErrorCodeBusy, pendingChange).named("while a change is pending"),
		refusedUnchanged(start, 406, api.ErrorCodeUnsupportedModuleCapabilities, lackingModule).named("a module lacks backup_restore"),
		absentDatabase(start),
	}
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
		name: fmt.Sprintf("no sources are given or stored, with %s", name), operation: "startBDBImport", status: 400, needs: []need{freshDatabase}, says: sourceSays,
		open: "no page says what happens without any source",
		do: func(t *trial) error {
			q := t.to("startBDBImport")
			q.body, q.header = body, header
			return t.unchanged(func() error { return t.refuses(400, api.ErrorCodeMissingField, q) })
		},
	}
}
