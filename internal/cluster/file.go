package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/database"
)

// The shape of a set-up file. Fields of a database and a module have the names of the API.
type (
	file struct {
		Demo      bool           `yaml:"demo"`
		Users     []fileUser     `yaml:"users"`
		Modules   []fileModule   `yaml:"modules"`
		Databases []fileDatabase `yaml:"databases"`
	}
	fileUser struct {
		Line         int    `yaml:"-"`
		Email        string `yaml:"email"`
		PasswordHash string `yaml:"password_hash"`
		Role         string `yaml:"role"`
	}
	fileModule struct {
		Line            int      `yaml:"-"`
		UID             string   `yaml:"uid"`
		Name            string   `yaml:"module_name"`
		DisplayName     string   `yaml:"display_name"`
		SemanticVersion string   `yaml:"semantic_version"`
		Capabilities    []string `yaml:"capabilities"`
	}
	fileDatabase struct {
		Line                int          `yaml:"-"`
		UID                 int          `yaml:"uid"`
		Name                string       `yaml:"name"`
		MemorySize          int64        `yaml:"memory_size"`
		Status              string       `yaml:"status"`
		Modules             []fileRef    `yaml:"module_list"`
		SkipImportAnalyze   bool         `yaml:"skip_import_analyze"`
		ImportStatus        string       `yaml:"import_status"`
		ImportProgress      float64      `yaml:"import_progress"`
		ImportFailureReason string       `yaml:"import_failure_reason"`
		Sources             []fileSource `yaml:"dataset_import_sources"`
		ExportStatus        string       `yaml:"export_status"`
		ExportProgress      float64      `yaml:"export_progress"`
		ExportFailureReason string       `yaml:"export_failure_reason"`
		BackupStatus        string       `yaml:"backup_status"`
		BackupProgress      float64      `yaml:"backup_progress"`
		BackupFailureReason string       `yaml:"backup_failure_reason"`
	}
	fileRef struct {
		Name            string `yaml:"module_name"`
		SemanticVersion string `yaml:"semantic_version"`
	}
	fileSource struct {
		Line int    `yaml:"-"`
		Type string `yaml:"type"`
		Path string `yaml:"path"`
		URL  string `yaml:"url"`
	}
)

func parse(name string, data []byte) (*Cluster, error) {
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
	return r.cluster(f)
}

func (r reader) cluster(f file) (*Cluster, error) {
	c := &Cluster{Demo: f.Demo}
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
	c.Modules = append(c.Modules, Bundled()...)
	for i, d := range f.Databases {
		if err := r.addDatabase(c, d, fmt.Sprintf("databases[%d]", i)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (r reader) addUser(c *Cluster, u fileUser, name string) error {
	switch {
	case u.Email == "" || slices.ContainsFunc(c.Users, func(o User) bool { return o.Email == u.Email }):
		return r.refuse(u.Line, name+".email", "an address that no other user has")
	case !slices.Contains(roles, Role(u.Role)):
		return r.refuse(u.Line, name+".role", fmt.Sprintf("one of %q", roles))
	}
	if _, err := bcrypt.Cost([]byte(u.PasswordHash)); err != nil {
		return r.refuse(u.Line, name+".password_hash", "a bcrypt hash, as `reimport hash-password` makes it")
	}
	c.Users = append(c.Users, User{u.Email, u.PasswordHash, Role(u.Role)})
	return nil
}

var moduleUID = regexp.MustCompile(`^[0-9a-f]{32}$`)

func (r reader) addModule(c *Cluster, m fileModule, name string) error {
	switch {
	case !moduleUID.MatchString(m.UID):
		return r.refuse(m.Line, name+".uid", "32 hexadecimal digits in lower case")
	case m.Name == "":
		return r.refuse(m.Line, name+".module_name", "a name")
	case m.SemanticVersion == "":
		return r.refuse(m.Line, name+".semantic_version", "a version such as 1.0.0")
	}
	if _, err := slices.Concat(c.Modules, Bundled()).Module(m.UID); err == nil {
		return r.refuse(m.Line, name+".uid", "a uid that no other module has")
	}
	c.Modules = append(c.Modules, database.Module{UID: m.UID, Name: m.Name, DisplayName: m.DisplayName, SemanticVersion: m.SemanticVersion, Capabilities: m.Capabilities})
	return nil
}
