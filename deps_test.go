package reimport_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestDoors keeps the packages from reaching where they must not: what a package needs, directly or through others,
// holds nothing that its row forbids.
func TestDoors(t *testing.T) {
	const (
		module = "github.com/reimport/reimport"
		echo   = "github.com/labstack/echo"
		kin    = "github.com/getkin/kin-openapi"
		bbolt  = "go.etcd.io/bbolt"
		cobra  = "github.com/spf13/cobra"
	)
	for pkg, forbidden := range map[string][]string{
		"/gen/api":                  {echo, kin, bbolt, cobra, module + "/gen/rest", module + "/internal", module + "/server", module + "/client"},
		"/client":                   {echo, kin, bbolt, cobra, module + "/gen/rest", module + "/internal", module + "/server"},
		"/internal/database":        {echo, kin, bbolt, cobra, module + "/", "net/http"},
		"/internal/event":           {echo, kin, bbolt, cobra, module + "/", "net/http"},
		"/internal/access":          {echo, kin, bbolt, cobra, module + "/", "net", "encoding/json"},
		"/internal/seed":            {echo, kin, bbolt, cobra, module + "/gen", module + "/internal/store", module + "/internal/importer", module + "/server", module + "/client"},
		"/internal/disk":            {echo, kin, bbolt, cobra, module + "/", "net"},
		"/internal/store":           {echo, kin, bbolt, cobra, module + "/gen", module + "/internal/seed", module + "/internal/importer", module + "/server", module + "/client"},
		"/internal/store/bolt":      {echo, kin, cobra, module + "/gen", module + "/internal/seed", module + "/internal/importer", module + "/server", module + "/client"},
		"/internal/store/memory":    {echo, kin, bbolt, cobra, module + "/gen", module + "/internal/seed", module + "/internal/importer", module + "/server", module + "/client"},
		"/internal/run":             {echo, kin, bbolt, cobra, module + "/gen", module + "/internal/seed", module + "/internal/importer", module + "/server", module + "/client", "net/http"},
		"/internal/powerloss":       {echo, kin, bbolt, cobra, module + "/"},
		"/internal/dataplane":       {echo, kin, bbolt, cobra, module + "/gen", module + "/internal/seed", module + "/internal/importer", module + "/server", module + "/client"},
		"/internal/importer":        {echo, kin, bbolt, cobra, module + "/gen", module + "/internal/seed", module + "/server", module + "/client"},
		"/internal/importer/sink":   {echo, kin, cobra, bbolt, module + "/gen", module + "/internal/store", module + "/server", module + "/client"},
		"/internal/importer/source": {echo, kin, cobra, bbolt, module + "/gen", module + "/internal/store", module + "/server", module + "/client"},
		"/internal/importer/rdb":    {module + "/", "net", "encoding/json"},
		"/internal/keyspace":        {echo, kin, bbolt, cobra, module + "/"},
		"/internal/contract":        {echo, bbolt, cobra, module + "/gen", module + "/internal", module + "/server", module + "/client"},
		"/internal/secret":          {echo, bbolt, cobra, module + "/gen", module + "/server", module + "/client"},
		"/internal/control":         {echo, bbolt, cobra, module + "/internal/node", module + "/server", module + "/client", module + "/cmd"},
		"/internal/control/api":     {echo, kin, bbolt, cobra, module + "/"},
		"/internal/control/handler": {bbolt, cobra, module + "/internal/node", module + "/server", module + "/client", module + "/cmd"},
		"/conform":                  {echo, bbolt, cobra, module + "/gen/rest", module + "/server", module + "/internal/store", module + "/internal/node", module + "/cmd"},
		"/internal/node":            {cobra, module + "/client", module + "/cmd", module + "/internal/docs"},
		"/reimporttest":             {cobra, "github.com/chromedp", "github.com/aws", "cloud.google.com/go", "github.com/Azure", "github.com/minio", module + "/cmd", module + "/internal/docs"},
		"/server/web":               {echo, kin, bbolt, cobra, module + "/"},
		"/server":                   {bbolt, cobra, module + "/internal/node", module + "/internal/store/bolt", module + "/internal/seed", module + "/client", module + "/cmd"},
		"/cmd/reimport":             {module + "/internal/docs"},

		"/internal/importer/dataset": {echo, kin, bbolt, cobra, module + "/"},
	} {
		t.Run(pkg, func(t *testing.T) {
			out, err := exec.Command("go", "list", "-deps", module+pkg).Output()
			if err != nil {
				t.Fatal(err)
			}
			for _, dep := range strings.Fields(string(out)) {
				for _, f := range forbidden {
					if (dep == f || strings.HasPrefix(dep, strings.TrimSuffix(f, "/")+"/")) && dep != module+pkg {
						t.Errorf("%s needs %s", pkg, dep)
					}
				}
			}
		})
	}
}
