package conform

import (
	"slices"

	"github.com/reimport/reimport/gen/api"
)

// cases returns all cases that the run has, by operation.
func (r *run) cases() []testCase {
	var all []testCase
	for _, family := range [][]testCase{
		resetCases(), importCases(), scriptCases(), listCases(), createCases(), getCases(), updateCases(), deleteCases(), moduleCases(),
		r.accessCases(), r.uidCases(), r.sizeCases(), r.variantCases(), methodCases(), routeCases(), r.unreachable(),
	} {
		all = append(all, family...)
	}
	order := []string{"resetBDBImportStatus", "startBDBImport", "listBDBs", "createBDB", "getBDB", "updateBDB", "deleteBDB", "listModules", "getModule", otherPaths}
	slices.SortStableFunc(all, func(a, b testCase) int {
		return slices.Index(order, a.operation) - slices.Index(order, b.operation)
	})
	if match := r.options.Match; match != nil {
		all = slices.DeleteFunc(all, func(c testCase) bool { return !match.MatchString(c.operation + "/" + c.name) })
	}
	return all
}

// otherPaths groups the cases about what is no operation.
const otherPaths = "other paths"

// A case that stays what it was is an answer and what GET shows before and after it.
func (t *trial) unchanged(do func() error) error {
	before, err := t.get()
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	after, err := t.get()
	if err != nil {
		return err
	}
	return after.same(before, moving...)
}

// moving are the members of a database that change by themselves while something runs on it.
var moving = []string{"import_progress", "export_progress", "backup_progress", "background_op"}

// refusedUnchanged is a case in which an operation is refused and the database stays as it was.
func refusedUnchanged(operation string, status int, code api.ErrorCode, needs ...need) testCase {
	return testCase{
		operation: operation, status: status, needs: needs,
		do: func(t *trial) error {
			return t.unchanged(func() error { return t.refuses(status, code, t.to(operation)) })
		},
	}
}

// named gives a case its name and the sentence that it holds the server to, if that is not the description of its status.
func (c testCase) named(name string, says ...string) testCase {
	c.name = name
	if len(says) > 0 {
		c.says = says[0]
	}
	return c
}

// leftOpen marks a case of which the documents of Redis Software do not say enough.
func (c testCase) leftOpen(why string) testCase {
	c.open = why
	return c
}
