"""Header fields: from a place in the packet to the words that nft has for it, and which header follows which.

Strategy: a table of protocols, each a list of fields by bit offset and width. What a packet's header is, is known from
the family of the table and from what a rule has compared before (`ip protocol`, `meta l4proto`, `ether type`).

    LINK      ether, then vlan at byte 14        named by ether type
    NETWORK   ip, ip6, arp                       named by the family, ether type or vlan type
    TRANSPORT tcp, udp, icmp …                   named by ip protocol, ip6 nexthdr or meta l4proto

Source: nft(8), "Payload expressions"; the protocols' RFCs.
"""

from __future__ import annotations

from typing import NamedTuple

from rawnl.nft.header import Family
from rawnl.nft.text_types import HEX, INTEGER, TYPES, DataType

LINK, NETWORK, TRANSPORT, INNER = 0, 1, 2, 3
BASES = {LINK: "ll", NETWORK: "nh", TRANSPORT: "th", INNER: "ih"}


class HeaderField(NamedTuple):
    """A field of a header, `offset` and `bits` in bits."""

    protocol: str
    name: str
    offset: int
    bits: int
    type: DataType
    only: tuple[int, ...] = ()
    """Of ICMP: the message types that have it."""


def _fields(protocol: str, *rows: tuple[str, int, int, str] | tuple[str, int, int, str, tuple[int, ...]]) -> None:
    found = []
    for row in rows:
        name, offset, bits, kind = row[:4]
        only = row[4] if len(row) == 5 else ()
        found.append(HeaderField(protocol, name, offset, bits, TYPES[kind], only))
    FIELDS[protocol] = found


FIELDS: dict[str, list[HeaderField]] = {}
_PORTS = (("sport", 0, 16, "inet_service"), ("dport", 16, 16, "inet_service"))
_ECHO, _ECHO6 = (0, 8), (128, 129)

_fields("ether", ("daddr", 0, 48, "ether_addr"), ("saddr", 48, 48, "ether_addr"), ("type", 96, 16, "ether_type"))
_fields(
    "vlan",
    ("pcp", 0, 3, "integer"),
    ("dei", 3, 1, "integer"),
    ("cfi", 3, 1, "integer"),
    ("id", 4, 12, "integer"),
    ("type", 16, 16, "ether_type"),
)
_fields(
    "arp",
    ("htype", 0, 16, "integer"),
    ("ptype", 16, 16, "ether_type"),
    ("hlen", 32, 8, "integer"),
    ("plen", 40, 8, "integer"),
    ("operation", 48, 16, "arp_op"),
    ("saddr ether", 64, 48, "ether_addr"),
    ("saddr ip", 112, 32, "ipv4_addr"),
    ("daddr ether", 144, 48, "ether_addr"),
    ("daddr ip", 192, 32, "ipv4_addr"),
)
_fields(
    "ip",
    ("version", 0, 4, "integer"),
    ("hdrlength", 4, 4, "integer"),
    ("dscp", 8, 6, "dscp"),
    ("ecn", 14, 2, "ecn"),
    ("length", 16, 16, "integer"),
    ("id", 32, 16, "integer"),
    ("frag-off", 48, 16, "integer"),
    ("ttl", 64, 8, "integer"),
    ("protocol", 72, 8, "inet_proto"),
    ("checksum", 80, 16, "integer"),
    ("saddr", 96, 32, "ipv4_addr"),
    ("daddr", 128, 32, "ipv4_addr"),
)
_fields(
    "ip6",
    ("version", 0, 4, "integer"),
    ("dscp", 4, 6, "dscp"),
    ("ecn", 10, 2, "ecn"),
    ("flowlabel", 12, 20, "integer"),
    ("length", 32, 16, "integer"),
    ("nexthdr", 48, 8, "inet_proto"),
    ("hoplimit", 56, 8, "integer"),
    ("saddr", 64, 128, "ipv6_addr"),
    ("daddr", 192, 128, "ipv6_addr"),
)
_fields(
    "tcp",
    *_PORTS,
    ("sequence", 32, 32, "integer"),
    ("ackseq", 64, 32, "integer"),
    ("doff", 96, 4, "integer"),
    ("reserved", 100, 4, "integer"),
    ("flags", 104, 8, "tcp_flag"),
    ("window", 112, 16, "integer"),
    ("checksum", 128, 16, "integer"),
    ("urgptr", 144, 16, "integer"),
)
_fields("udp", *_PORTS, ("length", 32, 16, "integer"), ("checksum", 48, 16, "integer"))
_fields("udplite", *_PORTS, ("csumcov", 32, 16, "integer"), ("checksum", 48, 16, "integer"))
_fields("sctp", *_PORTS, ("vtag", 32, 32, "integer"), ("checksum", 64, 32, "integer"))
_fields("dccp", *_PORTS, ("type", 67, 4, "dccp_pkttype"))
_fields("th", *_PORTS)
_fields(
    "ah",
    ("nexthdr", 0, 8, "inet_proto"),
    ("hdrlength", 8, 8, "integer"),
    ("reserved", 16, 16, "integer"),
    ("spi", 32, 32, "integer"),
    ("sequence", 64, 32, "integer"),
)
_fields("esp", ("spi", 0, 32, "integer"), ("sequence", 32, 32, "integer"))
_fields("comp", ("nexthdr", 0, 8, "inet_proto"), ("flags", 8, 8, "bitmask"), ("cpi", 16, 16, "integer"))
_fields(
    "igmp",
    ("type", 0, 8, "igmp_type"),
    ("mrt", 8, 8, "integer"),
    ("checksum", 16, 16, "integer"),
    ("group", 32, 32, "ipv4_addr"),
)
_fields(
    "icmp",
    ("type", 0, 8, "icmp_type"),
    ("code", 8, 8, "icmp_code"),
    ("checksum", 16, 16, "integer"),
    ("id", 32, 16, "integer", _ECHO),
    ("sequence", 48, 16, "integer", _ECHO),
    ("gateway", 32, 32, "integer", (5,)),
    ("mtu", 48, 16, "integer", (3,)),
)
_fields(
    "icmpv6",
    ("type", 0, 8, "icmpv6_type"),
    ("code", 8, 8, "icmpv6_code"),
    ("checksum", 16, 16, "integer"),
    ("parameter-problem", 32, 32, "integer", (4,)),
    ("mtu", 32, 32, "integer", (2,)),
    ("id", 32, 16, "integer", _ECHO6),
    ("sequence", 48, 16, "integer", _ECHO6),
    ("max-delay", 32, 16, "integer", (130,)),
)

