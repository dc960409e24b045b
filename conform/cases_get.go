package conform

import "slices"

const opGet = "getBDB"

func getCases() []testCase {
	some := []need{aDatabase}
	return slices.Concat(on(opGet, 200,
		testCase{name: "the database", needs: some, reads: true, do: func(t *trial) error { return t.shows(object{"uid": t.uid}) }},
		testCase{name: "twice", needs: some, reads: true, do: unchanged(all())},
		testCase{name: "named fields", needs: some, reads: true, says: fieldsSays, do: picks([]string{"uid", "name", "import_status"}, "uid", "name", "import_status")},
		testCase{
			name: "names that no field has", needs: some, reads: true, says: "Names that no field has, and repeated ones, are ignored.",
			open: "no page says what an unknown name does", do: picks([]string{"uid", "no_such_field", "uid"}, "uid"),
		},
		testCase{
			name: "a database of which nothing was ever imported", needs: []need{freshDatabase}, says: "Empty until the first one; it and `idle` say the same.",
			do: all((*trial).isIdle, shows(object{"import_progress": 0, "dataset_import_sources": []any{}})),
		},
		testCase{name: "HEAD", needs: some, reads: true, says: headSays, do: heads(opGet)},
		testCase{name: "members and types as recorded from clusters", needs: some, reads: true, do: (*trial).databaseFits},
	), on(opGet, 404,
		testCase{name: "members and types of an error as recorded from clusters", reads: true, do: all(absently, (*trial).errorFits)},
	), []testCase{absentDatabase(opGet)})
}

// picks holds that a database has these members if those fields are asked for.
func picks(fields []string, members ...string) step {
	return func(t *trial) error {
		o, err := t.get(fields...)
		if err != nil {
			return err
		}
		return o.hasOnly(members...)
	}
}

func (t *trial) databaseFits() error {
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
}

func (t *trial) errorFits() error {
	x, err := t.gives(404, t.to(opGet))
	if err != nil {
		return err
	}
	if len(x.body) == 0 && !t.ours {
		t.saw("404 without a body")
		return nil
	}
	o, err := x.object()
	if err != nil {
		return err
	}
	return t.fits("error", o)
}
