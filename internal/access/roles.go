package access

import "slices"

// Role is the name of a set of permissions.
type Role string

// The roles of Redis Software, and none, which may do nothing.
const (
	Admin         Role = "admin"
	ClusterMember Role = "cluster_member"
	ClusterViewer Role = "cluster_viewer"
	DBMember      Role = "db_member"
	DBViewer      Role = "db_viewer"
	UserManager   Role = "user_manager"
	None          Role = "none"
)

// Roles returns all roles.
func Roles() []Role {
	return []Role{Admin, ClusterMember, ClusterViewer, DBMember, DBViewer, UserManager, None}
}

var (
	everybody = []Role{Admin, ClusterMember, ClusterViewer, DBMember, DBViewer, UserManager}
	members   = []Role{Admin, ClusterMember, DBMember}
)

// granted is Redis Software's table of permissions, as far as operations here need them.
var granted = map[string][]Role{
	"create_bdb":                      members,
	"delete_bdb":                      members,
	"reset_bdb_current_import_status": members,
	"start_bdb_import":                members,
	"update_bdb":                      members,
	"view_all_bdbs_info":              everybody,
	"view_bdb_info":                   everybody,
	"view_cluster_modules":            everybody,
}

// May reports whether a user in this role has the permission.
func (r Role) May(permission string) bool { return slices.Contains(granted[permission], r) }

// RolesWith returns the roles that have the permission.
func RolesWith(permission string) []Role { return slices.Clone(granted[permission]) }

// KnownPermission reports whether there is such a permission at all.
func KnownPermission(permission string) bool { return granted[permission] != nil }
