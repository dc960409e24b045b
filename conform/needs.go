package conform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
	control "github.com/reimport/reimport/internal/control/api"
)

// need is what a case asks of the server before it begins.
type need int

// What cases need. The databases are the ones that the case is about.
const (
	aDatabase       need = iota // to look at
	ownDatabase                 // to change, on which nothing runs
	freshDatabase               // that was created for the case, and may be deleted
	failedImport                // whose newest import has failed
	succeededImport             // whose newest import has succeeded
	runningImport
	runningBackup
	pendingChange
	lostDatabase  // whose status is recovery
	lackingModule // with a module that lacks backup_restore
	scripts       // whose imports go as the case says
	creation      // the run may create databases
	finiteMemory  // the cluster has a limit on the memory of its databases
	ourLimits     // the limits on sizes, which are reimport's own
	viewer        // the case is sent by a user who may look and change nothing
	roleNone      // the case is sent by a user who may nothing
)

// makers bring about what a case needs, or return why they cannot, as an unmet.
var makers = map[need]func(*trial) error{
	aDatabase:       (*trial).findDatabase,
	ownDatabase:     (*trial).takeOwn,
	freshDatabase:   (*trial).makeFresh,
	failedImport:    (*trial).failImport,
	succeededImport: (*trial).succeedImport,
	runningImport:   (*trial).runImport,
	runningBackup:   (*trial).takeStaged,
	pendingChange:   (*trial).takeStaged,
	lostDatabase:    (*trial).takeStaged,
	lackingModule:   (*trial).takeLacking,
	scripts:         (*trial).scripted,
	creation:        (*trial).mayCreate,
	finiteMemory:    (*trial).hasLimit,
	ourLimits:       (*trial).isReimport,
	viewer:          (*trial).asViewer,
	roleNone:        (*trial).asNobody,
}

// reasons say why a state cannot be brought about without the controls of reimport.
var reasons = map[need]string{
	succeededImport: "no file is known that the server could import: run it with the controls of reimport",
	runningBackup:   "the API cannot start a backup: run it with the controls of reimport",
	pendingChange:   "the API cannot hold a change: run it with the controls of reimport",
	lostDatabase:    "the API cannot have a database lost: run it with the controls of reimport",
	roleNone:        "no user without any permission is known: run it with the controls of reimport",
}

