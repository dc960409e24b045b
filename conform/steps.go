package conform

import (
	"net/http"
	"slices"
	"strings"

	"github.com/reimport/reimport/gen/api"
)

// step is a part of what a case does.
type step func(*trial) error

// all does one step after the other, until one finds something.
func all(steps ...step) step {
	return func(t *trial) error {
		for _, do := range steps {
			if err := do(t); err != nil {
				return err
			}
		}
		return nil
	}
}

// accepts holds that an operation succeeds.
func accepts(operation string) step { return acceptsBody(operation, "") }

// acceptsBody is accepts with another body than a good one, unless it is empty.
func acceptsBody(operation, body string) step {
	return func(t *trial) error {
		q := t.to(operation)
		if body != "" {
			q.body = &body
		}
		_, err := t.gives(200, q)
		return err
	}
}

// refuses holds the refusal of an operation, with its good body or another one.
func refuses(operation string, status int, code api.ErrorCode, body ...string) step {
	return func(t *trial) error {
		q := t.to(operation)
		if len(body) > 0 {
			q.body = &body[0]
		}
		return t.refuses(status, code, q)
	}
}

// settled waits until nothing runs on the database.
func settled(t *trial) error { return t.settle(t.uid) }

// shows holds members of the database, as a GET shows them, to some values.
func shows(want object) step { return func(t *trial) error { return t.shows(want) } }

// unchanged holds that a step leaves the database as it was.
func unchanged(do step) step { return func(t *trial) error { return t.unchanged(do) } }

// heads holds that a HEAD answers what a GET does, but for the body.
func heads(operation string) step {
	return func(t *trial) error {
		q := t.to(operation)
		q.method = http.MethodHead
		x, err := t.gives(200, q)
		if err == nil && len(x.body) > 0 {
			err = broken("the answer to a HEAD has a body")
		}
		return err
	}
}

// unchanged is a step between two GETs of the database, which show the same.
func (t *trial) unchanged(do step) error {
	before, err := t.get()
	if err != nil {
		return err
	}
	if err := do(t); err != nil {
		return err
	}
	after, err := t.get()
	if err != nil {
		return err
	}
	return after.same(before, moving...)
}

// moving are the members of a database that change by themselves while something runs on it.
var moving = []string{"import_progress", "export_progress", "backup_progress", "background_op", "reimport"}

// shows holds members of the database, as a GET shows them, to some values.
func (t *trial) shows(want object) error {
	got, err := t.get()
	if err != nil {
		return err
	}
	return got.has(want, "GET shows")
}

// get reads the database of the case, or some members of it.
func (t *trial) get(fields ...string) (object, error) {
	q := t.to(opGet)
	if len(fields) > 0 {
		q.query = "fields=" + strings.Join(fields, ",")
	}
	return t.object(q)
}

// has holds members of an object to some values.
func (o object) has(want object, where string) error {
	for name, value := range want {
		if got, ok := o[name]; !ok || !equal(got, value) {
			return broken("%s %s %s, expected %s", where, name, shownValue(name, got), shownValue(name, value))
		}
	}
	return nil
}

// same holds that an object is as it was, but for some members.
func (o object) same(before object, but ...string) error {
	for _, names := range []object{before, o} {
		for name := range names {
			if !slices.Contains(but, name) && !equal(o[name], before[name]) {
				return broken("%s was %s and is %s, though nothing was to change", name, shownValue(name, before[name]), shownValue(name, o[name]))
			}
		}
	}
	return nil
}

// hasOnly holds that an object has these members and no others.
func (o object) hasOnly(names ...string) error {
	for _, name := range names {
		if _, ok := o[name]; !ok {
			return broken("the field %s is missing, which was asked for", name)
		}
	}
	if len(o) != len(names) {
		return broken("it has %d fields, and %d were asked for", len(o), len(names))
	}
	return nil
}
