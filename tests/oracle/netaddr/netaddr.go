// Package netaddr stands in for inet.af/netaddr, which the module proxy no longer hands out. It has just what gomplate
// needs to compile, on top of net/netip. Cases must therefore not rely on net.ParseIP, net.ParseIPPrefix and
// net.ParseIPRange: their answers would be this stand-in's, not the library's.
package netaddr

import (
	"errors"
	"net"
	"net/netip"
	"strings"
)

// IP is one address.
type IP struct{ addr netip.Addr }

// String is the canonical text of the address.
func (ip IP) String() string { return ip.addr.String() }

// IPPrefix is an address with the length of its network part.
type IPPrefix struct{ prefix netip.Prefix }

// String is the canonical text of the prefix.
func (p IPPrefix) String() string { return p.prefix.String() }

// Masked clears the host bits.
func (p IPPrefix) Masked() IPPrefix { return IPPrefix{p.prefix.Masked()} }

// IPNet converts to the type of package net.
func (p IPPrefix) IPNet() *net.IPNet {
	return &net.IPNet{
		IP:   p.prefix.Addr().AsSlice(),
		Mask: net.CIDRMask(p.prefix.Bits(), p.prefix.Addr().BitLen()),
	}
}

// IPRange is an inclusive range of addresses.
type IPRange struct{ from, to netip.Addr }

// String joins the two ends with a dash.
func (r IPRange) String() string { return r.from.String() + "-" + r.to.String() }

// ParseIP reads one address.
func ParseIP(s string) (IP, error) {
	addr, err := netip.ParseAddr(s)
	return IP{addr}, err
}

// ParseIPPrefix reads an address with a length.
func ParseIPPrefix(s string) (IPPrefix, error) {
	prefix, err := netip.ParsePrefix(s)
	return IPPrefix{prefix}, err
}

// ParseIPRange reads two addresses with a dash between them.
func ParseIPRange(s string) (IPRange, error) {
	left, right, ok := strings.Cut(s, "-")
	if !ok {
		return IPRange{}, errors.New("no hyphen in range")
	}
	from, err := netip.ParseAddr(left)
	if err != nil {
		return IPRange{}, err
	}
	to, err := netip.ParseAddr(right)
	return IPRange{from, to}, err
}
