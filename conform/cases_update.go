package conform

import (
	"slices"
	"strconv"

	"github.com/reimport/reimport/gen/api"
)

const (
	opUpdate = "updateBDB"

	changeSays   = "Changes the given settings and leaves the others as they are."
	sameSays     = "A member that equals what GET shows of the database changes nothing, whatever it is"
	readOnlySays = "Any other value of a read-only member is refused."
	readOnlyOpen = "no page says with which status a read-only member is refused"
)

func updateCases() []testCase {
	own := []need{ownDatabase}
	return slices.Concat(on(opUpdate, 200,
		testCase{name: "a setting, which stays", needs: own, says: changeSays, do: (*trial).updatesForGood},
		testCase{name: "twice", needs: own, says: sameSays, do: all(accepts(opUpdate), unchanged(accepts(opUpdate)))},
		// Not to a database with a past: a GET may mask its passwords and stored sources, and a cluster might take that at its word.
		testCase{
			name: "the whole answer of a GET may be sent back", needs: []need{freshDatabase}, says: "the whole answer of a GET may be sent back",
			open: "no page says that read-only members may be sent back", do: unchanged((*trial).updatesWithGet),
		},
		testCase{name: "a dry run changes nothing", needs: own, says: drySays, do: unchanged((*trial).dryUpdate)},
	), on(opUpdate, 400,
		testCase{name: "another uid", needs: own, says: readOnlySays, open: readOnlyOpen, do: unchanged(func(t *trial) error {
			return refuses(opUpdate, 400, api.ErrorCodeInvalidSchema, `{"uid": `+strconv.Itoa(t.absent)+`}`)(t)
		})},
		testCase{
			name: "another import status", needs: own, says: readOnlySays, open: readOnlyOpen,
			do: unchanged(refuses(opUpdate, 400, api.ErrorCodeInvalidSchema, `{"import_status": "importing"}`)),
		},
	), on(opUpdate, 406,
		testCase{name: "a backup without an interval", needs: []need{freshDatabase}, do: unchanged(refuses(opUpdate, 406, api.ErrorCodeMissingBackupInterval, `{"backup": true}`))},
		testCase{name: "more memory than the cluster has", needs: []need{finiteMemory, ownDatabase}, do: unchanged(func(t *trial) error {
			q := t.to(opUpdate)
			q.query, q.body = "dry_run", text(`{"memory_size": 9007199254740991}`)
			return t.refuses(406, api.ErrorCodeInsufficientResources, q)
		})},
		testCase{
			name: "a module that the cluster lacks", needs: own,
			do: unchanged(refuses(opUpdate, 406, api.ErrorCodeMissingModule, `{"module_list": [{"module_name": "nosuchmodule"}]}`)),
		},
	), []testCase{
		refusedUnchanged(opUpdate, 409, api.ErrorCodeBusy, runningImport).named("while an import runs"),
		refusedUnchanged(opUpdate, 409, api.ErrorCodeBusy, pendingChange).named("while a change is pending"),
		absentDatabase(opUpdate),
	})
}

// updatesForGood changes a setting and puts it back.
func (t *trial) updatesForGood() error {
	before, err := t.get()
	if err != nil {
		return err
	}
	was, _ := before["email_alerts"].(bool)
	changed, restored := object{"email_alerts": !was}, object{"email_alerts": was}
	t.later(t.putAlertsBack) // whatever comes between
	if err := all(updates(changed), shows(changed), updates(restored))(t); err != nil {
		return err
	}
	after, err := t.get()
	if err != nil {
		return err
	}
	return after.same(before, append(moving, "last_changed_time")...)
}

// updates changes settings, and holds that the answer has them.
func updates(settings object) step {
	return func(t *trial) error {
		q := t.to(opUpdate)
		q.body = text(inJSON(settings))
		o, err := t.object(q)
		if err != nil {
			return err
		}
		return o.has(settings, "the answer has")
	}
}

func (t *trial) updatesWithGet() error {
	before, err := t.get()
	if err != nil {
		return err
	}
	q := t.to(opUpdate)
	q.body = text(inJSON(before))
	o, err := t.object(q)
	if err != nil {
		return err
	}
	return o.same(before, append(moving, "status", "action_uid", "last_changed_time")...)
}

func (t *trial) dryUpdate() error {
	t.later(t.putAlertsBack)
	q := t.to(opUpdate)
	q.query, q.body = "dry_run", text(inJSON(object{"email_alerts": !t.alerts}))
	_, err := t.gives(200, q)
	return err
}
