package conform

import (
	"slices"

	"github.com/reimport/reimport/gen/api"
)

// cases returns all cases that the run has, by operation.
func (r *run) cases() []testCase {
	var all []testCase
	for _, family := range [][]testCase{
		resetCases(), importCases(), scriptCases(), listCases(), createCases(), getCases(), updateCases(), deleteCases(), availabilityCases(), moduleCases(),
		r.accessCases(), r.uidCases(), r.sizeCases(), r.variantCases(), methodCases(), routeCases(), r.unreachable(),
	} {
		all = append(all, family...)
	}
	order := []string{opReset, opStart, opList, opCreate, opGet, opUpdate, opDelete, opAvailable, opLocalAvailable, opListModules, opGetModule, otherPaths}
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

// on gives cases their operation and the status that they are about.
func on(operation string, status int, cases ...testCase) []testCase {
	for i := range cases {
		cases[i].operation, cases[i].status = operation, status
	}
	return cases
}

// refusedUnchanged is a case in which an operation is refused and the database stays as it was.
func refusedUnchanged(operation string, status int, code api.ErrorCode, needs ...need) testCase {
	return testCase{operation: operation, status: status, needs: needs, do: unchanged(refuses(operation, status, code))}
}

// absentDatabase is an operation on a database that does not exist.
func absentDatabase(operation string) testCase {
	return testCase{name: "no such database", operation: operation, status: 404, reads: operation == opGet, do: all(absently, refuses(operation, 404, api.ErrorCodeDBNotExist))}
}

// absently makes the case one of a database that does not exist.
func absently(t *trial) error {
	t.uid = t.absent
	return nil
}

// named gives a case its name and the sentence that it holds the server to, if that is not the description of its status.
func (c testCase) named(name string, says ...string) testCase {
	c.name = name
	if len(says) > 0 {
		c.says = says[0]
	}
	return c
}

// that adds what a case needs, and gives it the sentence that it holds the server to.
func (c testCase) that(n need, says string) testCase {
	c.needs, c.says = append(c.needs, n), says
	return c
}

// leftOpen marks a case of which the documents of Redis Software do not say enough.
func (c testCase) leftOpen(why string) testCase {
	c.open = why
	return c
}
