package server

import (
	"fmt"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/database"
)

// sources returns what the importer can fetch, and refuses by name what it cannot yet or may not.
func (s *Server) sources(given []api.ImportSource) ([]database.Source, error) {
	sources := make([]database.Source, 0, len(given))
	for i, g := range given {
		value, err := g.ValueByDiscriminator()
		if err != nil {
			return nil, err
		}
		switch v := value.(type) {
		case api.MountPointSource:
			sources = append(sources, database.Source{Type: database.SourceMountPoint, Location: v.Path})
		case api.URLSource:
			sources = append(sources, database.Source{Type: database.SourceURL, Location: v.URL})
		default:
			name, _ := g.Discriminator()
			return nil, refuse(errSchema, fmt.Sprintf("dataset_import_sources[%d].type: this server cannot import from %s yet, expected mount_point or url", i, name))
		}
	}
	return sources, s.importer.CheckSources(sources)
}
