package server

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/gen/rest"
	"github.com/reimport/reimport/internal/database"
)

// ListModules implements GET /v1/modules.
func (s *Server) ListModules(context.Context, rest.ListModulesRequestObject) (rest.ListModulesResponseObject, error) {
	modules := make(rest.ListModules200JSONResponse, len(s.modules))
	for i, m := range s.modules {
		modules[i] = moduleView(m)
	}
	return modules, nil
}

// GetModule implements GET /v1/modules/{uid}.
func (s *Server) GetModule(_ context.Context, r rest.GetModuleRequestObject) (rest.GetModuleResponseObject, error) {
	m, err := s.modules.Module(r.UID)
	if err != nil {
		return nil, err
	}
	return rest.GetModule200JSONResponse(moduleView(m)), nil
}

func moduleView(m database.Module) api.Module {
	capabilities := append([]string{}, m.Capabilities...)
	return api.Module{
		UID: &m.UID, ModuleName: &m.Name, DisplayName: &m.DisplayName, CapabilityName: &m.CapabilityName,
		SemanticVersion: &m.SemanticVersion, Version: packedVersion(m.SemanticVersion), Capabilities: &capabilities, IsBundled: &m.Bundled,
		Author: new(string), BigstoreVersion2Support: new(bool), CommandLineArgs: &m.CommandLineArgs, CompatibleRedisVersion: new(string),
		ConfigCommand: &m.ConfigCommand, CRDB: json.RawMessage("{}"), Dependencies: json.RawMessage("{}"), Description: new(string),
		Email: new(string), Homepage: new(string), License: new(string), MinRedisVersion: new(string),
	}
}

// packedVersion is MMmmpp: 8.0.1 is 80001, 7.99.91 is 79991.
func packedVersion(semantic string) *int {
	packed := 0
	for _, part := range strings.SplitN(semantic, ".", 3) {
		n, _ := strconv.Atoi(part)
		packed = packed*100 + n
	}
	return &packed
}
