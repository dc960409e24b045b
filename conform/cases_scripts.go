package conform

import (
	"context"
	"slices"
	"strings"

	"github.com/reimport/reimport/gen/api"
	control "github.com/reimport/reimport/internal/control/api"
)

// failureReasons are all that the contract lists.
var failureReasons = []string{
	"download-error", "file-corrupted", "general-error", "file-larger-than-mem-limit:2048:1024", "key-too-long", "invalid-bulk-length", "out-of-memory",
}

const progressSays = "Percent; 100 only once succeeded."

// scriptCases follow imports to each end that the contract has.
func scriptCases() []testCase {
	var ends []testCase
	for _, reason := range failureReasons {
		name, _, _ := strings.Cut(reason, ":")
		ends = append(ends, testCase{
			name: "it fails as " + name, needs: []need{scripts}, says: endSays,
			do: all(plays(control.Script{Outcome: reason}), settled, shows(object{"status": "active", "import_status": "failed", "import_failure_reason": reason})),
		})
	}
	succeeded := object{"status": "active", "import_status": "succeeded", "import_progress": 100, "import_failure_reason": ""}
	idle := object{"import_status": "idle", "import_progress": 0}
	return slices.Concat(on(opStart, 200, append(ends,
		testCase{name: "it succeeds", needs: []need{succeededImport}, says: endSays, do: all(settled, shows(succeeded))},
		testCase{name: "its progress never goes back", needs: []need{scripts}, says: progressSays, do: (*trial).followsProgress},
		testCase{
			name: "a new one wipes the failure of the one before", needs: []need{failedImport, scripts}, says: againSays,
			do: all((*trial).freezes, shows(object{"import_failure_reason": "", "import_progress": 40})),
		},
	)...), on(opReset, 409,
		testCase{name: "while an import is frozen", needs: []need{scripts}, says: busySays, do: all((*trial).freezes, unchanged(refuses(opReset, 409, api.ErrorCodeBusy)))},
	), on(opReset, 200,
		testCase{
			name: "after the import that it was refused for", needs: []need{scripts}, says: resetSays,
			do: all((*trial).freezes, refuses(opReset, 409, api.ErrorCodeBusy), (*trial).thaws, settled, accepts(opReset), shows(idle)),
		},
	))
}

// plays starts an import that goes as a script says.
func plays(script control.Script) step { return func(t *trial) error { return t.plays(script) } }

// freezes starts an import that stands still at 40 percent until the case ends.
func (t *trial) freezes() error {
	if err := t.plays(control.Script{Outcome: "succeeded", Pace: "frozen", At: 40}); err != nil {
		return err
	}
	uid := t.uid
	t.later(func(ctx context.Context) error {
		_ = t.controls.release(ctx, uid) // unless the case has
		return t.settle(uid)
	})
	return t.shows(object{"import_status": "importing", "import_progress": 40})
}

// thaws lets that import go on.
func (t *trial) thaws() error { return t.controls.release(t.ctx, t.uid) }

// followsProgress reads the progress of an import that takes some steps, until it has ended.
func (t *trial) followsProgress() error {
	const steps = 5
	if err := t.plays(control.Script{Outcome: "succeeded", Pace: "polled", Steps: steps}); err != nil {
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
