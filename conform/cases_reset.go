package conform

import (
	"net/http"

	"github.com/reimport/reimport/gen/api"
)

const (
	resetSays  = "Puts `import_status` to `idle`, empties `import_failure_reason` and puts `import_progress` to 0."
	repeatSays = "Repeating it answers 200 again and writes nothing."
	busySays   = "with 409 while an import, an export or a backup of the database runs or its `status` is not `active`"

	guardOpen = "the page of the reset names a running backup, those of its siblings their own operation, and none says what a running import does"
	valueOpen = "no page says what import_progress is after a reset, and no value after one is on record"
)

func resetCases() []testCase {
	const reset = "resetBDBImportStatus"
	idle := object{"import_status": "idle", "import_failure_reason": "", "import_progress": 0}
	cases := []testCase{
		{name: "a failed import is idle afterwards", needs: []need{failedImport}, says: resetSays, do: resets(idle)},
		{name: "a succeeded import is idle afterwards", needs: []need{succeededImport}, says: resetSays, do: resets(idle)},
		{name: "a database that was never imported into", needs: []need{freshDatabase}, says: resetSays, do: resets(idle)},
		{name: "only the import status changes", needs: []need{failedImport}, says: resetSays, do: func(t *trial) error {
			before, err := t.get()
			if err != nil {
				return err
			}
			if _, err := t.gives(200, t.to(reset)); err != nil {
				return err
			}
			after, err := t.get()
			if err != nil {
				return err
			}
			return after.same(before, "import_status", "import_failure_reason", "import_progress", "last_changed_time")
		}},
		{name: "twice", needs: []need{failedImport}, says: repeatSays, do: func(t *trial) error {
			if _, err := t.gives(200, t.to(reset)); err != nil {
				return err
			}
			return t.unchanged(func() error {
				_, err := t.gives(200, t.to(reset))
				return err
			})
		}},
		{name: "the value and the progress after it", needs: []need{failedImport}, says: resetSays, open: valueOpen, do: resets(idle)},
		sends("no body", nil, nil),
		sends("an empty body", text(""), http.Header{"Content-Type": {"application/json"}}),
		sends("an empty body without a Content-Type", text(""), http.Header{"Content-Type": nil}),
		sends("an empty object", text("{}"), nil),
		sends("an empty object without a Content-Type", text("{}"), http.Header{"Content-Type": nil}),
		sends("an empty object as a form", text("{}"), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}),
		sends("null", text("null"), nil),
		sends("members that nothing reads", text(`{"force": true}`), nil),
	}
	for i := range cases {
		cases[i].operation, cases[i].status = reset, 200
	}
	return append(cases,
		refusedUnchanged(reset, 409, api.ErrorCodeBusy, runningImport).named("while an import runs", busySays).leftOpen(guardOpen),
		refusedUnchanged(reset, 409, api.ErrorCodeBusy, runningBackup).named("while a backup runs", busySays).leftOpen(guardOpen),
		refusedUnchanged(reset, 409, api.ErrorCodeBusy, pendingChange).named("while a change is pending", busySays),
		refusedUnchanged(reset, 406, api.ErrorCodeUnsupportedModuleCapabilities, lackingModule).named("a module lacks backup_restore"),
		absentDatabase(reset),
	)
}

// resets is what a reset does to a database, proved by a GET.
func resets(want object) func(*trial) error {
	return func(t *trial) error {
		if _, err := t.gives(200, t.to("resetBDBImportStatus")); err != nil {
			return err
		}
		return t.shows(want)
	}
}

// sends is a reset with a body as some client sends it.
func sends(name string, body *string, header http.Header) testCase {
	return testCase{
		name: "sent with " + name, needs: []need{failedImport}, says: "Not needed. A JSON object of any Content-Type is accepted and ignored.",
		do: func(t *trial) error {
			q := t.to("resetBDBImportStatus")
			q.body, q.header = body, header
			if _, err := t.gives(200, q); err != nil {
				return err
			}
			return t.shows(object{"import_status": "idle", "import_failure_reason": ""})
		},
	}
}
