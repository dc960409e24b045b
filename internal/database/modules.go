package database

import "slices"

// BackupRestore is the capability that a module needs for its database to be imported into.
const BackupRestore = "backup_restore"

// Module is a module of the cluster.
type Module struct {
	UID                    string // 32 hexadecimal digits
	Name                   string
	DisplayName            string
	CapabilityName         string
	SemanticVersion        string
	Capabilities           []string
	Bundled                bool
	MinRedisVersion        string
	CompatibleRedisVersion string
	CommandLineArgs        string
	ConfigCommand          string
	Author                 string
	Description            string
	Email                  string
	Homepage               string
	License                string
}

// ModuleRef names a module of a database: by uid, or by name and, where there are several, version.
type ModuleRef struct {
	UID             string
	Name            string
	SemanticVersion string
	Args            string `json:",omitempty"`
}

// Catalog holds the cluster's modules, the newest version of each name first.
type Catalog []Module

// Module returns the module with this uid, or ErrModuleNotExist.
func (c Catalog) Module(uid string) (Module, error) {
	i := slices.IndexFunc(c, func(m Module) bool { return m.UID == uid })
	if i < 0 {
		return Module{}, ErrModuleNotExist
	}
	return c[i], nil
}

// supports reports whether the capabilities that all of the modules have in common hold the named one. A module that
// has left the catalog is known to support nothing.
func (c Catalog) supports(modules []ModuleRef, capability string) bool {
	for _, ref := range modules {
		m, err := c.Module(ref.UID)
		if err != nil || !slices.Contains(m.Capabilities, capability) {
			return false
		}
	}
	return true
}

func (c Catalog) resolve(refs []ModuleRef) ([]ModuleRef, error) {
	resolved := make([]ModuleRef, 0, len(refs))
	for _, ref := range refs {
		i := slices.IndexFunc(c, func(m Module) bool { return ref.names(m) })
		if i < 0 {
			return nil, ErrMissingModule
		}
		found := c[i].ref()
		found.Args = ref.Args
		resolved = append(resolved, found)
	}
	return resolved, nil
}

func (c Catalog) bundled() []ModuleRef {
	var refs []ModuleRef
	for _, m := range c {
		if m.Bundled && !slices.ContainsFunc(refs, func(r ModuleRef) bool { return r.Name == m.Name }) {
			refs = append(refs, m.ref())
		}
	}
	return refs
}

func (m Module) ref() ModuleRef {
	return ModuleRef{UID: m.UID, Name: m.Name, SemanticVersion: m.SemanticVersion}
}

// names reports whether what r gives, which must be something, is true of m.
func (r ModuleRef) names(m Module) bool {
	return (r.UID != "" || r.Name != "") &&
		(r.UID == "" || r.UID == m.UID) &&
		(r.Name == "" || r.Name == m.Name) &&
		(r.SemanticVersion == "" || r.SemanticVersion == m.SemanticVersion)
}
