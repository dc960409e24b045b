package server

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/database"
)

// ruled are the fields of a request that the rules know. The others are settings, kept as they came.
var ruled = []string{
	"uid", "type", "name", "memory_size", "port", "module_list", "dataset_import_sources", "skip_import_analyze", "email_alerts",
	"backup", "backup_interval", "backup_interval_offset", "backup_history", "backup_location",
}

// change returns what the body of a creation or an update asks for.
func (s *Server) change(body any) (c database.Change, err error) {
	data, err := json.Marshal(body)
	if err != nil {
		return c, err
	}
	var u api.BDBUpdate
	if err := json.Unmarshal(data, &u); err != nil {
		return c, err
	}
	if err := json.Unmarshal(data, &c.Settings); err != nil {
		return c, err
	}
	for _, name := range ruled {
		delete(c.Settings, name)
	}
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
	return c, nil
}

func moduleRefs(given []api.ModuleRef) []database.ModuleRef {
	refs := make([]database.ModuleRef, len(given))
	for i, g := range given {
		args, _ := value(g.ModuleArgs).(string)
		refs[i] = database.ModuleRef{UID: value(g.ModuleID), Name: value(g.ModuleName), SemanticVersion: value(g.SemanticVersion), Args: args}
	}
	return refs
}

// withoutCredentials is how a backup location is kept: nothing here backs up, so nothing needs its secrets.
func withoutCredentials(l api.BackupLocation) api.BackupLocation {
	l.URL, l.SFTPURL, l.Key = nil, nil, nil
	l.AccessKeyID, l.SecretAccessKey = nil, nil
	l.PrivateKeyID, l.PrivateKey = nil, nil
	l.AccountKey, l.SASToken = nil, nil
	return l
}

// maskCredentials empties the passwords of a bdb, and takes keys and passwords out of the sources it syncs from.
func maskCredentials(bdb *api.BDB) {
	none := ""
	bdb.AuthenticationAdminPass, bdb.AuthenticationRedisPass, bdb.AuthenticationSASLPass = &none, &none, &none
	for _, list := range []**[]map[string]any{&bdb.ReplicaSources, &bdb.CRDTSources, &bdb.SyncSources} {
		if *list == nil {
			continue
		}
		masked := make([]map[string]any, len(**list))
		for i, source := range **list {
			masked[i] = maskSource(source)
		}
		*list = &masked
	}
}

// shown are the fields of a source to sync from that hold no secret.
var shown = []string{
	"uid", "status", "compression", "encryption", "lag", "last_update", "rdb_size", "rdb_transferred", "replication_tls_sni", "server_cert", "client_cert",
}

func maskSource(source map[string]any) map[string]any {
	masked := map[string]any{}
	for _, name := range shown {
		if value, ok := source[name]; ok {
			masked[name] = value
		}
	}
	if uri, ok := source["uri"]; ok {
		masked["uri"] = withoutPassword(uri)
	}
	return masked
}

// withoutPassword is empty for what does not read in one way only: an unescaped #, / or @ in a password moves the rest of
// it to where no password is looked for.
func withoutPassword(uri any) string {
	text, _ := uri.(string)
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || strings.Count(text, "@") > 1 || strings.Contains(text, "@") != (u.User != nil) {
		return ""
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}
