"""The vocabulary of matches: `ip.saddr == "10.0.0.0/8"`, `tcp.dport == {80, 443}`, `iifname == "eth0"`.

    rule(chain, ip.saddr == "10.0.0.0/8", tcp.dport == {80, 443}, accept)
    rule(chain, ct.state.established | ct.state.related, accept)
    rule(chain, (iifname != "eth0") & (meta.mark & 0xff == 7), drop)

Strategy: each header is one class with one line per field, which says nft's name, the type, and where it stands. What
must be known of a packet before it is looked at (that it is TCP, that it is IPv6) follows from the header.

- A value: `tcp.dport == 80`; a prefix: `ip.saddr == "10.0.0.0/8"`; a range with both its ends: `Interval(1000, 2000)`
  or `"1000-2000"`; a range without its end, as all of Python has it: `range(1000, 2001)`.
- A set written in place: `{80, 443}`; a named one: the `Set`, or `"@name"`.
- `!=`, `<`, `<=`, `>`, `>=`; a mask: `meta.mark & 0xff == 5`. Comparisons joined by `&` want their own parentheses.

Sources: nft(8), "Payload expressions", "Meta expressions", "Conntrack expressions", "FIB expressions".
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, TypeAlias

from rawnl.nft.expr_load import Ct, Fib, Meta, Payload, Rt
from rawnl.nft.match_names import (
    ADDRESS_TYPE,
    ARP_OPERATION,
    BOOLEAN,
    DIRECTION,
    DSCP,
    ETHERNET,
    ETHERTYPE,
    FAMILY,
    GROUP,
    HELPER,
    ICMP_CODE,
    ICMP_TYPE,
    ICMPV6_CODE,
    ICMPV6_TYPE,
    INTERFACE,
    INTERFACE_NAME,
    IPV4,
    IPV6,
    LINK_TYPE,
    MARK,
    PACKET_TYPE,
    PORT,
    PROTOCOL,
    STATE,
    STATUS,
    TCP_FLAGS,
    USER,
    USERS_GROUP,
    integer,
)
from rawnl.nft.match_selector import Condition, Layer, Selector
from rawnl.nft.match_types import Interval, Type

IPv4Like: TypeAlias = "str | IPv4Address | IPv4Network"
IPv6Like: TypeAlias = "str | IPv6Address | IPv6Network"
Word: TypeAlias = "int | str"

_BASES = {"ether": 0, "vlan": 0, "ip": 1, "ip6": 1, "arp": 1}


def _field(
    header: Layer, name: str, type: Type, offset: int, *, length: int = 0, mask: int = 0, shift: int = 0
) -> Selector[Any]:
    expr = Payload(base=_BASES.get(header, 2), offset=offset, len=length or type.size)
    return Selector(f"{header} {name}", type, expr, layer=header, mask=mask, shift=shift)


def _meta(key: str, type: Type, *, name: str = "", writable: bool = False) -> Selector[Any]:
    return Selector(name or f"meta {key}", type, Meta(key=key), writable=writable)


class Header:
    """The base of all headers."""

    @classmethod
    def selectors(cls) -> list[Selector[Any]]:
        """Every field of it."""
        return [value for value in vars(cls).values() if isinstance(value, Selector)]


class Ether(Header):
    """The Ethernet header."""

    daddr: Selector[str] = _field("ether", "daddr", ETHERNET, 0)
    saddr: Selector[str] = _field("ether", "saddr", ETHERNET, 6)
    type: Selector[Word] = _field("ether", "type", ETHERTYPE, 12)


class Arp(Header):
    """ARP for IPv4."""

    operation: Selector[Word] = _field("arp", "operation", ARP_OPERATION, 6)
    saddr_ether: Selector[str] = _field("arp", "saddr ether", ETHERNET, 8)
    saddr_ip: Selector[IPv4Like] = _field("arp", "saddr ip", IPV4, 14)
    daddr_ether: Selector[str] = _field("arp", "daddr ether", ETHERNET, 18)
    daddr_ip: Selector[IPv4Like] = _field("arp", "daddr ip", IPV4, 24)


class Ip(Header):
    """The IPv4 header."""

    dscp: Selector[Word] = _field("ip", "dscp", DSCP, 1, mask=0xFC, shift=2)
    length: Selector[int] = _field("ip", "length", integer(2), 2)
    id: Selector[int] = _field("ip", "id", integer(2), 4)
    frag_off: Selector[int] = _field("ip", "frag-off", integer(2), 6)
    ttl: Selector[int] = _field("ip", "ttl", integer(1), 8)
    protocol: Selector[Word] = _field("ip", "protocol", PROTOCOL, 9)
    saddr: Selector[IPv4Like] = _field("ip", "saddr", IPV4, 12)
    daddr: Selector[IPv4Like] = _field("ip", "daddr", IPV4, 16)


class Ip6(Header):
    """The IPv6 header."""

    length: Selector[int] = _field("ip6", "length", integer(2), 4)
    nexthdr: Selector[Word] = _field("ip6", "nexthdr", PROTOCOL, 6)
    hoplimit: Selector[int] = _field("ip6", "hoplimit", integer(1), 7)
    saddr: Selector[IPv6Like] = _field("ip6", "saddr", IPV6, 8)
    daddr: Selector[IPv6Like] = _field("ip6", "daddr", IPV6, 24)


class Icmp(Header):
    """The ICMP header."""

    type: Selector[Word] = _field("icmp", "type", ICMP_TYPE, 0)
    code: Selector[Word] = _field("icmp", "code", ICMP_CODE, 1)


class Icmpv6(Header):
    """The ICMPv6 header."""

    type: Selector[Word] = _field("icmpv6", "type", ICMPV6_TYPE, 0)
    code: Selector[Word] = _field("icmpv6", "code", ICMPV6_CODE, 1)


class Tcp(Header):
    """The TCP header."""

    sport: Selector[Word] = _field("tcp", "sport", PORT, 0)
    dport: Selector[Word] = _field("tcp", "dport", PORT, 2)
    sequence: Selector[int] = _field("tcp", "sequence", integer(4), 4)
    flags: Selector[Word] = _field("tcp", "flags", TCP_FLAGS, 13)
    window: Selector[int] = _field("tcp", "window", integer(2), 14)


class Udp(Header):
    """The UDP header."""

    sport: Selector[Word] = _field("udp", "sport", PORT, 0)
    dport: Selector[Word] = _field("udp", "dport", PORT, 2)
    length: Selector[int] = _field("udp", "length", integer(2), 4)


class Sctp(Header):
    """The SCTP header."""

    sport: Selector[Word] = _field("sctp", "sport", PORT, 0)
    dport: Selector[Word] = _field("sctp", "dport", PORT, 2)


class Th(Header):
    """The ports of any transport header; the rule says of which, as in `meta.l4proto == {"tcp", "udp"}`."""

    sport: Selector[Word] = _field("th", "sport", PORT, 0)
    dport: Selector[Word] = _field("th", "dport", PORT, 2)


class MetaData(Header):
    """What the kernel knows of a packet."""

    length: Selector[int] = Selector("meta length", integer(4, host=True), Meta(key="len"))
    protocol: Selector[Word] = _meta("protocol", ETHERTYPE)
    priority: Selector[int] = _meta("priority", integer(4, host=True), writable=True)
    mark: Selector[int] = _meta("mark", MARK, writable=True)
    iif: Selector[Any] = _meta("iif", INTERFACE, name="iif")
    oif: Selector[Any] = _meta("oif", INTERFACE, name="oif")
    iifname: Selector[Any] = _meta("iifname", INTERFACE_NAME, name="iifname")
    oifname: Selector[Any] = _meta("oifname", INTERFACE_NAME, name="oifname")
    iiftype: Selector[Word] = _meta("iftype", LINK_TYPE, name="iiftype")
    oiftype: Selector[Word] = _meta("oiftype", LINK_TYPE, name="oiftype")
    skuid: Selector[int] = _meta("skuid", USER)
    skgid: Selector[int] = _meta("skgid", USERS_GROUP)
    nftrace: Selector[int] = _meta("nftrace", integer(1), writable=True)
    nfproto: Selector[Word] = _meta("nfproto", FAMILY)
    l4proto: Selector[Word] = _meta("l4proto", PROTOCOL)
    pkttype: Selector[Word] = _meta("pkttype", PACKET_TYPE, writable=True)
    cpu: Selector[int] = _meta("cpu", integer(4, host=True))
    iifgroup: Selector[Word] = _meta("iifgroup", GROUP, name="iifgroup")
    oifgroup: Selector[Word] = _meta("oifgroup", GROUP, name="oifgroup")
    cgroup: Selector[int] = _meta("cgroup", integer(4, host=True))


class State(Selector[Any]):
    """`ct state`: compared with one or more states, or by its attributes, which `|` joins."""

    @property
    def invalid(self) -> Condition:
        """A packet that fits no connection."""
        return self == "invalid"

    @property
    def established(self) -> Condition:
        """A packet of a connection that has seen both directions."""
        return self == "established"

    @property
    def related(self) -> Condition:
        """A packet that begins what another connection leads to, or an ICMP error about one."""
        return self == "related"

    @property
    def new(self) -> Condition:
        """The first packet of a connection, or an answer not yet seen."""
        return self == "new"

    @property
    def untracked(self) -> Condition:
        """A packet that `notrack` kept out."""
        return self == "untracked"


def _ct(name: str, key: str, type: Type, *, direction: str | None = None, writable: bool = False) -> Selector[Any]:
    return Selector(f"ct {name}", type, Ct(key=key, direction=direction), writable=writable)


class CtDirection(Header):
    """What a connection's packets look like in one direction."""

    def __init__(self, direction: str) -> None:
        self.ip_saddr: Selector[IPv4Like] = _ct(f"{direction} ip saddr", "src_ip", IPV4, direction=direction)
        self.ip_daddr: Selector[IPv4Like] = _ct(f"{direction} ip daddr", "dst_ip", IPV4, direction=direction)
        self.ip6_saddr: Selector[IPv6Like] = _ct(f"{direction} ip6 saddr", "src_ip6", IPV6, direction=direction)
        self.ip6_daddr: Selector[IPv6Like] = _ct(f"{direction} ip6 daddr", "dst_ip6", IPV6, direction=direction)
        self.proto_src: Selector[Word] = _ct(f"{direction} proto-src", "proto_src", PORT, direction=direction)
        self.proto_dst: Selector[Word] = _ct(f"{direction} proto-dst", "proto_dst", PORT, direction=direction)


