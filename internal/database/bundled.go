package database

import "slices"

// Bundled returns the modules that every cluster has: those of Redis Software 8.2, all capable of backup_restore.
func Bundled() Catalog {
	catalog := Catalog{
		{UID: "b14385b09778a335835ee3ae380bbc77", Name: "bf", DisplayName: "RedisBloom", CapabilityName: "Probabilistic", SemanticVersion: "8.0.1"},
		{UID: "4e6efe7fa848e35cbae142dd1e4564a2", Name: "search", DisplayName: "RediSearch 2", CapabilityName: "Search and query", SemanticVersion: "7.99.91",
			CommandLineArgs: "PARTITIONS AUTO", ConfigCommand: "_FT.CONFIG SET"},
		{UID: "259bc961ae0ed766d6294bcdb7af9039", Name: "ReJSON", DisplayName: "RedisJSON", CapabilityName: "JSON", SemanticVersion: "7.99.3"},
		{UID: "891142de155df09c6739543b422178f4", Name: "timeseries", DisplayName: "RedisTimeSeries", CapabilityName: "Time Series", SemanticVersion: "8.0.2"},
	}
	for i := range catalog {
		catalog[i].Bundled = true
		catalog[i].Capabilities = slices.Clone(commonCapabilities)
	}
	return catalog
}

// commonCapabilities are what all bundled modules of a recorded cluster have.
var commonCapabilities = []string{
	BackupRestore, "clustering", "eviction_expiry", "failover_migrate", "flash", "hash_policy", "intershard_tls",
	"intershard_tls_pass", "ipv6", "persistence_aof", "persistence_rdb", "replica_of", "reshard_rebalance", "types",
}
