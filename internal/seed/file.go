package seed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
)

// The shape of a set-up file. Fields of a database and a module have the names of the API. The comments behind the fields
// are what docs/configuration.md says of them.
type (
	file struct {
		Demo      bool           `yaml:"demo"`      // The passwords are public: a server with this file listens on loopback addresses alone.
		Users     []fileUser     `yaml:"users"`     // Who may log in.
		Modules   []fileModule   `yaml:"modules"`   // Modules of the cluster, beside the bundled ones that are always there. In a seed.
		Databases []fileDatabase `yaml:"databases"` // Databases to start with. In a seed.
	}
	fileUser struct {
		Line         int    `yaml:"-"`
		Email        string `yaml:"email"`         // What the user logs in with. Needed, and no other user's.
		PasswordHash string `yaml:"password_hash"` // A bcrypt hash. Needed.
		Role         string `yaml:"role"`          // admin, cluster_member, db_member, which may do all; cluster_viewer, db_viewer, user_manager, which may look; none. Needed.
	}
	fileModule struct {
		Line            int      `yaml:"-"`
		UID             string   `yaml:"uid"`              // 32 hexadecimal digits in lower case. Needed, and no other module's.
		Name            string   `yaml:"module_name"`      // Needed.
		DisplayName     string   `yaml:"display_name"`     // The name for people.
		SemanticVersion string   `yaml:"semantic_version"` // A version such as 1.0.0. Needed.
		Capabilities    []string `yaml:"capabilities"`     // Databases with a module that lacks backup_restore answer imports and resets with 406.
	}
	fileDatabase struct {
		Line                int          `yaml:"-"`
		UID                 int          `yaml:"uid"`                    // 1 to 2147483647. Needed, and no other database's.
		Name                string       `yaml:"name"`                   // Letters, digits and hyphens with a letter or digit at both ends, 63 at most. Needed.
		MemorySize          int64        `yaml:"memory_size"`            // Limit in bytes, 0 for none.
		Status              string       `yaml:"status"`                 // pending, active (the default), active-change-pending, delete-pending, import-pending, creation-failed or recovery. import-pending where an import runs, and only there.
		Modules             []fileRef    `yaml:"module_list"`            // Its modules; the bundled ones where this is left out.
		SkipImportAnalyze   bool         `yaml:"skip_import_analyze"`    // Imports are not held against memory_size.
		ImportStatus        string       `yaml:"import_status"`          // idle, initializing, importing, succeeded or failed; empty, the default, where none ever ran. One that runs here belongs to nobody and never ends.
		ImportProgress      float64      `yaml:"import_progress"`        // Percent; 100 where the import succeeded, and only there.
		ImportFailureReason string       `yaml:"import_failure_reason"`  // Why the import failed, as the API has it. Needed where it did, and only there.
		Sources             []fileSource `yaml:"dataset_import_sources"` // What an import that names no sources takes.
		ExportStatus        string       `yaml:"export_status"`          // idle, exporting, succeeded or failed; empty, the default, where none ever ran.
		ExportProgress      float64      `yaml:"export_progress"`        // Percent.
		ExportFailureReason string       `yaml:"export_failure_reason"`  // no-permission, wrong-file-path or general-error, where the export failed.
		BackupStatus        string       `yaml:"backup_status"`          // As export_status.
		BackupProgress      float64      `yaml:"backup_progress"`        // Percent.
		BackupFailureReason string       `yaml:"backup_failure_reason"`  // As export_failure_reason.
	}
	fileRef struct {
		Name            string `yaml:"module_name"`      // A module of the cluster. Needed.
		SemanticVersion string `yaml:"semantic_version"` // Its version; any where this is left out.
	}
	fileSource struct {
		Line int    `yaml:"-"`
		Type string `yaml:"type"` // mount_point or url. Needed.
		Path string `yaml:"path"` // Of a mount_point: the absolute path.
		URL  string `yaml:"url"`  // Of a url: the URL.
	}
)

func parse(name string, data []byte) (*Seed, error) {
	var doc yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: expected one YAML document", name)
	}
	r := reader{name}
	var f file
	if len(doc.Content) > 0 {
		if err := r.mapping(doc.Content[0], "", &f); err != nil {
			return nil, err
		}
	}
	return r.seed(f)
}

func (r reader) seed(f file) (*Seed, error) {
	c := &Seed{Demo: f.Demo}
	for i, u := range f.Users {
		if err := r.addUser(c, u, fmt.Sprintf("users[%d]", i)); err != nil {
			return nil, err
		}
	}
	for i, m := range f.Modules {
		if err := r.addModule(c, m, fmt.Sprintf("modules[%d]", i)); err != nil {
			return nil, err
		}
	}
	c.Modules = append(c.Modules, database.Bundled()...)
	for i, d := range f.Databases {
		if err := r.addDatabase(c, d, fmt.Sprintf("databases[%d]", i)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (r reader) addUser(c *Seed, u fileUser, name string) error {
	switch {
	case access.CheckEmail(u.Email) != nil || slices.ContainsFunc(c.Users, func(o access.User) bool { return o.Email == u.Email }):
		return r.refuse(u.Line, name+".email", "an address without a colon that no other user has, 1 to 254 bytes without control characters")
	case !slices.Contains(access.Roles(), access.Role(u.Role)):
		return r.refuse(u.Line, name+".role", fmt.Sprintf("one of %q", access.Roles()))
	}
	if access.CheckHash(u.PasswordHash) != nil {
		return r.refuse(u.Line, name+".password_hash", "a bcrypt hash, as `reimport hash-password` makes it")
	}
	c.Users = append(c.Users, access.User{Email: u.Email, PasswordHash: u.PasswordHash, Role: access.Role(u.Role)})
	return nil
}

var moduleUID = regexp.MustCompile(`^[0-9a-f]{32}$`)

func (r reader) addModule(c *Seed, m fileModule, name string) error {
	switch {
	case !moduleUID.MatchString(m.UID):
		return r.refuse(m.Line, name+".uid", "32 hexadecimal digits in lower case")
	case m.Name == "":
		return r.refuse(m.Line, name+".module_name", "a name")
	case m.SemanticVersion == "":
		return r.refuse(m.Line, name+".semantic_version", "a version such as 1.0.0")
	}
	if _, err := slices.Concat(c.Modules, database.Bundled()).Module(m.UID); err == nil {
		return r.refuse(m.Line, name+".uid", "a uid that no other module has")
	}
	c.Modules = append(c.Modules, database.Module{UID: m.UID, Name: m.Name, DisplayName: m.DisplayName, SemanticVersion: m.SemanticVersion, Capabilities: m.Capabilities})
	return nil
}
