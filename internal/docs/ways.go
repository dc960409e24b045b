package docs

import (
	"errors"
	"strings"
)

// way is what stands for an operation on the command line and in Go.
type way struct {
	order int
	id    string
	CLI   string
	Verb  string // the command without its arguments
	Go    string
}

// ways has the operations in the order of the page: the reset first, for which most come here.
var ways = []way{
	{id: "resetBDBImportStatus", Verb: "reimport import reset", CLI: " 1",
		Go: "err := c.ResetImportStatus(ctx, 1) // client.ErrBusy, client.ErrUnsupportedModule, client.ErrNotFound"},
	{id: "startBDBImport", Verb: "reimport import start", CLI: " 1 /mnt/backups/sessions.rdb --wait", Go: `source, err := client.ParseSource("/mnt/backups/sessions.rdb")
if err == nil {
	_, err = c.Import(ctx, 1, source) // client.ErrImportFailed
}`},
	{id: "listBDBs", Verb: "reimport db list", CLI: " --fields uid,name,import_status", Go: `dbs, err := c.ListDatabases(ctx, "uid", "name", "import_status")`},
	{id: "createBDB", Verb: "reimport db create", CLI: " --name sessions --memory-size 1GiB",
		Go: `db, err := c.CreateDatabase(ctx, api.BDBCreate{Name: "sessions", MemorySize: 1 << 30})`},
	{id: "getBDB", Verb: "reimport db get", CLI: " 1", Go: `db, err := c.GetDatabase(ctx, 1)`},
	{id: "updateBDB", Verb: "reimport db update", CLI: " 1 --set skip_import_analyze=enabled",
		Go: `db, err := c.UpdateDatabase(ctx, 1, api.BDBUpdate{SkipImportAnalyze: new("enabled")})`},
	{id: "getBDBAvailability", Verb: "reimport db availability", CLI: " 1",
		Go: "err := c.CheckAvailability(ctx, 1) // client.ErrDatabaseUnavailable, client.ErrNotFound"},
	{id: "getLocalBDBEndpointAvailability", Verb: "reimport db availability", CLI: " 1 --local",
		Go: "err := c.CheckAvailability(ctx, 1, client.LocalEndpoint())"},
	{id: "deleteBDB", Verb: "reimport db delete", CLI: " 7", Go: `db, err := c.DeleteDatabase(ctx, 1)`},
	{id: "listModules", Verb: "reimport module list", Go: `modules, err := c.ListModules(ctx)`},
	{id: "getModule", Verb: "reimport module get", CLI: " b14385b09778a335835ee3ae380bbc77",
		Go: `module, err := c.GetModule(ctx, "b14385b09778a335835ee3ae380bbc77")`},
}

// VerbAnchor is where the page of the command line has the verb.
func (w way) VerbAnchor() string { return strings.ReplaceAll(w.Verb, " ", "-") }

func wayTo(id string) (way, error) {
	for i, w := range ways {
		if w.id == id {
			w.order = i
			return w, nil
		}
	}
	return way{}, errors.New("not in the list of ways")
}
