package server

import (
	"net"
	"net/netip"
	"strconv"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/database"
)

// appendEndpoints appends the list of the endpoints of a database, which has at most one.
func (v *views) appendEndpoints(b []byte, db *database.Database) []byte {
	at, there := db.Address()
	if !there {
		return append(b, "[]"...)
	}
	b = appendString(append(b, `[{"addr":[`...), at.Host)
	b = append(b, `],"addr_type":"external"`...)
	b = appendString(append(b, `,"dns_name":`...), dnsName(at.Host))
	for _, name := range []string{"oss_cluster_api_preferred_endpoint_type", "oss_cluster_api_preferred_ip_type"} {
		b = appendMember(b, name, v.setting(db.Settings, name))
	}
	b = appendInt(append(b, `,"port":`...), at.Port)
	b = appendMember(b, "proxy_policy", v.setting(db.Settings, "proxy_policy"))
	return append(appendInt(append(b, `,"uid":"`...), db.UID), `:1"}]`...)
}

// dnsName returns a name that leads to a host. A database on this machine goes by the name that all machines have for
// themselves: others cannot reach it.
func dnsName(host string) string {
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsLoopback() {
		return "localhost"
	}
	return host
}

func appendMaster(b []byte, db *database.Database) []byte {
	at, there := db.Address()
	if !there {
		return append(b, `""`...)
	}
	if at.Port == 0 { // the path of a socket
		return appendString(b, at.Host)
	}
	return appendString(b, net.JoinHostPort(dnsName(at.Host), strconv.Itoa(at.Port)))
}

// appendReimport appends what Redis Software has no member for.
func appendReimport(b []byte, db *database.Database) []byte {
	plane := api.DataPlane(db.DataPlane)
	if db.DataPlane == database.Simulated {
		plane = api.DataPlaneSimulated
	}
	b = appendString(append(b, `{"data_plane":`...), plane)
	if load := db.Import.Load; load != (database.Load{}) {
		b = appendInt(append(b, `,"import_keys":`...), load.Keys)
		b = appendInt(append(b, `,"import_keys_per_second":`...), load.KeysPerSecond)
		b = appendInt(append(b, `,"import_seconds_left":`...), load.SecondsLeft)
		b = appendInt(append(b, `,"import_total_keys":`...), load.TotalKeys)
	}
	return append(b, '}')
}