class Conntrack(Header):
    """What connection tracking knows of a packet's connection."""

    state = State("ct state", STATE, Ct(key="state"))
    direction: Selector[Word] = _ct("direction", "direction", DIRECTION)
    status: Selector[Any] = _ct("status", "status", STATUS)
    mark: Selector[int] = _ct("mark", "mark", MARK, writable=True)
    helper: Selector[str] = _ct("helper", "helper", HELPER)
    protocol: Selector[Word] = _ct("protocol", "protocol", PROTOCOL)
    l3proto: Selector[Word] = _ct("l3proto", "l3protocol", FAMILY)
    zone: Selector[int] = _ct("zone", "zone", integer(2, host=True), writable=True)
    original = CtDirection("original")
    reply = CtDirection("reply")


class Routing(Header):
    """What a look-up in the routing table says."""

    saddr_type: Selector[Word] = Selector("fib saddr type", ADDRESS_TYPE, Fib(result="addrtype", flags="saddr"))
    daddr_type: Selector[Word] = Selector("fib daddr type", ADDRESS_TYPE, Fib(result="addrtype", flags="daddr"))
    saddr_oif: Selector[Any] = Selector("fib saddr oif", INTERFACE, Fib(result="oif", flags="saddr"))
    daddr_oif: Selector[Any] = Selector("fib daddr oif", INTERFACE, Fib(result="oif", flags="daddr"))
    saddr_iif_oif: Selector[Any] = Selector(
        "fib saddr . iif oif", BOOLEAN, Fib(result="oif", flags="saddr|iif|present")
    )


