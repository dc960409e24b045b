package conform

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A recording is what is known of an object in real answers: the JSON types of its members. Values are not kept.
type recording struct {
	object  string
	source  string // and the release
	members map[string]string
}

// The sources of recordings.
const (
	fixtures80 = "tests/fixtures of redis-developer/redis-enterprise-rs at c4c9342: a single node of software 100.0.21-16135 with Redis 8.0, October 2025"
	lab784     = "SHARED/CURLs of Redislabs-Solution-Architects/VagrantRedisLab at 0aa0766: Redis Software 7.8.4-66, February to May 2025"
	lagAware   = "notes/lag-aware of StackExchange/StackExchange.Redis at 10b2c0be: Redis Software 8.0.22, 2026"
)

// recordings are all that is known, the newest of an object first: reimport shows all that is in it. Another transcript of a
// cluster belongs here.
var recordings = []recording{
	{"bdb", fixtures80, typed(map[string]string{
		"string": `active_defrag_ignore_bytes activedefrag aof_policy authentication_admin_pass authentication_redis_pass authentication_sasl_pass
			authentication_sasl_uname backup_failure_reason backup_status client_cert_subject_validation_type conns_type crdt_guid crdt_modules
			crdt_replicas crdt_sync created_time data_persistence dns_address_master eviction_policy export_failure_reason export_status
			gradual_src_mode gradual_sync_mode hash_slots_policy import_failure_reason import_status last_changed_time multi_commands_opt name
			proxy_policy redis_version repl_backlog_size replica_sync sched_policy shards_placement skip_import_analyze slave_buffer status sync
			syncer_mode tls_mode type version`,
		"number": `active_defrag_cycle_max active_defrag_cycle_min active_defrag_max_scan_fields active_defrag_threshold_lower
			active_defrag_threshold_upper backup_history backup_interval backup_progress bigstore_max_ram_ratio bigstore_ram_size bigstore_version
			conns export_progress group_uid import_progress max_aof_file_size max_aof_load_time max_client_pipeline max_connections max_pipelined
			maxclients memory_size port recovery_wait_time shards_count slave_ha_priority throughput_ingress topology_epoch
			tracking_table_max_keys uid`,
		"boolean": `auto_upgrade backup bigstore compare_key_hslot crdt data_internode_encryption db_conns_auditing default_user email_alerts
			flush_on_fullsync generate_text_monitor implicit_shard_key internal master_persistence metrics_export_all mkms
			mtls_allow_outdated_certs mtls_allow_weak_hashing oss_cluster oss_sharding rack_aware redis_cluster_enabled replica_read_only
			replication resp3 shard_block_crossslot_keys shard_block_foreign_keys sharding slave_ha ssl use_selective_flush wait_command`,
		"array": `acl authentication_ssl_client_certs authentication_ssl_crdt_certs authorized_subjects background_op crdt_sources
			dataset_import_sources dns_suffixes endpoints module_list replica_sources roles_permissions shard_key_regex shard_list
			snapshot_policy sync_sources`,
	})},
	{"bdb", lab784, typed(map[string]string{
		"string": "enforce_client_authentication import_status status", "number": "backup_interval backup_interval_offset import_progress",
		"array": "dataset_import_sources endpoints tags",
	})},
	{"module of a bdb", fixtures80, typed(map[string]string{"string": "module_args module_id module_name semantic_version"})},
	{"operation of a bdb", fixtures80, typed(map[string]string{"string": "status"})},
	{"operation of a deleted bdb", lab784, typed(map[string]string{"string": "name status", "number": "progress"})},
	{"endpoint of a bdb", fixtures80, typed(map[string]string{
		"string": "addr_type dns_name oss_cluster_api_preferred_endpoint_type oss_cluster_api_preferred_ip_type proxy_policy uid", "number": "port", "array": "addr",
	})},
	{"module", fixtures80, typed(map[string]string{
		"string": `author capability_name command_line_args compatible_redis_version config_command description display_name email homepage
			license min_redis_version module_name semantic_version uid`,
		"number": "version", "boolean": "bigstore_version_2_support is_bundled", "array": "capabilities", "object": "crdb dependencies",
	})},
	{"error", lab784, typed(map[string]string{"string": "description error_code"})},
	{"error", lagAware, typed(map[string]string{"string": "description error_code"})},
}

// A Recording is an object of which real answers are on record, and where.
type Recording struct{ Object, Source string }

// Recordings returns what the suite holds servers to beside the contract.
func Recordings() (all []Recording) {
	for _, r := range recordings {
		all = append(all, Recording{r.object, r.source})
	}
	return all
}

// typed lists names by their type.
func typed(byType map[string]string) map[string]string {
	members := map[string]string{}
	for kind, names := range byType {
		for name := range strings.FieldsSeq(names) {
			members[name] = kind
		}
	}
	return members
}

// fits compares an object with what is recorded. What differs on a cluster is new knowledge.
func (t *trial) fits(what string, o object) error {
	of := slices.DeleteFunc(slices.Clone(recordings), func(r recording) bool { return r.object != what })
	for i, r := range of {
		for _, name := range slices.Sorted(maps.Keys(r.members)) {
			want, got := r.members[name], typeOf(o[name])
			switch {
			case got == want, got == missing && i > 0:
			case t.ours:
				return broken("%s: %s is %s, recorded as %s (%s)", what, name, got, want, r.source)
			default:
				t.saw("%s: %s is %s, recorded as %s (%s)", what, name, got, want, r.source)
			}
		}
	}
	return nil
}

const missing = "missing"

// typeOf is the JSON type of a decoded value.
func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return missing
	case bool:
		return "boolean"
	case json.Number, float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return fmt.Sprintf("%T", value)
}

// fitsEach is fits for the items of a member.
func (t *trial) fitsEach(what string, items any) error {
	list, _ := items.([]any)
	for _, item := range list {
		members, _ := item.(map[string]any)
		if err := t.fits(what, members); err != nil {
			return err
		}
	}
	return nil
}