func (t *trial) prepare() error {
	if !t.test.reads {
		if err := t.mayChange(); err != nil {
			return err
		}
	}
	for _, n := range t.test.needs {
		err := makers[n](t)
		if errors.Is(err, errNotStaged) {
			err = unmet(reasons[n])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *trial) mayChange() error {
	if t.server.ReadOnly {
		return unmet("it sends a change, and the run is read-only")
	}
	return nil
}

func (t *trial) mayCreate() error {
	if !t.door.create {
		return unmet("the run may not create databases")
	}
	return nil
}

func (t *trial) hasLimit() error {
	if t.ours && t.controls == nil {
		return unmet("a reimport server may have no limit: run it with its controls")
	}
	return nil
}

func (t *trial) isReimport() error {
	if !t.ours {
		return unmet("the limits on the size of a request are reimport's own")
	}
	return nil
}

// takeStaged takes a database that the set-up of the run holds in the state.
func (t *trial) takeStaged() error {
	for _, n := range t.test.needs {
		if uid := t.staged[n]; uid != 0 {
			t.uid = uid
			return nil
		}
	}
	return errNotStaged
}

func (t *trial) failImport() error {
	if err := t.takeOwn(); err != nil {
		return err
	}
	if err := t.startNowhere(); err != nil {
		return err
	}
	if err := t.settle(t.uid); err != nil {
		return err
	}
	state, err := t.run.client.ImportStatus(t.ctx, t.uid)
	if err == nil && state.Status != api.ImportStatusFailed {
		err = unmet(fmt.Sprintf("the import of a file that does not exist has ended as %q", state.Status))
	}
	return err
}

func (t *trial) startNowhere() error {
	source, err := client.ParseSource("http://127.0.0.1:1/reimport-conform.rdb")
	if err != nil {
		return err
	}
	return t.run.client.StartImport(t.ctx, t.uid, source)
}

// succeedImport has the controls say how the import ends: no file is known that any server can read.
func (t *trial) succeedImport() error {
	if err := t.scripted(); err != nil {
		return errNotStaged
	}
	return t.plays(control.Script{Outcome: "succeeded"})
}

// scripted takes a database whose imports go as the case says.
func (t *trial) scripted() error {
	if t.controls == nil {
		return unmet("imports go as a case says only through the controls of reimport")
	}
	return t.takeOwn()
}

// plays starts an import that goes as a script says.
func (t *trial) plays(script control.Script) error {
	if err := t.controls.script(t.ctx, t.uid, script); err != nil {
		return err
	}
	return t.startNowhere()
}

// runImport takes a database with an import that does not end before the case does. A cluster is asked to import from an
// address that no host has (RFC 5737), whose connection takes long to fail; reimport refuses it at once.
func (t *trial) runImport() error {
	const why = "no import runs for long enough: run it with the controls of reimport"
	switch {
	case t.takeStaged() == nil:
		return nil
	case t.ours, t.brief:
		return unmet(why)
	}
	if err := t.takeOwn(); err != nil {
		return err
	}
	source, err := client.ParseSource("http://192.0.2.1/reimport-conform.rdb")
	if err != nil {
		return err
	}
	if err := t.run.client.StartImport(t.ctx, t.uid, source); err != nil {
		return err
	}
	uid := t.uid
	t.later(func(context.Context) error { return t.settle(uid) })
	if err := pause(t.ctx, time.Second); err != nil {
		return err
	}
	state, err := t.run.client.ImportStatus(t.ctx, uid)
	if err == nil && !state.Running() {
		t.brief = true
		err = unmet(why)
	}
	return err
}

// takeLacking takes a database with a module that lacks backup_restore, which it creates if the cluster has such a module.
func (t *trial) takeLacking() error {
	if t.takeStaged() == nil {
		return nil
	}
	if err := t.mayCreate(); err != nil {
		return err
	}
	modules, err := t.run.client.ListModules(t.ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(modules, func(m client.Module) bool { return !slices.Contains(m.Capabilities, "backup_restore") })
	if i < 0 {
		return unmet("all modules of the cluster have the capability backup_restore")
	}
	t.uid, err = t.create(api.BDBCreate{ModuleList: &[]api.ModuleRef{{ModuleName: &modules[i].Name, SemanticVersion: &modules[i].Version}}})
	if err == nil {
		t.later(func(ctx context.Context) error { return t.remove(ctx, t.uid) })
	}
	return err
}

func (t *trial) asViewer() error {
	if t.server.Viewer == "" {
		return unmet("no user is known who may look and change nothing")
	}
	t.user, t.pass = t.server.Viewer, t.server.ViewerPassword
	return nil
}

func (t *trial) asNobody() error {
	if t.controls == nil {
		return errNotStaged
	}
	t.user, t.pass = nobodyUser, t.server.Password
	return nil
}

// hostileUIDs are spellings of a uid that a server must not take for it.
var hostileUIDs = []struct {
	name  string
	spell func(uid int) string
}{
	{"zero", func(int) string { return "0" }},
	{"a sign", func(uid int) string { return "+" + strconv.Itoa(uid) }},
	{"a minus", func(uid int) string { return "-" + strconv.Itoa(uid) }},
	{"a leading zero", func(uid int) string { return "0" + strconv.Itoa(uid) }},
	{"one beyond 31 bits", func(int) string { return "2147483648" }},
	{"32 bits more", func(uid int) string { return strconv.Itoa(uid + 1<<32) }},
	{"one beyond 63 bits", func(int) string { return "9223372036854775808" }},
	{"an exponent", func(uid int) string { return strconv.Itoa(uid) + "e0" }},
	{"a fraction", func(uid int) string { return strconv.Itoa(uid) + ".0" }},
	{"hexadecimal", func(uid int) string { return fmt.Sprintf("0x%x", uid) }},
	{"a space", func(uid int) string { return "%20" + strconv.Itoa(uid) }},
	{"a letter", func(uid int) string { return strconv.Itoa(uid) + "x" }},
	{"digits of another script", func(uid int) string { return arabic(uid) }},
	{"a NUL", func(uid int) string { return strconv.Itoa(uid) + "%00" }},
	{"nothing but a dot", func(int) string { return "%2E" }},
}

// arabic writes a number in Arabic-Indic digits, percent-encoded.
func arabic(n int) (text string) {
	for _, digit := range strconv.Itoa(n) {
		text += fmt.Sprintf("%%D9%%%X", 0xA0+digit-'0')
	}
	return text
}

// number reads a number of a JSON object, 0 if it is none.
func (o object) number(name string) float64 {
	switch n := o[name].(type) {
	case json.Number:
		f, _ := n.Float64()
		return f
	case float64:
		return n
	}
	return 0
}
