"""Routes (`struct rtmsg`, `<linux/rtnetlink.h>`, rtnetlink(7)).

    +--------+---------+---------+--------+
    | family | dst_len | src_len | tos    |
    +--------+---------+---------+--------+
    | table8 | protocol| scope   | type   |
    +--------+---------+---------+--------+
    | flags (RTM_F_…, RTNH_F_…)           |
    +-------------------------------------+

A multipath route holds a list of `struct rtnexthop`, each with attributes of its own:

    +--------+-------+------+---------+--------------+
    | length | flags | hops | ifindex | attributes … |
    +--------+-------+------+---------+--------------+
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rawnl.attribute import (
    LENGTH,
    PAD,
    Attribute,
    Bits,
    Enumeration,
    IPAddress,
    Part,
    attribute_bytes,
    be16,
    binary,
    ip,
    ip_bytes,
    ip_text,
    u8,
    u16,
    u32,
)
from rawnl.errors import DecodeError, EncodeError
from rawnl.message import Message
from rawnl.nest import Struct, nest, structure
from rawnl.route.address import Scope
from rawnl.route.family import Family
from rawnl.wire import Attrs, field, padding

if TYPE_CHECKING:
    from typing_extensions import Self

MAIN = 254

_length_at = struct.Struct("=H").unpack_from


class RouteType(Enumeration, prefix="RTN_", uapi="linux/rtnetlink.h"):
    """What the route does with a packet (RTN_…)."""

    UNSPEC = 0
    UNICAST = 1
    LOCAL = 2
    BROADCAST = 3
    ANYCAST = 4
    MULTICAST = 5
    BLACKHOLE = 6
    UNREACHABLE = 7
    PROHIBIT = 8
    THROW = 9
    NAT = 10
    XRESOLVE = 11


class RouteProtocol(Enumeration, prefix="RTPROT_", uapi="linux/rtnetlink.h"):
    """Who made the route (RTPROT_…)."""

    UNSPEC = 0
    REDIRECT = 1
    KERNEL = 2
    BOOT = 3
    STATIC = 4
    GATED = 8
    RA = 9
    MRT = 10
    ZEBRA = 11
    BIRD = 12
    DNROUTED = 13
    XORP = 14
    NTK = 15
    DHCP = 16
    MROUTED = 17
    KEEPALIVED = 18
    BABEL = 42
    OPENR = 99
    BGP = 186
    ISIS = 187
    OSPF = 188
    RIP = 189
    EIGRP = 192


class RouteFlags(
    Bits,
    prefix="RTM_F_",
    uapi="linux/rtnetlink.h",
    kernel={
        "DEAD": "RTNH_F_DEAD",
        "PERVASIVE": "RTNH_F_PERVASIVE",
        "ONLINK": "RTNH_F_ONLINK",
        "NH_OFFLOAD": "RTNH_F_OFFLOAD",
        "LINKDOWN": "RTNH_F_LINKDOWN",
        "UNRESOLVED": "RTNH_F_UNRESOLVED",
        "NH_TRAP": "RTNH_F_TRAP",
    },
):
    """RTNH_F_… of the next hop in the low bits, RTM_F_… of the message in the high ones."""

    DEAD = 1
    PERVASIVE = 2
    ONLINK = 4
    NH_OFFLOAD = 8
    LINKDOWN = 16
    UNRESOLVED = 32
    NH_TRAP = 64
    NOTIFY = 0x100
    CLONED = 0x200
    EQUALIZE = 0x400
    PREFIX = 0x800
    LOOKUP_TABLE = 0x1000
    FIB_MATCH = 0x2000
    OFFLOAD = 0x4000
    TRAP = 0x8000
    OFFLOAD_FAILED = 0x20000000


class Preference(Enumeration, prefix="ICMPV6_ROUTER_PREF_", uapi="linux/icmpv6.h"):
    """IPv6 router preference (RFC 4191, ICMPV6_ROUTER_PREF_…)."""

    MEDIUM = 0
    HIGH = 1
    LOW = 3


class RouteMetrics(Attrs, prefix="RTAX_", uapi="linux/rtnetlink.h"):
    """RTA_METRICS: values for TCP along the route. `rtt`, `rttvar` and `rto_min` as the kernel stores them."""

    __slots__ = ()

    lock: int | None = u32(1)
    mtu: int | None = u32(2)
    window: int | None = u32(3)
    rtt: int | None = u32(4)
    rttvar: int | None = u32(5)
    ssthresh: int | None = u32(6)
    cwnd: int | None = u32(7)
    advmss: int | None = u32(8)
    reordering: int | None = u32(9)
    hoplimit: int | None = u32(10)
    initcwnd: int | None = u32(11)
    features: int | None = u32(12)
    rto_min: int | None = u32(13)
    initrwnd: int | None = u32(14)
    quickack: int | None = u32(15)
    cc_algo: bytes | None = binary(16)
    fastopen_no_cookie: int | None = u32(17)


class RouteCacheInfo(Struct, struct="rta_cacheinfo", members="rta_", uapi="linux/rtnetlink.h"):
    """`struct rta_cacheinfo`: use counts and times of a route."""

    clntref: int | None = field("I")
    lastuse: int | None = field("I")
    expires: int | None = field("i")
    error: int | None = field("I")
    used: int | None = field("I")
    id: int | None = field("I")
    ts: int | None = field("I")
    tsage: int | None = field("I")


def via(number: int, kernel: str = "") -> Any:
    """`struct rtvia`: a gateway of another family than the route's (RFC 5549), read and written as its address."""

    def encode(value: Any) -> bytes:
        packed = ip_bytes(value)
        family = Family.INET if len(packed) == 4 else Family.INET6
        return attribute_bytes(number, struct.pack("=H", family) + packed)

    def decode(buffer: Any, start: int, end: int) -> Any:
        if end - start not in (6, 18):
            raise DecodeError(f"a gateway of another family has 6 or 18 bytes, not {end - start}", offset=start)
        return ip_text(bytes(buffer[start + 2 : end]))

    return Attribute(number, encode, decode, expects="an IP address", kernel=kernel, sample=("ip",))


