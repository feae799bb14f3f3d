"""Neighbours: the ARP and NDP tables and, with family bridge, forwarding entries (`<linux/neighbour.h>`).

+--------+-----------------------------+
| family |            (pad)            |
+--------+-----------------------------+
| index                                |
+-----------------+---------+----------+
| state (NUD_…)   | flags8  | type     |
+-----------------+---------+----------+
"""

from __future__ import annotations

from rawnl.attribute import Bits, IPAddress, be16, binary, ip, lladdr, s32, u8, u16, u32
from rawnl.message import Message
from rawnl.nest import Struct, structure
from rawnl.route.family import Family
from rawnl.route.route import RouteProtocol, RouteType
from rawnl.wire import field, padding


class NeighbourState(Bits, prefix="NUD_", uapi="linux/neighbour.h"):
    """NUD_…; NONE is zero."""

    INCOMPLETE = 0x01
    REACHABLE = 0x02
    STALE = 0x04
    DELAY = 0x08
    PROBE = 0x10
    FAILED = 0x20
    NOARP = 0x40
    PERMANENT = 0x80


class NeighbourFlags(Bits, prefix="NTF_", uapi="linux/neighbour.h"):
    """NTF_…."""

    USE = 0x01
    SELF = 0x02
    MASTER = 0x04
    PROXY = 0x08
    EXT_LEARNED = 0x10
    OFFLOADED = 0x20
    STICKY = 0x40
    ROUTER = 0x80


class NeighbourCacheInfo(Struct, struct="nda_cacheinfo", members="ndm_", uapi="linux/neighbour.h"):
    """`struct nda_cacheinfo`: times in hundredths of a second, and the count of references."""

    confirmed: int | None = field("I")
    used: int | None = field("I")
    updated: int | None = field("I")
    refcnt: int | None = field("I")


class Neighbour(
    Message,
    types={"RTM_NEWNEIGH": 28, "RTM_DELNEIGH": 29, "RTM_GETNEIGH": 30},
    prefix="NDA_",
    uapi="linux/neighbour.h",
    struct="ndmsg",
    members="ndm_",
):
    """An entry of a neighbour table: which link-layer address answers for `dst` on a link."""

    __slots__ = ()

    family: Family | int | str | None = field("B", enum=Family)
    _pad = padding(3)
    index: int | None = field("i", "IFINDEX")
    state: NeighbourState | int | str | None = field("H", enum=NeighbourState)
    flags: NeighbourFlags | int | str | None = field("B", enum=NeighbourFlags)
    type: RouteType | int | str | None = field("B", enum=RouteType)

    dst: IPAddress | None = ip(1)
    lladdr: str | bytes | None = lladdr(2)
    cacheinfo: NeighbourCacheInfo | None = structure(3, NeighbourCacheInfo)
    probes: int | None = u32(4)
    vlan: int | None = u16(5)
    port: int | None = be16(6)
    vni: int | None = u32(7)
    ifindex: int | None = u32(8)
    master: int | None = u32(9)
    link_netnsid: int | None = s32(10)
    src_vni: int | None = u32(11)
    protocol: RouteProtocol | int | str | None = u8(12, enum=RouteProtocol)
    nh_id: int | None = u32(13)
    fdb_ext_attrs: bytes | None = binary(14)
    flags_ext: int | None = u32(15)
    ndm_state_mask: int | None = u16(16)
    ndm_flags_mask: int | None = u8(17)