ETHER_PAYLOADS = {0x0800: "ip", 0x86DD: "ip6", 0x0806: "arp", 0x8100: "vlan", 0x88A8: "vlan"}
"""The header that an Ethernet type announces."""
TRANSPORTS = {
    1: "icmp",
    2: "igmp",
    6: "tcp",
    17: "udp",
    33: "dccp",
    50: "esp",
    51: "ah",
    58: "icmpv6",
    108: "comp",
    132: "sctp",
    136: "udplite",
}
"""The header that an IP protocol number announces."""
NETWORKS = {int(Family.IP): "ip", int(Family.IP6): "ip6", int(Family.ARP): "arp"}
"""The network header that a family or `meta nfproto` announces."""
VLAN_OFFSET = 112
VLAN_TYPE = 0x8100


def raw(base: int, offset: int, bits: int) -> HeaderField:
    """A place that has no name: `@nh,8,8`."""
    return HeaderField("", f"@{BASES.get(base, 'll')},{offset},{bits}", offset, bits, HEX)


def at(protocol: str, offset: int, bits: int, icmp_types: frozenset[int] = frozenset()) -> HeaderField | None:
    """The field of a header that is just there."""
    for field in FIELDS.get(protocol, ()):
        if (field.offset, field.bits) == (offset, bits) and (not field.only or icmp_types & set(field.only)):
            return field
    return None


def beginning(protocol: str, offset: int, bits: int, icmp_types: frozenset[int] = frozenset()) -> HeaderField | None:
    """The field of a header that begins there and takes no more than `bits`."""
    for field in FIELDS.get(protocol, ()):
        if field.offset == offset and field.bits <= bits and (not field.only or icmp_types & set(field.only)):
            return field
    return None


def covering(protocol: str, offset: int, bits: int) -> HeaderField | None:
    """The field of a header of which these bits are the beginning: a prefix, cut to whole bytes."""
    for field in FIELDS.get(protocol, ()):
        if field.offset == offset and field.bits > bits and field.type.prefix:
            return field
    return None


# --- extension headers and options ---------------------------------------------------------------------------------


class Options(NamedTuple):
    """A kind of option or extension header: its `names` by number, and the fields of each in bits."""

    word: str
    names: dict[int, str]
    fields: dict[str, list[tuple[str, int, int, DataType]]]


