package conform

import (
	"encoding/json"
	"slices"
)

const (
	opList = "listBDBs"

	fieldsSays = "Names of the fields to return, separated by commas; without it, all are returned."
	headSays   = "HEAD works if GET does"
)

func listCases() []testCase {
	some := []need{aDatabase}
	return on(opList, 200,
		testCase{name: "all databases, by ascending uid", needs: some, reads: true, says: "All databases, by ascending uid.", do: (*trial).listsAll},
		testCase{name: "an item is what GET shows", needs: some, reads: true, do: (*trial).listsAsGet},
		testCase{name: "named fields", needs: some, reads: true, says: fieldsSays, do: (*trial).listsFields},
		testCase{name: "HEAD", needs: some, reads: true, says: headSays, do: heads(opList)},
	)
}

func (t *trial) listsAll() error {
	items, err := t.list("")
	if err != nil {
		return err
	}
	last := 0.0
	var uids []float64
	for _, item := range items {
		uid := item.number("uid")
		if uid <= last {
			return broken("uid %v comes after %v", uid, last)
		}
		uids, last = append(uids, uid), uid
	}
	if !slices.Contains(uids, float64(t.uid)) {
		return broken("database %d is missing, which GET shows", t.uid)
	}
	return nil
}

func (t *trial) listsAsGet() error {
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
}

func (t *trial) listsFields() error {
	items, err := t.list("fields=uid,import_status")
	for i := 0; err == nil && i < len(items); i++ {
		err = items[i].hasOnly("uid", "import_status")
	}
	return err
}

// list reads all databases.
func (t *trial) list(query string) (items []object, err error) {
	q := t.to(opList)
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

// nothingNew holds that there are the same databases before and after.
func (t *trial) nothingNew(do step) error {
	before, err := t.list("fields=uid,name")
	if err != nil {
		return err
	}
	if err := do(t); err != nil {
		return err
	}
	after, err := t.list("fields=uid,name")
	if err == nil && !equal(before, after) {
		err = broken("there are %d databases, and there were %d", len(after), len(before))
	}
	return err
}
