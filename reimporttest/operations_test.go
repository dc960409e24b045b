package reimporttest_test

import (
	"testing"

	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/reimporttest"
)

// TestOperations: there is a name for each operation of the contract.
func TestOperations(t *testing.T) {
	c, err := contract.Load()
	if err != nil {
		t.Fatal(err)
	}
	all := []reimporttest.Operation{
		reimporttest.ListDatabases, reimporttest.GetDatabase, reimporttest.CreateDatabase, reimporttest.UpdateDatabase, reimporttest.DeleteDatabase,
		reimporttest.StartImport, reimporttest.ResetImportStatus, reimporttest.CheckAvailability, reimporttest.CheckEndpoint, reimporttest.ListModules, reimporttest.GetModule,
	}
	for _, operation := range all {
		if c.Operation(string(operation)) == nil {
			t.Errorf("there is no %s", operation)
		}
	}
	if len(c.Operations) != len(all) {
		t.Errorf("%d of %d operations have a name", len(all), len(c.Operations))
	}
}
