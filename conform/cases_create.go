package conform

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/reimport/reimport/gen/api"
)

const (
	opCreate = "createBDB"

	initialSays = "What the request leaves out takes the value that the example `new` of the answer shows"
	uidTaken    = "Unique in the cluster. The next free one if a creation leaves it out."
	scarceSays  = "Refused with 406 if `memory_size` is more than the cluster has left, or if another database has the `port`."
	drySays     = "Check the request and answer as if it had been done, but change nothing."
)

func createCases() []testCase {
	may := []need{creation}
	return slices.Concat(on(opCreate, 200,
		testCase{name: "it is there afterwards", needs: may, do: (*trial).createsForGood},
		testCase{name: "with a uid that the request names", needs: may, says: uidTaken, do: (*trial).createsUID},
		testCase{name: "what is left out takes its initial value", needs: may, says: initialSays, do: (*trial).createsInitial},
		testCase{name: "a dry run creates nothing", needs: may, says: drySays, do: func(t *trial) error { return t.nothingNew((*trial).dryCreation) }},
	), on(opCreate, 409,
		testCase{name: "the uid is taken", needs: []need{creation, ownDatabase}, do: unchanged(func(t *trial) error {
			q := t.to(opCreate)
			q.body = text(inJSON(object{"name": t.newName(), "memory_size": memorySize, "uid": t.uid}))
			return t.refuses(409, api.ErrorCodeUIDExists, q)
		})},
	), on(opCreate, 406,
		refusedCreation("no name", `{"memory_size": 1073741824}`, api.ErrorCodeMissingDBName),
		refusedCreation("no memory_size", `{"name": "NAME"}`, api.ErrorCodeMissingMemorySize).leftOpen("the page demands memory_size, and the object's page gives it a default"),
		refusedCreation("a module that the cluster lacks", `{"name": "NAME", "memory_size": 0, "module_list": [{"module_name": "nosuchmodule"}]}`, api.ErrorCodeMissingModule),
		refusedCreation("more memory than the cluster has", `{"name": "NAME", "memory_size": 9007199254740991}`, api.ErrorCodeInsufficientResources).that(finiteMemory, scarceSays),
		refusedCreation("a port that another database has", `{"name": "NAME", "memory_size": 0, "port": 12000}`, api.ErrorCodePortUnavailable).that(lostDatabase, scarceSays),
		refusedCreation("a backup without an interval", `{"name": "NAME", "memory_size": 0, "backup": true}`, api.ErrorCodeMissingBackupInterval),
	))
}

// refusedCreation is a configuration that cannot be created. It is sent as a dry run, so that a server that takes it creates
// nothing.
func refusedCreation(name, body string, code api.ErrorCode) testCase {
	return testCase{name: name, needs: []need{creation}, do: func(t *trial) error {
		q := t.to(opCreate)
		q.query, q.body = "dry_run=true", text(strings.Replace(body, "NAME", t.newName(), 1))
		return t.refuses(406, code, q)
	}}
}

// creates creates a database with some settings, which becomes that of the case and goes with it.
func (t *trial) creates(settings object) (object, error) {
	name := t.newName()
	body := object{"name": name, "memory_size": memorySize}
	maps.Copy(body, settings)
	q := t.to(opCreate)
	q.body = text(inJSON(body))
	o, err := t.object(q)
	if err != nil {
		return nil, err
	}
	if err := o.has(body, "the answer has"); err != nil {
		return nil, err
	}
	t.uid = int(o.number("uid"))
	if err := t.adopt(t.uid, name); err != nil {
		return nil, err
	}
	t.later(func(ctx context.Context) error { return t.remove(ctx, t.uid) })
	return o, nil
}

func (t *trial) createsForGood() error {
	o, err := t.creates(nil)
	if err != nil {
		return err
	}
	got, err := t.get()
	switch {
	case err != nil:
		return err
	case t.ours && t.redis:
		return got.same(o, "status", "endpoints", "dns_address_master")
	case t.ours:
		return got.same(o)
	}
	return got.has(object{"uid": o["uid"], "name": o["name"], "memory_size": o["memory_size"], "status": "active"}, "GET shows")
}

// createsUID takes a uid not far above the others, as the next database may get one above it.
func (t *trial) createsUID() error {
	items, err := t.list("fields=uid")
	if err != nil {
		return err
	}
	highest := 0
	for _, item := range items {
		highest = max(highest, int(item.number("uid")))
	}
	_, err = t.creates(object{"uid": highest + 2})
	return err
}

// createsInitial holds the settings of a new database to the example of the contract. A cluster has its own.
func (t *trial) createsInitial() error {
	o, err := t.creates(nil)
	if err != nil {
		return err
	}
	example, _ := t.contract.Doc.Components.Examples["NewBDB"].Value.Value.(map[string]any)
	given := []string{"uid", "name", "memory_size", "created_time", "last_changed_time", "endpoints", "dns_address_master"}
	if t.redis {
		given = append(given, "status", "reimport")
	}
	for _, name := range slices.Sorted(maps.Keys(example)) {
		switch {
		case slices.Contains(given, name), equal(o[name], example[name]):
		case t.ours:
			return broken("%s is %s, the example shows %s", name, shownValue(name, o[name]), inJSON(example[name]))
		default:
			t.saw("%s is %s, reimport begins with %s", name, shownValue(name, o[name]), inJSON(example[name]))
		}
	}
	return nil
}

func (t *trial) dryCreation() error {
	q := t.to(opCreate)
	q.query = "dry_run=true"
	_, err := t.gives(200, q)
	return err
}
