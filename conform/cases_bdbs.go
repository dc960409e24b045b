package conform

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/reimport/reimport/gen/api"
)

const fieldsSays = "Names of the fields to return, separated by commas; without it, all are returned."

func listCases() []testCase {
	const list = "listBDBs"
	return []testCase{
		{name: "all databases, by ascending uid", operation: list, status: 200, needs: []need{aDatabase}, reads: true, says: "All databases, by ascending uid.", do: func(t *trial) error {
			items, err := t.list("")
			if err != nil {
				return err
			}
			var uids []float64
			for _, item := range items {
				uids = append(uids, item.number("uid"))
			}
			if !slices.IsSorted(uids) {
				return broken("the uids are %v", uids)
			}
			if !slices.Contains(uids, float64(t.uid)) {
				return broken("database %d is missing, which GET shows", t.uid)
			}
			return nil
		}},
		{name: "an item is what GET shows", operation: list, status: 200, needs: []need{aDatabase}, reads: true, do: func(t *trial) error {
			one, err := t.get()
			if err != nil {
				return err
			}
			items, err := t.list("")
			if err != nil {
				return err
			}
			i := slices.IndexFunc(items, func(o object) bool { return o.number("uid") == float64(t.uid) })
			if i < 0 {
				return broken("database %d is missing, which GET shows", t.uid)
			}
			return items[i].same(one, moving...)
		}},
		{name: "named fields", operation: list, status: 200, needs: []need{aDatabase}, reads: true, says: fieldsSays, do: func(t *trial) error {
			items, err := t.list("fields=uid,import_status")
			if err != nil {
				return err
			}
			for _, item := range items {
				if err := item.hasOnly("uid", "import_status"); err != nil {
					return err
				}
			}
			return nil
		}},
		{name: "HEAD", operation: list, status: 200, needs: []need{aDatabase}, reads: true, says: "HEAD works if GET does", do: heads(list)},
	}
}

// list reads all databases.
func (t *trial) list(query string) (items []object, err error) {
	q := t.to("listBDBs")
	q.query = query
	x, err := t.gives(200, q)
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(x.body, &items) != nil {
		return nil, broken("200: the body is no list of objects")
	}
	return items, nil
}

func (o object) hasOnly(names ...string) error {
	if len(o) == len(names) {
		for _, name := range names {
			if _, ok := o[name]; !ok {
				return broken("the field %s is missing, which was asked for", name)
			}
		}
		return nil
	}
	return broken("it has %d fields, and %d were asked for", len(o), len(names))
}

