package conform

import (
	"context"
	"strings"

	"github.com/reimport/reimport/internal/control/api"
)

// failureReasons are all that the contract lists.
var failureReasons = []string{
	"download-error", "file-corrupted", "general-error", "file-larger-than-mem-limit:2048:1024", "key-too-long", "invalid-bulk-length", "out-of-memory",
}

const progressSays = "Percent; 100 only once succeeded."

// scriptCases follow imports to each end that the contract has.
func scriptCases() (all []testCase) {
	const start = "startBDBImport"
	for _, reason := range failureReasons {
		name, _, _ := strings.Cut(reason, ":")
		all = append(all, testCase{name: "it fails as " + name, operation: start, status: 200, needs: []need{scripts}, says: endSays, do: func(t *trial) error {
			if err := t.plays(api.Script{Outcome: reason}); err != nil {
				return err
			}
			if err := t.settle(t.uid); err != nil {
				return err
			}
			return t.shows(object{"status": "active", "import_status": "failed", "import_failure_reason": reason})
		}})
	}
	return append(all,
		testCase{name: "it succeeds", operation: start, status: 200, needs: []need{succeededImport}, says: endSays, do: func(t *trial) error {
			if err := t.settle(t.uid); err != nil {
				return err
			}
			return t.shows(object{"status": "active", "import_status": "succeeded", "import_progress": 100, "import_failure_reason": ""})
		}},
		testCase{name: "its progress never goes back", operation: start, status: 200, needs: []need{scripts}, says: progressSays, do: followsProgress},
		testCase{name: "a new one wipes the failure of the one before", operation: start, status: 200, needs: []need{failedImport, scripts}, says: againSays, do: func(t *trial) error {
			if err := t.freezes(); err != nil {
				return err
			}
			return t.shows(object{"import_failure_reason": "", "import_progress": 40})
		}},
		testCase{name: "while an import runs of one's own", operation: "resetBDBImportStatus", status: 409, needs: []need{scripts}, says: busySays, do: func(t *trial) error {
			if err := t.freezes(); err != nil {
				return err
			}
			return refusedUnchanged("resetBDBImportStatus", 409, "busy").do(t)
		}},
		testCase{name: "after the import that it was refused for", operation: "resetBDBImportStatus", status: 200, needs: []need{scripts}, says: resetSays, do: func(t *trial) error {
			if err := t.freezes(); err != nil {
				return err
			}
			if err := t.refuses(409, "busy", t.to("resetBDBImportStatus")); err != nil {
				return err
			}
			if err := t.controls.release(t.ctx, t.uid); err != nil {
				return err
			}
			if err := t.settle(t.uid); err != nil {
				return err
			}
			return resets(object{"import_status": "idle", "import_progress": 0})(t)
		}},
	)
}

// freezes starts an import that stands still at 40 percent until the case ends.
func (t *trial) freezes() error {
	if err := t.plays(api.Script{Outcome: "succeeded", Pace: "frozen", At: 40}); err != nil {
		return err
	}
	uid := t.uid
	t.later(func(ctx context.Context) error {
		_ = t.controls.release(ctx, uid) // unless the case has
		return t.settle(uid)
	})
	return t.until(func() error { return t.shows(object{"import_status": "importing", "import_progress": 40}) })
}

// followsProgress reads the progress of an import that takes some steps, until it has ended.
func followsProgress(t *trial) error {
	const steps = 5
	if err := t.plays(api.Script{Outcome: "succeeded", Pace: "polled", Steps: steps}); err != nil {
		return err
	}
	last := 0.0
	for range 2 * steps {
		o, err := t.get("status", "import_status", "import_progress", "import_failure_reason")
		if err != nil {
			return err
		}
		progress := o.number("import_progress")
		switch {
		case progress < last:
			return broken("import_progress was %v and is %v", last, progress)
		case (progress == 100) != (o["import_status"] == "succeeded"):
			return broken("import_progress is %v while import_status is %s", progress, inJSON(o["import_status"]))
		case o["import_status"] == "succeeded":
			return o.has(object{"status": "active", "import_failure_reason": ""}, "after the import, GET shows")
		}
		last = progress
	}
	return broken("the import does not end after %d steps", steps)
}