class NextHop(Attrs, prefix="RTA_", uapi="linux/rtnetlink.h", struct="rtnexthop", members="rtnh_"):
    """One path of a multipath route; `hops` is its weight minus one."""

    __slots__ = ()

    _length = padding(2)  # rtnh_len: written by body(), which knows it
    flags: RouteFlags | int | str | None = field("B", enum=RouteFlags)
    hops: int | None = field("B")
    index: int | None = field("i", "IFINDEX")

    gateway: IPAddress | None = ip(5)
    flow: int | None = u32(11)
    via: IPAddress | None = via(18)
    newdst: bytes | None = binary(19)
    encap_type: int | None = u16(21)
    encap: bytes | None = binary(22)

    @classmethod
    def _view(cls, buffer: Any, start: int, end: int) -> Self:
        if end - start >= 8 and _length_at(buffer, start)[0] != end - start:
            raise DecodeError(f"a next hop of {end - start} bytes says otherwise", offset=start)
        return super()._view(buffer, start, end)

    def _end(self) -> int:
        start = self._table[self._row]
        return int(start + _length_at(self._buffer, start)[0])

    def body(self) -> bytes:
        return super().body() if self._buffer is not None else _with_length(super().body())

    def _assemble(self) -> bytes:
        return _with_length(super()._assemble())

    def present(self) -> dict[str, Any]:
        found = super().present()
        found.pop("_length", None)
        return found

    @staticmethod
    def places(buffer: Any, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where the next hops lie, (start, end) of each, one after the other in `buffer[start:end]`."""
        while end - start >= 8:
            length = _length_at(buffer, start)[0]
            if not 8 <= length <= end - start:
                raise DecodeError(f"a next hop says it has {length} bytes, and {end - start} are left", offset=start)
            yield start, start + length
            start += (length + 3) & ~3


def _with_length(body: bytes) -> bytes:
    if len(body) > 0xFFFF:
        raise EncodeError(f"{len(body)} bytes are too many for one next hop")
    return LENGTH.pack(len(body)) + body[2:]


class _Multipath(Attribute):
    __slots__ = ()

    def inner(self, buffer: Any, start: int, end: int, owner: Attrs) -> list[Part]:
        places = enumerate(NextHop.places(buffer, start, end))
        return [(f"[{index}]", NextHop, first, last) for index, (first, last) in places]


def multipath(number: int, kernel: str = "") -> Any:
    """RTA_MULTIPATH: `struct rtnexthop` after `struct rtnexthop`."""

    def encode(value: Any) -> bytes:
        parts = []
        for index, hop in enumerate(value):
            if not isinstance(hop, NextHop):
                raise EncodeError(f"{hop!r} is not a NextHop", attribute=f"[{index}]")
            try:
                body = hop.body()
            except EncodeError as error:
                raise error.within(f"[{index}]") from None
            parts.append(body + PAD[len(body) & 3])
        return attribute_bytes(number, b"".join(parts))

    def decode(buffer: Any, start: int, end: int) -> Any:
        return [NextHop._view(buffer, first, last) for first, last in NextHop.places(buffer, start, end)]

    return _Multipath(number, encode, decode, expects="a list of NextHop", kernel=kernel, sample=("multipath", NextHop))


class Route(
    Message,
    types={"RTM_NEWROUTE": 24, "RTM_DELROUTE": 25, "RTM_GETROUTE": 26},
    prefix="RTA_",
    uapi="linux/rtnetlink.h",
    struct="rtmsg",
    members="rtm_",
):
    """A route. `dst` with `dst_len` is the prefix, None with 0 the default route; `destination` puts them together.

    `table8` is the older field of 8 bits that `table` extends.
    """

    __slots__ = ()

    family: Family | int | str | None = field("B", enum=Family)
    dst_len: int | None = field("B")
    src_len: int | None = field("B")
    tos: int | None = field("B")
    table8: int | None = field("B", "TABLE")
    protocol: RouteProtocol | int | str | None = field("B", enum=RouteProtocol)
    scope: Scope | int | str | None = field("B", enum=Scope)
    type: RouteType | int | str | None = field("B", enum=RouteType)
    flags: RouteFlags | int | str | None = field("I", enum=RouteFlags)

    dst: IPAddress | None = ip(1)
    src: IPAddress | None = ip(2)
    iif: int | None = u32(3)
    oif: int | None = u32(4)
    gateway: IPAddress | None = ip(5)
    priority: int | None = u32(6)
    prefsrc: IPAddress | None = ip(7)
    metrics: RouteMetrics | None = nest(8, RouteMetrics, flagged=False)
    multipath: list[NextHop] | None = multipath(9)
    flow: int | None = u32(11)
    cacheinfo: RouteCacheInfo | None = structure(12, RouteCacheInfo)
    table: int | None = u32(15)
    mark: int | None = u32(16)
    mfc_stats: bytes | None = binary(17)
    via: IPAddress | None = via(18)
    newdst: bytes | None = binary(19)
    pref: Preference | int | str | None = u8(20, enum=Preference)
    encap_type: int | None = u16(21)
    encap: bytes | None = binary(22)
    expires: int | None = u32(23)
    uid: int | None = u32(25)
    ttl_propagate: int | None = u8(26)
    ip_proto: int | None = u8(27)
    sport: int | None = be16(28)
    dport: int | None = be16(29)
    nh_id: int | None = u32(30)
    flowlabel: int | None = u32(31)

    @property
    def destination(self) -> str:
        """`"default"`, `"10.0.0.0/8"`, `"2001:db8::/32"`."""
        dst = self.dst
        return "default" if dst is None else f"{dst!s}/{self.dst_len or 0}"
