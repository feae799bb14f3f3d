"""What rules can ask the kernel for by a key: packet metadata, connections, routing, sockets. One row per key.

Source: nft(8), "Meta expressions", "Conntrack expressions", "Routing expressions", "Socket expression"; `nft describe`.
"""

from __future__ import annotations

from typing import NamedTuple

from rawnl.nft.expr_load import CtKey, MetaKey, RouteKey, SocketKey, XfrmKey
from rawnl.nft.text_types import BOOLEAN, STRING, TYPES, DataType


class Key(NamedTuple):
    """A key: nft's word for it, the type of what it gives and how many bits."""

    name: str
    type: DataType
    bits: int
    bare: bool = False
    """Of meta: written without "meta" before it."""
    big: bool | None = None
    """In network byte order; None: as the type usually is."""


def _key(name: str, kind: str | DataType, bits: int = 0, *, bare: bool = False, big: bool | None = None) -> Key:
    found = TYPES[kind] if isinstance(kind, str) else kind
    return Key(name, found, bits or found.bits, bare, big)


META: dict[int, Key] = {
    MetaKey.LEN: _key("length", "integer", 32, big=False),
    MetaKey.PROTOCOL: _key("protocol", "ether_type"),
    MetaKey.PRIORITY: _key("priority", "classid"),
    MetaKey.MARK: _key("mark", "mark"),
    MetaKey.IIF: _key("iif", "iface_index", bare=True),
    MetaKey.OIF: _key("oif", "iface_index", bare=True),
    MetaKey.IIFNAME: _key("iifname", "ifname", bare=True),
    MetaKey.OIFNAME: _key("oifname", "ifname", bare=True),
    MetaKey.IFTYPE: _key("iiftype", "iface_type"),
    MetaKey.OIFTYPE: _key("oiftype", "iface_type"),
    MetaKey.SKUID: _key("skuid", "uid"),
    MetaKey.SKGID: _key("skgid", "gid"),
    MetaKey.NFTRACE: _key("nftrace", "integer", 1, big=False),
    MetaKey.RTCLASSID: _key("rtclassid", "realm"),
    MetaKey.NFPROTO: _key("nfproto", "nf_proto"),
    MetaKey.L4PROTO: _key("l4proto", "inet_proto"),
    MetaKey.BRI_IIFNAME: _key("ibrname", "ifname"),
    MetaKey.BRI_OIFNAME: _key("obrname", "ifname"),
    MetaKey.PKTTYPE: _key("pkttype", "pkt_type"),
    MetaKey.CPU: _key("cpu", "integer", 32, big=False),
    MetaKey.IIFGROUP: _key("iifgroup", "devgroup", bare=True),
    MetaKey.OIFGROUP: _key("oifgroup", "devgroup", bare=True),
    MetaKey.CGROUP: _key("cgroup", "integer", 32, big=False),
    MetaKey.PRANDOM: _key("random", "integer", 32),
    MetaKey.SECPATH: _key("ipsec", BOOLEAN),
    MetaKey.IIFKIND: _key("iifkind", "ifname"),
    MetaKey.OIFKIND: _key("oifkind", "ifname"),
    MetaKey.BRI_IIFPVID: _key("ibrpvid", "integer", 16, big=False),
    MetaKey.BRI_IIFVPROTO: _key("ibrvproto", "ether_type"),
    MetaKey.TIME_NS: _key("time", "moment"),
    MetaKey.TIME_DAY: _key("day", "day"),
    MetaKey.TIME_HOUR: _key("hour", "hour"),
    MetaKey.SDIF: _key("sdif", "iface_index"),
    MetaKey.SDIFNAME: _key("sdifname", "ifname"),
    MetaKey.BRI_BROUTE: _key("broute", "integer", 1, big=False),
}

CT: dict[int, Key] = {
    CtKey.STATE: _key("state", "ct_state"),
    CtKey.DIRECTION: _key("direction", "ct_dir"),
    CtKey.STATUS: _key("status", "ct_status"),
    CtKey.MARK: _key("mark", "mark"),
    CtKey.EXPIRATION: _key("expiration", "time"),
    CtKey.HELPER: _key("helper", STRING, 128),
    CtKey.L3PROTOCOL: _key("l3proto", "nf_proto"),
    CtKey.PROTOCOL: _key("protocol", "inet_proto"),
    CtKey.PROTO_SRC: _key("proto-src", "inet_service"),
    CtKey.PROTO_DST: _key("proto-dst", "inet_service"),
    CtKey.LABELS: _key("label", "ct_label"),
    CtKey.PKTS: _key("packets", "integer", 64, big=False),
    CtKey.BYTES: _key("bytes", "integer", 64, big=False),
    CtKey.AVGPKT: _key("avgpkt", "integer", 64, big=False),
    CtKey.ZONE: _key("zone", "integer", 16, big=False),
    CtKey.EVENTMASK: _key("event", "ct_event"),
    CtKey.SRC_IP: _key("ip saddr", "ipv4_addr"),
    CtKey.DST_IP: _key("ip daddr", "ipv4_addr"),
    CtKey.SRC_IP6: _key("ip6 saddr", "ipv6_addr"),
    CtKey.DST_IP6: _key("ip6 daddr", "ipv6_addr"),
    CtKey.ID: _key("id", "integer", 32),
}

RT: dict[int, Key] = {
    RouteKey.CLASSID: _key("classid", "realm"),
    RouteKey.NEXTHOP4: _key("nexthop", "ipv4_addr"),
    RouteKey.NEXTHOP6: _key("nexthop", "ipv6_addr"),
    RouteKey.TCPMSS: _key("mtu", "integer", 16, big=False),
    RouteKey.XFRM: _key("ipsec", BOOLEAN),
}
RT_FAMILIES = {int(RouteKey.NEXTHOP4): "ip", int(RouteKey.NEXTHOP6): "ip6"}

SOCKET: dict[int, Key] = {
    SocketKey.TRANSPARENT: _key("transparent", "integer", 8, big=False),
    SocketKey.MARK: _key("mark", "mark"),
    SocketKey.WILDCARD: _key("wildcard", "integer", 8, big=False),
}

XFRM: dict[int, Key] = {
    XfrmKey.DADDR_IP4: _key("daddr", "ipv4_addr"),
    XfrmKey.DADDR_IP6: _key("daddr", "ipv6_addr"),
    XfrmKey.SADDR_IP4: _key("saddr", "ipv4_addr"),
    XfrmKey.SADDR_IP6: _key("saddr", "ipv6_addr"),
    XfrmKey.REQID: _key("reqid", "integer", 32, big=False),
    XfrmKey.SPI: _key("spi", "integer", 32),
}
XFRM_FAMILIES = {
    int(XfrmKey.DADDR_IP4): "ip",
    int(XfrmKey.SADDR_IP4): "ip",
    int(XfrmKey.DADDR_IP6): "ip6",
    int(XfrmKey.SADDR_IP6): "ip6",
}
