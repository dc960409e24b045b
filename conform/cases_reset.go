package conform

import (
	"net/http"
	"slices"

	"github.com/reimport/reimport/gen/api"
)

const (
	opReset = "resetBDBImportStatus"

	resetSays  = "Puts `import_status` to `idle`, empties `import_failure_reason` and puts `import_progress` to 0."
	repeatSays = "Repeating it answers 200 again and writes nothing."
	busySays   = "with 409 while an import, an export or a backup of the database runs or its `status` is not `active`"

	guardOpen = "the page of the reset names a running backup, those of its siblings their own operation, and none says what a running import does"
	valueOpen = "no page says what import_progress is after a reset, and no value after one is on record"
)

func resetCases() []testCase {
	const failed = failedImport
	idle := all(accepts(opReset), shows(object{"import_status": "idle", "import_failure_reason": "", "import_progress": 0}))
	return slices.Concat(on(opReset, 200,
		testCase{name: "a failed import is idle afterwards", needs: []need{failed}, says: resetSays, open: valueOpen, do: idle},
		testCase{name: "a succeeded import is idle afterwards", needs: []need{succeededImport}, says: resetSays, open: valueOpen, do: idle},
		testCase{name: "a database that was never imported into", needs: []need{freshDatabase}, says: resetSays, open: valueOpen, do: idle},
		testCase{name: "a failed import is not failed afterwards", needs: []need{failed}, says: resetSays, do: all(accepts(opReset), (*trial).isIdle)},
		testCase{name: "only the import status changes", needs: []need{failed}, says: resetSays, do: (*trial).resetsNoMore},
		testCase{name: "twice", needs: []need{failed}, says: repeatSays, do: all(accepts(opReset), unchanged(accepts(opReset)))},
		sends("no body", nil, nil),
		sends("an empty body", text(""), http.Header{"Content-Type": {jsonType}}),
		sends("an empty body without a Content-Type", text(""), http.Header{"Content-Type": nil}),
		sends("an empty object", text("{}"), nil),
		sends("an empty object without a Content-Type", text("{}"), http.Header{"Content-Type": nil}),
		sends("an empty object as a form", text("{}"), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}),
		sends("null", text("null"), nil),
		sends("members that nothing reads", text(`{"force": true}`), nil),
	), []testCase{
		refusedUnchanged(opReset, 409, api.ErrorCodeBusy, runningImport).named("while an import runs", busySays).leftOpen(guardOpen),
		refusedUnchanged(opReset, 409, api.ErrorCodeBusy, runningBackup).named("while a backup runs", busySays).leftOpen(guardOpen),
		refusedUnchanged(opReset, 409, api.ErrorCodeBusy, pendingChange).named("while a change is pending", busySays),
		refusedUnchanged(opReset, 406, api.ErrorCodeUnsupportedModuleCapabilities, lackingModule).named("a module lacks backup_restore"),
		absentDatabase(opReset),
	})
}

// isIdle holds that no import has ended since the last reset. A cluster may say so in two ways.
func (t *trial) isIdle() error {
	o, err := t.get()
	if err != nil {
		return err
	}
	if status := o["import_status"]; status != "idle" && status != "" {
		return broken("GET shows import_status %s, expected \"idle\" or nothing in it", inJSON(status))
	}
	return o.has(object{"import_failure_reason": ""}, "GET shows")
}

// resetsNoMore holds that a reset changes nothing but what it is for.
func (t *trial) resetsNoMore() error {
	before, err := t.get()
	if err != nil {
		return err
	}
	if err := accepts(opReset)(t); err != nil {
		return err
	}
	after, err := t.get()
	if err != nil {
		return err
	}
	return after.same(before, "import_status", "import_failure_reason", "import_progress", "last_changed_time")
}

// sends is a reset with a body as some client sends it.
func sends(name string, body *string, header http.Header) testCase {
	send := func(t *trial) error {
		q := t.to(opReset)
		q.body, q.header = body, header
		_, err := t.gives(200, q)
		return err
	}
	return testCase{
		name: "sent with " + name, needs: []need{failedImport}, says: "Not needed. A JSON object of any Content-Type is accepted and ignored.",
		do: all(send, (*trial).isIdle),
	}
}