_PROTOCOL = TYPES["inet_proto"]
_NEXT = [("nexthdr", 0, 8, _PROTOCOL), ("hdrlength", 8, 8, INTEGER)]
IPV6_HEADERS = Options(
    "",
    {0: "hbh", 43: "rt", 44: "frag", 60: "dst", 135: "mh"},
    {
        "hbh": _NEXT,
        "rt": [
            *_NEXT,
            ("type", 16, 8, INTEGER),
            ("seg-left", 24, 8, INTEGER),
            # What only some types of it have goes by a name of its own.
            ("srh last-entry", 32, 8, INTEGER),
            ("srh flags", 40, 8, INTEGER),
            ("srh tag", 48, 16, INTEGER),
            ("srh sid[1]", 64, 128, TYPES["ipv6_addr"]),
        ],
        "frag": [
            ("nexthdr", 0, 8, _PROTOCOL),
            ("reserved", 8, 8, INTEGER),
            ("frag-off", 16, 13, INTEGER),
            ("reserved2", 29, 2, INTEGER),
            ("more-fragments", 31, 1, INTEGER),
            ("id", 32, 32, INTEGER),
        ],
        "dst": _NEXT,
        "mh": [
            *_NEXT,
            ("type", 16, 8, TYPES["mh_type"]),
            ("reserved", 24, 8, INTEGER),
            ("checksum", 32, 16, INTEGER),
        ],
    },
)
_KIND = [("kind", 0, 8, INTEGER), ("length", 8, 8, INTEGER)]
TCP_OPTIONS = Options(
    "tcp option",
    {
        0: "eol",
        1: "nop",
        2: "maxseg",
        3: "window",
        4: "sack-perm",
        5: "sack",
        8: "timestamp",
        19: "md5sig",
        30: "mptcp",
        34: "fastopen",
    },
    {
        "eol": _KIND[:1],
        "nop": _KIND[:1],
        "maxseg": [*_KIND, ("size", 16, 16, INTEGER)],
        "window": [*_KIND, ("count", 16, 8, INTEGER)],
        "sack-perm": _KIND,
        "sack": [*_KIND, ("left", 16, 32, INTEGER), ("right", 48, 32, INTEGER)],
        "timestamp": [*_KIND, ("tsval", 16, 32, INTEGER), ("tsecr", 48, 32, INTEGER)],
        "md5sig": _KIND,
        "mptcp": [*_KIND, ("subtype", 16, 4, INTEGER)],
        "fastopen": _KIND,
    },
)
_ROUTE = [
    ("type", 0, 8, INTEGER),
    ("length", 8, 8, INTEGER),
    ("ptr", 16, 8, INTEGER),
    ("addr", 24, 32, TYPES["ipv4_addr"]),
]
IPV4_OPTIONS = Options(
    "ip option",
    {7: "rr", 131: "lsrr", 137: "ssrr", 148: "ra"},
    {
        "rr": _ROUTE,
        "lsrr": _ROUTE,
        "ssrr": _ROUTE,
        "ra": [("type", 0, 8, INTEGER), ("length", 8, 8, INTEGER), ("value", 16, 16, INTEGER)],
    },
)
_CHUNK = [("type", 0, 8, INTEGER), ("flags", 8, 8, INTEGER), ("length", 16, 16, INTEGER)]
_DATA_CHUNK = [
    *_CHUNK,
    ("tsn", 32, 32, INTEGER),
    ("stream", 64, 16, INTEGER),
    ("ssn", 80, 16, INTEGER),
    ("ppid", 96, 32, INTEGER),
]
_INIT_CHUNK = [
    *_CHUNK,
    ("init-tag", 32, 32, INTEGER),
    ("a-rwnd", 64, 32, INTEGER),
    ("num-outbound-streams", 96, 16, INTEGER),
    ("num-inbound-streams", 112, 16, INTEGER),
    ("initial-tsn", 128, 32, INTEGER),
]
_CHUNKS = {
    0: "data",
    1: "init",
    2: "init-ack",
    3: "sack",
    4: "heartbeat",
    5: "heartbeat-ack",
    6: "abort",
    7: "shutdown",
    8: "shutdown-ack",
    9: "error",
    10: "cookie-echo",
    11: "cookie-ack",
    12: "ecne",
    13: "cwr",
    14: "shutdown-complete",
    128: "asconf-ack",
    192: "forward-tsn",
    193: "asconf",
}
SCTP_CHUNKS = Options(
    "sctp chunk",
    _CHUNKS,
    {
        **{name: _CHUNK for name in _CHUNKS.values()},
        "data": _DATA_CHUNK,
        "init": _INIT_CHUNK,
        "init-ack": _INIT_CHUNK,
    },
)
OPTIONS = {0: IPV6_HEADERS, 1: TCP_OPTIONS, 2: IPV4_OPTIONS, 3: SCTP_CHUNKS}
"""By NFT_EXTHDR_OP_…."""
