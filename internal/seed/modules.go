package seed

import (
	"regexp"
	"slices"

	"github.com/reimport/reimport/internal/database"
)

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
	c.Modules = append(c.Modules, m.module())
	return nil
}

func (m fileModule) module() database.Module {
	return database.Module{
		UID: m.UID, Name: m.Name, DisplayName: m.DisplayName, SemanticVersion: m.SemanticVersion, Capabilities: m.Capabilities,
		CapabilityName: m.CapabilityName, MinRedisVersion: m.MinRedisVersion, CompatibleRedisVersion: m.CompatibleRedisVersion,
		CommandLineArgs: m.CommandLineArgs, ConfigCommand: m.ConfigCommand, Author: m.Author, Description: m.Description,
		Email: m.Email, Homepage: m.Homepage, License: m.License,
	}
}

func writtenModule(m database.Module) fileModule {
	return fileModule{
		UID: m.UID, Name: m.Name, DisplayName: m.DisplayName, SemanticVersion: m.SemanticVersion, Capabilities: m.Capabilities,
		CapabilityName: m.CapabilityName, MinRedisVersion: m.MinRedisVersion, CompatibleRedisVersion: m.CompatibleRedisVersion,
		CommandLineArgs: m.CommandLineArgs, ConfigCommand: m.ConfigCommand, Author: m.Author, Description: m.Description,
		Email: m.Email, Homepage: m.Homepage, License: m.License,
	}
}
