package seed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
)

// The shape of a set-up file. Fields of a database and a module have the names of the API. The comments behind the fields
// are what docs/configuration.md says of them.
type (
	file struct {
		Demo        bool           `yaml:"demo"`         // The passwords are public: a server with this file listens on loopback addresses alone.
		Users       []fileUser     `yaml:"users"`        // Who may log in.
		Modules     []fileModule   `yaml:"modules"`      // Modules of the cluster, beside the bundled ones that are always there. In a seed.
		Databases   []fileDatabase `yaml:"databases"`    // Databases to start with. In a seed.
		MemoryLimit int64          `yaml:"memory_limit"` // Memory of the cluster in bytes, which the limits of its databases may come to; that of --memory-limit if this is left out.
		HighestUID  int            `yaml:"highest_uid"`  // Highest uid that a database ever had: a new one gets the next. In a seed.
	}
	fileUser struct {
		Line         int    `yaml:"-"`
		Email        string `yaml:"email"`         // What the user logs in with. Needed, and no other user's.
		PasswordHash string `yaml:"password_hash"` // A bcrypt hash. Needed.
		Role         string `yaml:"role"`          // admin, cluster_member, db_member, which may do all; cluster_viewer, db_viewer, user_manager, which may look; none. Needed.
	}
	fileModule struct {
		Line                   int      `yaml:"-"`
		UID                    string   `yaml:"uid"`                      // 32 hexadecimal digits in lower case. Needed, and no other module's.
		Name                   string   `yaml:"module_name"`              // Needed.
		DisplayName            string   `yaml:"display_name"`             // The name for people.
		SemanticVersion        string   `yaml:"semantic_version"`         // A version such as 1.0.0. Needed.
		Capabilities           []string `yaml:"capabilities"`             // Databases with a module that lacks backup_restore answer imports and resets with 406.
		CapabilityName         string   `yaml:"capability_name"`          // This and what follows is shown, and has no effect.
		MinRedisVersion        string   `yaml:"min_redis_version"`        // Least version of Redis that it works with.
		CompatibleRedisVersion string   `yaml:"compatible_redis_version"` // Version of Redis that it is made for.
		CommandLineArgs        string   `yaml:"command_line_args"`        // Arguments that it takes.
		ConfigCommand          string   `yaml:"config_command"`           // Command that configures it.
		Author                 string   `yaml:"author"`                   // Who made it.
		Description            string   `yaml:"description"`              // What it does.
		Email                  string   `yaml:"email"`                    // Address of its maker.
		Homepage               string   `yaml:"homepage"`                 // Its page.
		License                string   `yaml:"license"`                  // Its license.
	}
	fileDatabase struct {
		Line                 int           `yaml:"-"`
		UID                  int           `yaml:"uid"`                    // 1 to 2147483647. Needed, and no other database's.
		Name                 string        `yaml:"name"`                   // Letters, digits and hyphens with a letter or digit at both ends, 63 at most. Needed.
		Type                 string        `yaml:"type"`                   // redis (the default) or memcached.
		MemorySize           int64         `yaml:"memory_size"`            // Limit in bytes, 0 for none.
		Port                 int           `yaml:"port"`                   // Port of its endpoint, 0 for none.
		DataPlane            string        `yaml:"data_plane"`             // simulated, local, or attached, which has a redis. That of --data-plane if this is left out, but simulated with import_scripts, with another type than redis, or with a state that no Redis has: another status than active, or an import, an export or a backup that runs.
		Redis                fileRedis     `yaml:"redis"`                  // The Redis that it is attached to. An import erases what that holds.
		Status               string        `yaml:"status"`                 // pending, active (the default), active-change-pending, delete-pending, import-pending, creation-failed or recovery. import-pending where an import runs, and only there.
		Modules              []fileRef     `yaml:"module_list"`            // Its modules; the bundled ones where this is left out.
		SkipImportAnalyze    bool          `yaml:"skip_import_analyze"`    // Imports are not held against memory_size.
		EmailAlerts          bool          `yaml:"email_alerts"`           // Whether alerts go out by email.
		Backup               bool          `yaml:"backup"`                 // Whether periodic backups are on.
		BackupInterval       int           `yaml:"backup_interval"`        // Seconds between them.
		BackupIntervalOffset int           `yaml:"backup_interval_offset"` // Seconds, less than backup_interval.
		BackupHistory        int           `yaml:"backup_history"`         // Days that they are kept, 0 for ever.
		BackupLocation       string        `yaml:"backup_location"`        // Where they go, in JSON, without credentials.
		ImportStatus         string        `yaml:"import_status"`          // idle, initializing, importing, succeeded or failed; empty, the default, where none ever ran. One that runs here belongs to nobody and never ends.
		ImportProgress       float64       `yaml:"import_progress"`        // Percent; 100 where the import succeeded, and only there.
		ImportFailureReason  string        `yaml:"import_failure_reason"`  // Why the import failed, as the API has it. Needed where it did, and only there.
		Sources              []fileSource  `yaml:"dataset_import_sources"` // What an import that names no sources takes.
		Scripts              []fileScript  `yaml:"import_scripts"`         // How the imports go that are started: each takes the next script. Without any left, an import goes as its files say.
		ExportStatus         string        `yaml:"export_status"`          // idle, exporting, succeeded or failed; empty, the default, where none ever ran.
		ExportProgress       float64       `yaml:"export_progress"`        // Percent.
		ExportFailureReason  string        `yaml:"export_failure_reason"`  // no-permission, wrong-file-path or general-error, where the export failed.
		BackupStatus         string        `yaml:"backup_status"`          // As export_status.
		BackupProgress       float64       `yaml:"backup_progress"`        // Percent.
		BackupFailureReason  string        `yaml:"backup_failure_reason"`  // As export_failure_reason.
		LastExportTime       string        `yaml:"last_export_time"`       // When the last export ended, as 2026-01-02T03:04:05Z.
		LastBackupTime       string        `yaml:"last_backup_time"`       // When the last backup ended.
		CreatedTime          string        `yaml:"created_time"`           // When it was created; the time of the start if this is left out.
		LastChangedTime      string        `yaml:"last_changed_time"`      // When it was last changed; the time of the start if this is left out.
		Settings             []fileSetting `yaml:"settings"`               // Its other settings.
	}
	fileRedis struct {
		Line           int    `yaml:"-"`
		URL            string `yaml:"url"`              // `redis://host:port`, `rediss://host:port` for TLS, or `unix:///path`. A user and a password may stand in it. Needed.
		Username       string `yaml:"username"`         // User to log in as; the default user if this is left out.
		Password       string `yaml:"password"`         // Password to log in with. Nothing shows or dumps it.
		PasswordFile   string `yaml:"password_file"`    // File with the password in its first line.
		CACertFile     string `yaml:"ca_cert_file"`     // PEM file of the certificates to trust; the system's if this is left out.
		ClientCertFile string `yaml:"client_cert_file"` // PEM file of the certificate to log in with.
		ClientKeyFile  string `yaml:"client_key_file"`  // PEM file of its key.
	}
	fileSetting struct {
		Name  string `yaml:"name"`  // Its name in the API. Needed, and given once.
		Value string `yaml:"value"` // Its value, in JSON. Needed.
	}
	fileRef struct {
		UID             string `yaml:"module_id"`        // Its uid; any where this is left out.
		Name            string `yaml:"module_name"`      // A module of the cluster. Needed.
		SemanticVersion string `yaml:"semantic_version"` // Its version; any where this is left out.
		Args            string `yaml:"module_args"`      // Its arguments.
	}
	fileScript struct {
		Line     int     `yaml:"-"`
		Outcome  string  `yaml:"outcome"`  // succeeded, or a failure reason of the API, whatever the files are; they are fetched and checked all the same. As they say if this is left out: one that cannot be loaded fails in initializing, at the end of its pace. An import whose script has it fail keeps its progress: at, that of the step before the end, or for timed the last that a request has found.
		Pace     string  `yaml:"pace"`     // immediate (the default), timed, polled, or frozen, which is until the controls release it. Requests for the database find an import where its pace has it.
		Duration string  `yaml:"duration"` // Of timed, and needed there: how long it takes from its start by the domain clock, such as 30s. It is initializing for the first tenth; its progress is the part of its time that has gone.
		Steps    int     `yaml:"steps"`    // Of polled, and needed there: which GET of the database shows the end, 1 to 1000000. The first one before shows initializing; the others show progress in equal steps, for 5 steps 25, 50 and 75.
		At       float64 `yaml:"at"`       // Of frozen: the progress where it stands still, 0 to 99.9. At 0 that is initializing.
		Repeat   bool    `yaml:"repeat"`   // Whether the imports that follow take this script too.
	}
	fileSource struct {
		Line int    `yaml:"-"`
		Type string `yaml:"type"` // mount_point or url. Needed.
		Path string `yaml:"path"` // Of a mount_point: the absolute path.
		URL  string `yaml:"url"`  // Of a url: the URL.
	}
)

// Parse is Read of what may not be in a file: its errors have name for that of one.
func Parse(name string, data []byte) (*Seed, error) {
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
	c := &Seed{Demo: f.Demo, HighestUID: f.HighestUID, MemoryLimit: f.MemoryLimit}
	if f.MemoryLimit < 0 {
		return nil, r.refuse(1, "memory_limit", "bytes, an integer above 0")
	}
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
	if f.HighestUID < 0 || f.HighestUID > database.MaxUID {
		return nil, r.refuse(1, "highest_uid", fmt.Sprintf("an integer from 0 to %d", database.MaxUID))
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