class Route(Header):
    """What routing decided."""

    ip_nexthop: Selector[IPv4Like] = Selector("rt ip nexthop", IPV4, Rt(key="nexthop4"))
    ip6_nexthop: Selector[IPv6Like] = Selector("rt ip6 nexthop", IPV6, Rt(key="nexthop6"))


ether, arp, ip, ip6 = Ether(), Arp(), Ip(), Ip6()
icmp, icmpv6, tcp, udp, sctp, th = Icmp(), Icmpv6(), Tcp(), Udp(), Sctp(), Th()
meta, ct, fib, rt = MetaData(), Conntrack(), Routing(), Route()

iif, oif, iifname, oifname, mark = meta.iif, meta.oif, meta.iifname, meta.oifname, meta.mark


def vocabulary() -> list[Selector[Any]]:
    """Every selector there is, in an order in which the first that fits is the one meant."""
    headers: tuple[Header, ...] = (ether, arp, ip, ip6, icmp, icmpv6, tcp, udp, sctp, th, meta, ct, fib, rt)
    found = [selector for header in headers for selector in header.selectors()]
    for side in (ct.original, ct.reply):
        found += [value for value in vars(side).values() if isinstance(value, Selector)]
    return found


__all__ = [
    "Condition",
    "Interval",
    "Selector",
    "arp",
    "ct",
    "ether",
    "fib",
    "icmp",
    "icmpv6",
    "iif",
    "iifname",
    "ip",
    "ip6",
    "mark",
    "meta",
    "oif",
    "oifname",
    "rt",
    "sctp",
    "tcp",
    "th",
    "udp",
    "vocabulary",
]
