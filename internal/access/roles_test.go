package access_test

import (
	"testing"

	"github.com/reimport/reimport/internal/access"
)

func TestRoles(t *testing.T) {
	for role, want := range map[access.Role][2]bool{
		access.Admin: {true, true}, access.ClusterMember: {true, true}, access.DBMember: {true, true},
		access.ClusterViewer: {false, true}, access.DBViewer: {false, true}, access.UserManager: {false, true},
		access.None: {false, false}, "": {false, false},
	} {
		if got := [2]bool{role.May("reset_bdb_current_import_status"), role.May("view_bdb_info")}; got != want {
			t.Errorf("%q: may reset and view: %v, want %v", role, got, want)
		}
	}
	if access.Admin.May("no_such_permission") {
		t.Error("a permission that does not exist is granted")
	}
}
