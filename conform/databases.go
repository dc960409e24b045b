package conform

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/reimport/reimport/gen/api"
)

// findDatabase takes the run's database, or any if the run has none and may not create one.
func (t *trial) findDatabase() error {
	if t.run.uid != 0 || t.server.UID != 0 || t.door.create {
		return t.takeOwn()
	}
	all, err := t.run.client.ListDatabases(t.ctx, "uid")
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return unmet("the server has no database, and the run is read-only")
	}
	t.run.uid = all[0].UID
	t.uid = t.run.uid
	return nil
}

// takeOwn takes the database that the run may change, once nothing runs on it.
func (t *trial) takeOwn() error {
	switch {
	case t.run.uid != 0:
	case t.server.UID != 0:
		if err := t.takeNamed(); err != nil {
			return err
		}
	default:
		if err := t.mayCreate(); err != nil {
			return err
		}
		uid, err := t.create(api.BDBCreate{})
		if err != nil {
			return err
		}
		t.run.uid = uid
	}
	t.uid = t.run.uid
	return t.settle(t.uid)
}

// takeNamed takes the database that the run was given, and notes what updates must leave as it is.
func (t *trial) takeNamed() error {
	db, err := t.run.client.GetDatabase(t.ctx, t.server.UID, "uid", "email_alerts")
	if err != nil {
		return err
	}
	settings, err := db.BDB()
	if err != nil {
		return err
	}
	t.alerts = settings.EmailAlerts != nil && *settings.EmailAlerts
	t.run.uid = t.server.UID
	return nil
}

// putAlertsBack gives the run's database the setting that it had.
func (t *trial) putAlertsBack(ctx context.Context) error {
	_, err := t.run.client.UpdateDatabase(ctx, t.run.uid, api.BDBUpdate{EmailAlerts: &t.alerts})
	return err
}

func (t *trial) makeFresh() (err error) {
	if err := t.mayCreate(); err != nil {
		return err
	}
	if t.uid, err = t.create(api.BDBCreate{}); err == nil {
		t.later(func(ctx context.Context) error { return t.remove(ctx, t.uid) })
	}
	return err
}

// later does something once the case has ended. The end of the run deletes what is left, and tells.
func (t *trial) later(f func(context.Context) error) {
	t.undo = append(t.undo, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), settleTime)
		defer cancel()
		_ = f(ctx)
	})
}

// create creates a database of the run.
func (t *trial) create(settings api.BDBCreate) (int, error) {
	settings.Name, settings.MemorySize = t.newName(), memorySize
	db, err := t.run.client.CreateDatabase(t.ctx, settings)
	if err != nil {
		return 0, fmt.Errorf("create a database: %w", err)
	}
	return db.UID, t.adopt(db.UID, settings.Name)
}

// adopt lets the run change and delete a database that it has created. A GET shows its name first: the answer to a creation
// may have the uid of another database.
func (t *trial) adopt(uid int, name string) error {
	db, err := t.run.client.GetDatabase(t.ctx, uid, "uid", "name", "reimport")
	if err != nil {
		return fmt.Errorf("look at the new database %d: %w", uid, err)
	}
	if db.Name != name {
		return broken("the new database %d has the name %q, expected %q", uid, db.Name, name)
	}
	t.own(uid)
	var shown struct {
		Reimport struct {
			DataPlane api.DataPlane `json:"data_plane"`
		} `json:"reimport"`
	}
	_ = json.Unmarshal(db.Raw, &shown) // a cluster has no such member
	t.redis = t.ours && shown.Reimport.DataPlane == api.DataPlaneLocal
	return t.settle(uid)
}

// settle waits until nothing runs on a database, for long only once.
func (t *trial) settle(uid int) error {
	ctx, cancel := context.WithTimeout(t.ctx, settleTime)
	defer cancel()
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		db, err := t.run.client.GetDatabase(ctx, uid, "uid", "status", "import_status")
		switch {
		case ctx.Err() != nil:
		case err != nil:
			return fmt.Errorf("wait until nothing runs on database %d: %w", uid, err)
		case db.Status == api.BDBStatusActive && !db.Import.Running():
			t.stuck[uid] = false
			return nil
		}
		if t.stuck[uid] || pause(ctx, wait) != nil {
			t.stuck[uid] = t.ctx.Err() == nil
			return unmet(fmt.Sprintf("something runs on database %d and does not end", uid))
		}
	}
}
