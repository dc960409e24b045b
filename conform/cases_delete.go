package conform

import (
	"slices"

	"github.com/reimport/reimport/gen/api"
)

const (
	opDelete = "deleteBDB"

	deleteSays = "The database as it was, with `status` `delete-pending`. It is deleted."
	deleteOpen = "today's page says 409 of a database that is not active, an older one 406"
)

func deleteCases() []testCase {
	fresh := []need{freshDatabase}
	return slices.Concat(on(opDelete, 200,
		testCase{name: "it is gone afterwards", needs: fresh, says: deleteSays, do: (*trial).deletesForGood},
	), on(opDelete, 404,
		testCase{name: "twice", needs: fresh, do: all(accepts(opDelete), (*trial).gone, refuses(opDelete, 404, api.ErrorCodeDBNotExist))},
	), []testCase{
		refusedUnchanged(opDelete, 409, api.ErrorCodeBusy, runningImport).named("while an import runs"),
		refusedUnchanged(opDelete, 409, api.ErrorCodeBusy, runningBackup).named("while a backup runs"),
		refusedUnchanged(opDelete, 409, api.ErrorCodeBusy, pendingChange).named("while a change is pending").leftOpen(deleteOpen),
		absentDatabase(opDelete),
	})
}

func (t *trial) deletesForGood() error {
	before, err := t.get()
	if err != nil {
		return err
	}
	o, err := t.object(t.to(opDelete))
	if err == nil {
		err = o.has(object{"uid": t.uid, "name": before["name"], "status": "delete-pending"}, "the answer has")
	}
	if err == nil {
		err = t.fitsEach("operation of a deleted bdb", o["background_op"])
	}
	if err == nil && t.ours {
		err = o.same(before, append(moving, "status")...)
	}
	if err == nil {
		err = t.gone()
	}
	return err
}

// gone holds that the database of the case does not exist any more. A cluster may take a while to delete it.
func (t *trial) gone() error {
	return t.until(func() error { return refuses(opGet, 404, api.ErrorCodeDBNotExist)(t) })
}
