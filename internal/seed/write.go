package seed

import (
	"bytes"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/reimport/reimport/internal/database"
)

// Write writes s as a set-up file that Read reads, behind a comment. The bundled modules are not in it, as they are always
// there.
func Write(w io.Writer, comment string, s *Seed) error {
	f := file{Demo: s.Demo, MemoryLimit: s.MemoryLimit, HighestUID: s.HighestUID}
	for _, u := range s.Users {
		f.Users = append(f.Users, fileUser{Email: u.Email, PasswordHash: u.PasswordHash, Role: string(u.Role)})
	}
	for _, m := range s.Modules {
		if !m.Bundled {
			f.Modules = append(f.Modules, writtenModule(m))
		}
	}
	for _, db := range s.Databases {
		d := writtenDatabase(db)
		d.DataPlane = s.writtenPlane(db)
		d.Scripts = writtenScripts(s.Scripts[db.UID])
		f.Databases = append(f.Databases, d)
	}
	node, err := encode(reflect.ValueOf(f))
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for line := range strings.Lines(comment) {
		text.WriteString("# " + strings.TrimSuffix(line, "\n") + "\n")
	}
	e := yaml.NewEncoder(&text)
	e.SetIndent(2)
	if err := e.Encode(node); err != nil {
		return err
	}
	_, err = w.Write(text.Bytes())
	return err
}

func writtenDatabase(db *database.Database) fileDatabase {
	d := fileDatabase{
		UID: db.UID, Name: db.Name, Type: db.Type, MemorySize: db.MemorySize, Port: db.Port, Status: string(db.Status),
		Modules: []fileRef{}, SkipImportAnalyze: db.SkipImportAnalyze, EmailAlerts: db.EmailAlerts,
		Backup: db.BackupPolicy.Enabled, BackupInterval: db.BackupPolicy.Interval, BackupIntervalOffset: db.BackupPolicy.IntervalOffset,
		BackupHistory: db.BackupPolicy.History, BackupLocation: string(db.BackupPolicy.Location),
		ImportStatus: string(db.Import.Status), ImportProgress: db.Import.Progress, ImportFailureReason: string(db.Import.FailureReason),
		ExportStatus: string(db.Export.Status), ExportProgress: db.Export.Progress, ExportFailureReason: db.Export.FailureReason,
		BackupStatus: string(db.Backup.Status), BackupProgress: db.Backup.Progress, BackupFailureReason: db.Backup.FailureReason,
		LastExportTime: written(db.Export.LastTime), LastBackupTime: written(db.Backup.LastTime),
		CreatedTime: written(db.CreatedTime), LastChangedTime: written(db.LastChangedTime),
	}
	if db.DataPlane != database.Simulated {
		d.Status, d.Redis = "", writtenRedis(db.Redis) // its Redis says what it is
	}
	for _, ref := range db.Modules {
		d.Modules = append(d.Modules, fileRef(ref))
	}
	for _, s := range db.Import.Sources {
		source := fileSource{Type: s.Type, URL: s.Location}
		if s.Type == database.SourceMountPoint {
			source.Path, source.URL = s.Location, ""
		}
		d.Sources = append(d.Sources, source)
	}
	for _, name := range slices.Sorted(maps.Keys(db.Settings)) {
		d.Settings = append(d.Settings, fileSetting{name, string(db.Settings[name])})
	}
	return d
}

func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// encode is the reverse of reader.value. It leaves out fields with their zero value, which they get when Read finds none.
func encode(value reflect.Value) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.MappingNode}
	switch value.Kind() {
	default:
		return node, node.Encode(value.Interface())
	case reflect.String: // nearly all that there is; Encode begins an encoder for each
		if node.SetString(value.String()); node.Style == yaml.LiteralStyle {
			node.Style = yaml.DoubleQuotedStyle // the yaml package does not read back all lines that begin with a tab
		}
	case reflect.Int, reflect.Int64:
		node.Kind, node.Tag, node.Value = yaml.ScalarNode, "!!int", strconv.FormatInt(value.Int(), 10)
	case reflect.Slice:
		node.Kind = yaml.SequenceNode
		if value.Len() == 0 {
			node.Style = yaml.FlowStyle
		}
		for i := range value.Len() {
			item, err := encode(value.Index(i))
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, item)
		}
	case reflect.Struct:
		for i := range value.NumField() {
			tag := value.Type().Field(i).Tag.Get("yaml")
			if tag == "-" || value.Field(i).IsZero() {
				continue
			}
			field, err := encode(value.Field(i))
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: tag}, field)
		}
	}
	return node, nil
}