// heads holds that a HEAD answers what a GET does, but for the body.
func heads(operation string) func(*trial) error {
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

func getCases() []testCase {
	const get = "getBDB"
	return []testCase{
		{name: "the database", operation: get, status: 200, needs: []need{aDatabase}, reads: true, do: func(t *trial) error {
			return t.shows(object{"uid": t.uid})
		}},
		{name: "twice", operation: get, status: 200, needs: []need{aDatabase}, reads: true, do: func(t *trial) error {
			return t.unchanged(func() error { return nil })
		}},
		{name: "named fields", operation: get, status: 200, needs: []need{aDatabase}, reads: true, says: fieldsSays, do: func(t *trial) error {
			o, err := t.get("uid", "name", "import_status")
			if err != nil {
				return err
			}
			return o.hasOnly("uid", "name", "import_status")
		}},
		{
			name: "names that no field has", operation: get, status: 200, needs: []need{aDatabase}, reads: true,
			says: "Names that no field has, and repeated ones, are ignored.", open: "no page says what an unknown name does",
			do: func(t *trial) error {
				o, err := t.get("uid", "no_such_field", "uid")
				if err != nil {
					return err
				}
				return o.hasOnly("uid")
			},
		},
		{name: "a database of which nothing was ever imported", operation: get, status: 200, needs: []need{freshDatabase}, says: "Empty until the first one; it and `idle` say the same.", do: func(t *trial) error {
			o, err := t.get()
			if err != nil {
				return err
			}
			if status := o["import_status"]; status != "" && status != "idle" {
				return broken("import_status is %s", inJSON(status))
			}
			return o.has(object{"import_failure_reason": "", "import_progress": 0, "dataset_import_sources": []any{}}, "GET shows")
		}},
		{name: "HEAD", operation: get, status: 200, needs: []need{aDatabase}, reads: true, says: "HEAD works if GET does", do: heads(get)},
		{name: "members and types as recorded from clusters", operation: get, status: 200, needs: []need{aDatabase}, reads: true, do: func(t *trial) error {
			o, err := t.get()
			if err != nil {
				return err
			}
			for _, part := range []struct{ what, member string }{{"module of a bdb", "module_list"}, {"operation of a bdb", "background_op"}, {"endpoint of a bdb", "endpoints"}} {
				if err := t.fitsEach(part.what, o[part.member]); err != nil {
					return err
				}
			}
			return t.fits("bdb", o)
		}},
		absentDatabase(get),
		{name: "members and types of an error as recorded from clusters", operation: get, status: 404, reads: true, do: func(t *trial) error {
			t.uid = t.absent
			x, err := t.gives(404, t.to(get))
			if err != nil {
				return err
			}
			o, err := x.object()
			if err != nil {
				return err
			}
			return t.fits("error", o)
		}},
	}
}

// absentDatabase is an operation on a database that does not exist.
func absentDatabase(operation string) testCase {
	return testCase{
		name: "no such database", operation: operation, status: 404, reads: operation == "getBDB",
		do: func(t *trial) error {
			t.uid = t.absent
			return t.refuses(404, api.ErrorCodeDBNotExist, t.to(operation))
		},
	}
}

func createCases() []testCase {
	const create = "createBDB"
	return []testCase{
		{name: "it is there afterwards", operation: create, status: 200, needs: []need{creation}, do: func(t *trial) error {
			o, err := t.creates(nil)
			if err != nil {
				return err
			}
			got, err := t.get()
			switch {
			case err != nil:
				return err
			case t.ours:
				return got.same(o)
			}
			return got.has(object{"uid": o["uid"], "name": o["name"], "memory_size": o["memory_size"], "status": "active"}, "GET shows")
		}},
		{name: "with a uid of one's own", operation: create, status: 200, needs: []need{creation}, says: "Unique in the cluster. The next free one if a creation leaves it out.", do: func(t *trial) error {
			items, err := t.list("fields=uid")
			if err != nil {
				return err
			}
			highest := 0
			for _, item := range items {
				highest = max(highest, int(item.number("uid")))
			}
			// Not much higher, as the next database may get a uid above it.
			_, err = t.creates(object{"uid": highest + 2})
			return err
		}},
		{name: "what is left out takes its initial value", operation: create, status: 200, needs: []need{creation}, says: "What the request leaves out takes the value that the example `new` of the answer shows", do: func(t *trial) error {
			o, err := t.creates(nil)
			if err != nil {
				return err
			}
			return t.initial(o)
		}},
		{name: "a dry run creates nothing", operation: create, status: 200, needs: []need{creation}, says: "Check the request and answer as if it had been done, but change nothing.", do: func(t *trial) error {
			before, err := t.list("fields=uid,name")
			if err != nil {
				return err
			}
			q := t.to(create)
			q.query = "dry_run=true"
			if _, err := t.gives(200, q); err != nil {
				return err
			}
			after, err := t.list("fields=uid,name")
			if err == nil && !equal(before, after) {
				err = broken("there are %d databases after a dry run, %d before", len(after), len(before))
			}
			return err
		}},
		{
			name: "the uid is taken", operation: create, status: 409, needs: []need{creation, ownDatabase}, do: func(t *trial) error {
				q := t.to(create)
				q.body = text(fmt.Sprintf(`{"name": %q, "memory_size": %d, "uid": %d}`, t.newName(), memorySize, t.uid))
				return t.unchanged(func() error { return t.refuses(409, api.ErrorCodeUIDExists, q) })
			},
		},
		refusedCreation("no name", `{"memory_size": 1073741824}`, api.ErrorCodeMissingDBName),
		refusedCreation("no memory_size", `{"name": "%s"}`, api.ErrorCodeMissingMemorySize).leftOpen("the page demands memory_size, and the object's page gives it a default"),
		refusedCreation("a module that the cluster lacks", `{"name": "%s", "memory_size": 0, "module_list": [{"module_name": "nosuchmodule"}]}`, api.ErrorCodeMissingModule),
		refusedCreation("a backup without an interval", `{"name": "%s", "memory_size": 0, "backup": true}`, api.ErrorCodeMissingBackupInterval),
	}
}

// creates creates a database with some settings, which becomes that of the case and goes with it.
func (t *trial) creates(settings object) (object, error) {
	body := object{"name": t.newName(), "memory_size": memorySize}
	for name, value := range settings {
		body[name] = value
	}
	q := t.to("createBDB")
	q.body = text(inJSON(body))
	x, err := t.gives(200, q)
	if err != nil {
		return nil, err
	}
	o, err := x.object()
	if err != nil {
		return nil, err
	}
	if err := o.has(body, "the answer has"); err != nil {
		return nil, err
	}
	t.uid = int(o.number("uid"))
	t.own(t.uid)
	t.later(func(ctx context.Context) error { return t.remove(ctx, t.uid) })
	return o, t.settle(t.uid)
}

// initial holds the settings of a new database to the example of the contract. A cluster has its own defaults.
func (t *trial) initial(o object) error {
	value, _ := t.contract.Doc.Components.Examples["NewBDB"].Value.Value.(map[string]any)
	for name, want := range value {
		switch {
		case slices.Contains([]string{"uid", "name", "memory_size", "created_time", "last_changed_time"}, name), equal(o[name], want):
		case t.ours:
			return broken("%s is %s, the example shows %s", name, inJSON(o[name]), inJSON(want))
		default:
			t.saw("%s is %s, reimport begins with %s", name, inJSON(o[name]), inJSON(want))
		}
	}
	return nil
}

// refusedCreation is a configuration that cannot be created. It is sent as a dry run, so that a server that takes it creates nothing.
func refusedCreation(name, body string, code api.ErrorCode) testCase {
	return testCase{
		name: name, operation: "createBDB", status: 406, needs: []need{creation}, do: func(t *trial) error {
			q := t.to("createBDB")
			q.query = "dry_run=true"
			q.body = text(fmt.Sprintf(body, t.newName()))
			if !slices.Contains([]byte(body), '%') {
				q.body = text(body)
			}
			return t.refuses(406, code, q)
		},
	}
}

func updateCases() []testCase {
	const update = "updateBDB"
	return []testCase{
		{name: "a setting, which stays", operation: update, status: 200, needs: []need{ownDatabase}, says: "Changes the given settings and leaves the others as they are.", do: func(t *trial) error {
			before, err := t.get()
			if err != nil {
				return err
			}
			was, _ := before["email_alerts"].(bool)
			if err := t.updates(object{"email_alerts": !was}); err != nil {
				return err
			}
			if err := t.shows(object{"email_alerts": !was}); err != nil {
				return err
			}
			if err := t.updates(object{"email_alerts": was}); err != nil {
				return err
			}
			after, err := t.get()
			if err != nil {
				return err
			}
			return after.same(before, append(moving, "last_changed_time")...)
		}},
		{name: "twice", operation: update, status: 200, needs: []need{ownDatabase}, says: "A member that equals what GET shows of the database changes nothing, whatever it is", do: func(t *trial) error {
			if err := t.updates(object{"email_alerts": false}); err != nil {
				return err
			}
			return t.unchanged(func() error { return t.updates(object{"email_alerts": false}) })
		}},
		{
			name: "the whole answer of a GET may be sent back", operation: update, status: 200, needs: []need{ownDatabase}, says: "the whole answer of a GET may be sent back",
			open: "no page says that read-only members may be sent back", do: func(t *trial) error {
				return t.unchanged(func() error {
					before, err := t.get()
					if err != nil {
						return err
					}
					return t.updates(before)
				})
			},
		},
		{name: "a dry run changes nothing", operation: update, status: 200, needs: []need{ownDatabase}, says: "Check the request and answer as if it had been done, but change nothing.", do: func(t *trial) error {
			return t.unchanged(func() error {
				before, err := t.get("email_alerts")
				if err != nil {
					return err
				}
				was, _ := before["email_alerts"].(bool)
				q := t.to(update)
				q.query, q.body = "dry_run", text(inJSON(object{"email_alerts": !was}))
				_, err = t.gives(200, q)
				return err
			})
		}},
		{
			name: "another uid", operation: update, status: 400, needs: []need{ownDatabase}, says: "Any other value of a read-only member is refused.",
			open: "no page says with which status a read-only member is refused", do: func(t *trial) error {
				q := t.to(update)
				q.body = text(`{"uid": ` + strconv.Itoa(t.absent) + `}`)
				return t.unchanged(func() error { return t.refuses(400, api.ErrorCodeInvalidSchema, q) })
			},
		},
		{
			name: "another import status", operation: update, status: 400, needs: []need{ownDatabase}, says: "Any other value of a read-only member is refused.",
			open: "no page says with which status a read-only member is refused", do: func(t *trial) error {
				q := t.to(update)
				q.body = text(`{"import_status": "importing"}`)
				return t.unchanged(func() error { return t.refuses(400, api.ErrorCodeInvalidSchema, q) })
			},
		},
		{name: "a backup without an interval", operation: update, status: 406, needs: []need{freshDatabase}, do: func(t *trial) error {
			q := t.to(update)
			q.body = text(`{"backup": true}`)
			return t.unchanged(func() error { return t.refuses(406, api.ErrorCodeMissingBackupInterval, q) })
		}},
		{name: "a module that the cluster lacks", operation: update, status: 406, needs: []need{ownDatabase}, do: func(t *trial) error {
			q := t.to(update)
			q.body = text(`{"module_list": [{"module_name": "nosuchmodule"}]}`)
			return t.unchanged(func() error { return t.refuses(406, api.ErrorCodeMissingModule, q) })
		}},
		refusedUnchanged(update, 409, api.ErrorCodeBusy, runningImport).named("while an import runs"),
		refusedUnchanged(update, 409, api.ErrorCodeBusy, pendingChange).named("while a change is pending"),
		absentDatabase(update),
	}
}

// updates changes settings, and holds that the answer has them.
func (t *trial) updates(settings object) error {
	q := t.to("updateBDB")
	q.body = text(inJSON(settings))
	x, err := t.gives(200, q)
	if err != nil {
		return err
	}
	o, err := x.object()
	if err != nil {
		return err
	}
	for _, name := range append(moving, "status", "last_changed_time") {
		delete(settings, name)
	}
	return o.has(settings, "the answer has")
}

func deleteCases() []testCase {
	const remove = "deleteBDB"
	return []testCase{
		{name: "it is gone afterwards", operation: remove, status: 200, needs: []need{freshDatabase}, says: "The database as it was, with `status` `delete-pending`. It is deleted.", do: func(t *trial) error {
			before, err := t.get()
			if err != nil {
				return err
			}
			x, err := t.gives(200, t.to(remove))
			if err != nil {
				return err
			}
			o, err := x.object()
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
		}},
		{name: "twice", operation: remove, status: 404, needs: []need{freshDatabase}, do: func(t *trial) error {
			if _, err := t.gives(200, t.to(remove)); err != nil {
				return err
			}
			if err := t.gone(); err != nil {
				return err
			}
			return t.refuses(404, api.ErrorCodeDBNotExist, t.to(remove))
		}},
		refusedUnchanged(remove, 409, api.ErrorCodeBusy, runningImport).named("while an import runs"),
		refusedUnchanged(remove, 409, api.ErrorCodeBusy, runningBackup).named("while a backup runs"),
		refusedUnchanged(remove, 409, api.ErrorCodeBusy, pendingChange).named("while a change is pending").leftOpen("today's page says 409 of a database that is not active, an older one 406"),
		absentDatabase(remove),
	}
}

// gone holds that the database of the case does not exist any more. A cluster may take a while to delete it.
func (t *trial) gone() error {
	return t.until(func() error { return t.refuses(404, api.ErrorCodeDBNotExist, t.to("getBDB")) })
}
