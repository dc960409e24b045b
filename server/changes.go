package server

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/database"
)

// change returns what a request asks for: u holds the members that the rules know, and body all of them.
func (s *Server) change(u *api.BDBUpdate, body any) (c database.Change, err error) {
	c.Name, c.MemorySize, c.Port, c.EmailAlerts = u.Name, u.MemorySize, u.Port, u.EmailAlerts
	c.Backup, c.BackupInterval, c.BackupIntervalOffset, c.BackupHistory = u.Backup, u.BackupInterval, u.BackupIntervalOffset, u.BackupHistory
	if u.SkipImportAnalyze != nil {
		c.SkipImportAnalyze = new(*u.SkipImportAnalyze == "enabled")
	}
	if u.ModuleList != nil {
		c.Modules = new(moduleRefs(*u.ModuleList))
	}
	if u.BackupLocation != nil {
		if c.BackupLocation, err = json.Marshal(withoutCredentials(*u.BackupLocation)); err != nil {
			return c, err
		}
	}
	if u.DatasetImportSources != nil {
		sources, err := s.sources(*u.DatasetImportSources)
		if err != nil {
			return c, err
		}
		c.Sources = &sources
	}
	c.Settings, err = s.views.settings(body)
	return c, err
}

// creation returns what a creation asks for. A BDBCreate has all members of a BDBUpdate, under the same names.
func (s *Server) creation(given *api.BDBCreate) (database.Change, error) {
	var u api.BDBUpdate
	from, to := reflect.ValueOf(given).Elem(), reflect.ValueOf(&u).Elem()
	for i, j := range s.views.created {
		field := from.Field(j)
		if field.Type() != to.Field(i).Type() {
			field = field.Addr() // required in one and optional in the other
		}
		to.Field(i).Set(field)
	}
	return s.change(&u, given)
}

// settings returns the members of a request that no rule knows, by their name on the wire; nil if there are none.
func (v *views) settings(body any) (settings map[string]json.RawMessage, err error) {
	fields := reflect.ValueOf(body).Elem()
	for i := range fields.NumField() {
		if fields.Field(i).IsZero() {
			continue
		}
		name, _, _ := strings.Cut(fields.Type().Field(i).Tag.Get("json"), ",")
		if _, known := ruledMember(name); known {
			continue
		}
		if settings == nil {
			settings = map[string]json.RawMessage{}
		}
		if settings[name], err = json.Marshal(fields.Field(i).Interface()); err != nil {
			return nil, err
		}
	}
	return settings, nil
}

func moduleRefs(given []api.ModuleRef) []database.ModuleRef {
	refs := make([]database.ModuleRef, len(given))
	for i, g := range given {
		refs[i] = database.ModuleRef{UID: value(g.ModuleID), Name: value(g.ModuleName), SemanticVersion: value(g.SemanticVersion), Args: value(g.ModuleArgs)}
	}
	return refs
}

// withoutCredentials is how a backup location is kept: nothing here backs up, so nothing needs its secrets.
func withoutCredentials(l api.BackupLocation) api.BackupLocation {
	l.URL, l.SFTPURL, l.Key = "", "", ""
	l.AccessKeyID, l.SecretAccessKey = "", ""
	l.PrivateKeyID, l.PrivateKey = "", ""
	l.AccountKey, l.SASToken = "", ""
	return l
}

// Masked returns the text of a setting of a database without the secrets in it.
func Masked(name string, text json.RawMessage) json.RawMessage {
	switch name {
	case "authentication_admin_pass", "authentication_redis_pass", "authentication_sasl_pass":
		return json.RawMessage(`""`)
	case "replica_sources", "crdt_sources", "sync_sources":
		return maskSources(text)
	}
	return text
}

// maskSources takes keys and passwords out of a list of sources to sync from. It is empty if the list cannot be read.
func maskSources(text json.RawMessage) json.RawMessage {
	var sources []map[string]json.RawMessage
	if json.Unmarshal(text, &sources) != nil {
		return json.RawMessage("[]")
	}
	for i, source := range sources {
		sources[i] = maskSource(source)
	}
	data, err := json.Marshal(sources)
	if err != nil {
		return json.RawMessage("[]")
	}
	return data
}

// shown are the fields of a source to sync from that hold no secret.
var shown = []string{
	"uid", "status", "compression", "encryption", "lag", "last_update", "rdb_size", "rdb_transferred", "replication_tls_sni", "server_cert", "client_cert",
}

func maskSource(source map[string]json.RawMessage) map[string]json.RawMessage {
	masked := map[string]json.RawMessage{}
	for _, name := range shown {
		if value, ok := source[name]; ok {
			masked[name] = value
		}
	}
	if uri, ok := source["uri"]; ok {
		var text string
		_ = json.Unmarshal(uri, &text) // empty unless it is a string
		masked["uri"], _ = json.Marshal(withoutPassword(text))
	}
	return masked
}

// withoutPassword is empty for what does not read in one way only: an unescaped #, / or @ in a password moves the rest of
// it to where no password is looked for.
func withoutPassword(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || strings.Count(uri, "@") > 1 || strings.Contains(uri, "@") != (u.User != nil) {
		return ""
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}
