package source

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"
)

var errPrivate = errors.New("the address is not on the public internet")

// dialPublic is a net.Dialer's Control. It sees the address that is about to be dialled, so that neither a redirect nor
// a name that resolves differently the second time gets around it.
func dialPublic(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !public(to.Addr()) {
		return errPrivate
	}
	return nil
}

// The registries of special-purpose addresses at IANA. IPv6 is the other way around: only 2000::/3 is public, less these.
func special() []netip.Prefix {
	texts := []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
		"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	}
	prefixes := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		prefixes[i] = netip.MustParsePrefix(text)
	}
	return prefixes
}

func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if b := ip.As16(); netip.MustParsePrefix("64:ff9b::/96").Contains(ip) { // NAT64 leads to the IPv4 address within
		return public(netip.AddrFrom4([4]byte(b[12:])))
	}
	if ip.Is6() && !netip.MustParsePrefix("2000::/3").Contains(ip) {
		return false
	}
	return !slices.ContainsFunc(special(), func(p netip.Prefix) bool { return p.Contains(ip) })
}
