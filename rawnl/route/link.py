"""Links: network interfaces (`struct ifinfomsg`, `<linux/if_link.h>`, rtnetlink(7)).

    +--------+--------+-----------------+
    | family |  (pad) | type (ARPHRD_…) |
    +--------+--------+-----------------+
    | index                             |
    +-----------------------------------+
    | flags (IFF_…)                     |
    +-----------------------------------+
    | change (which flags are meant)    |
    +-----------------------------------+

A kind is declared in a module of its own name under `kinds/` and loaded when first met.
"""

from __future__ import annotations

import struct
from typing import Any

from rawnl.attribute import (
    Bits,
    Enumeration,
    IPAddress,
    binary,
    ifname,
    ip,
    lladdr,
    netns_fd,
    repeated,
    s32,
    string,
    u8,
    u16,
    u32,
    u32_array,
    u64_array,
)
from rawnl.message import Message
from rawnl.nest import Struct, nest, structure
from rawnl.route.family import Family
from rawnl.tagged import Opaque, Tagged, tagged
from rawnl.wire import Attrs, field, padding

_two_shorts = struct.Struct("=HH").unpack_from


class Flags(Bits, prefix="IFF_", uapi="linux/if.h"):
    """Interface flags (`<linux/if.h>`)."""

    UP = 1 << 0
    BROADCAST = 1 << 1
    DEBUG = 1 << 2
    LOOPBACK = 1 << 3
    POINTOPOINT = 1 << 4
    NOTRAILERS = 1 << 5
    RUNNING = 1 << 6
    NOARP = 1 << 7
    PROMISC = 1 << 8
    ALLMULTI = 1 << 9
    MASTER = 1 << 10
    SLAVE = 1 << 11
    MULTICAST = 1 << 12
    PORTSEL = 1 << 13
    AUTOMEDIA = 1 << 14
    DYNAMIC = 1 << 15
    LOWER_UP = 1 << 16
    DORMANT = 1 << 17
    ECHO = 1 << 18


class OperState(Enumeration, prefix="IF_OPER_", uapi="linux/if.h"):
    """Operational state (RFC 2863, `<linux/if.h>`)."""

    UNKNOWN = 0
    NOTPRESENT = 1
    DOWN = 2
    LOWERLAYERDOWN = 3
    TESTING = 4
    DORMANT = 5
    UP = 6


class LinkMode(Enumeration, prefix="IF_LINK_MODE_", uapi="linux/if.h"):
    """How the operational state comes about (`<linux/if.h>`)."""

    DEFAULT = 0
    DORMANT = 1
    TESTING = 2


class AddrGenMode(Enumeration, prefix="IN6_ADDR_GEN_MODE_", uapi="linux/if_link.h"):
    """How IPv6 link-local addresses are made (IN6_ADDR_GEN_MODE_…)."""

    EUI64 = 0
    NONE = 1
    STABLE_PRIVACY = 2
    RANDOM = 3


class Stats64(Struct, struct="rtnl_link_stats64", uapi="linux/if_link.h"):
    """`struct rtnl_link_stats64`: counters since the link was made; bytes and packets."""

    rx_packets: int | None = field("Q")
    tx_packets: int | None = field("Q")
    rx_bytes: int | None = field("Q")
    tx_bytes: int | None = field("Q")
    rx_errors: int | None = field("Q")
    tx_errors: int | None = field("Q")
    rx_dropped: int | None = field("Q")
    tx_dropped: int | None = field("Q")
    multicast: int | None = field("Q")
    collisions: int | None = field("Q")
    rx_length_errors: int | None = field("Q")
    rx_over_errors: int | None = field("Q")
    rx_crc_errors: int | None = field("Q")
    rx_frame_errors: int | None = field("Q")
    rx_fifo_errors: int | None = field("Q")
    rx_missed_errors: int | None = field("Q")
    tx_aborted_errors: int | None = field("Q")
    tx_carrier_errors: int | None = field("Q")
    tx_fifo_errors: int | None = field("Q")
    tx_heartbeat_errors: int | None = field("Q")
    tx_window_errors: int | None = field("Q")
    rx_compressed: int | None = field("Q")
    tx_compressed: int | None = field("Q")
    rx_nohandler: int | None = field("Q")
    rx_otherhost_dropped: int | None = field("Q")


class Stats(Struct, struct="rtnl_link_stats", uapi="linux/if_link.h"):
    """`struct rtnl_link_stats`: the same counters in 32 bits, which wrap."""

    rx_packets: int | None = field("I")
    tx_packets: int | None = field("I")
    rx_bytes: int | None = field("I")
    tx_bytes: int | None = field("I")
    rx_errors: int | None = field("I")
    tx_errors: int | None = field("I")
    rx_dropped: int | None = field("I")
    tx_dropped: int | None = field("I")
    multicast: int | None = field("I")
    collisions: int | None = field("I")
    rx_length_errors: int | None = field("I")
    rx_over_errors: int | None = field("I")
    rx_crc_errors: int | None = field("I")
    rx_frame_errors: int | None = field("I")
    rx_fifo_errors: int | None = field("I")
    rx_missed_errors: int | None = field("I")
    tx_aborted_errors: int | None = field("I")
    tx_carrier_errors: int | None = field("I")
    tx_fifo_errors: int | None = field("I")
    tx_heartbeat_errors: int | None = field("I")
    tx_window_errors: int | None = field("I")
    rx_compressed: int | None = field("I")
    tx_compressed: int | None = field("I")
    rx_nohandler: int | None = field("I")


class LinkMap(Struct, struct="rtnl_link_ifmap", uapi="linux/if_link.h"):
    """`struct rtnl_link_ifmap`: where old hardware sits."""

    mem_start: int | None = field("Q")
    mem_end: int | None = field("Q")
    base_addr: int | None = field("Q")
    irq: int | None = field("H")
    dma: int | None = field("B")
    port: int | None = field("B")
    _pad = padding(4)


class LinkKind(Tagged, modules="rawnl.route.kinds", uapi="linux/if_link.h"):
    """The base of all link kinds: what stands in IFLA_INFO_DATA. Subclass it with `name=` to add one."""

    __slots__ = ()


class PortKind(Tagged, modules="rawnl.route.kinds", uapi="linux/if_link.h"):
    """The base of what a link is as a port of another (IFLA_INFO_SLAVE_DATA), by the kind of its master."""

    __slots__ = ()


class LinkInfo(Attrs, prefix="IFLA_INFO_", uapi="linux/if_link.h"):
    """IFLA_LINKINFO: the kind of a link and what that kind adds."""

    __slots__ = ()

    kind: str | None = string(1)
    data: LinkKind | Opaque | bytes | None = tagged(2, "kind", LinkKind, flagged=False)
    xstats: bytes | None = binary(3)
    slave_kind: str | None = string(4)
    slave_data: PortKind | Opaque | bytes | None = tagged(5, "port_kind", PortKind, flagged=False)

    @property
    def port_kind(self) -> str | None:
        """The kind that `slave_data` is of. `ip` says "bridge_slave" as the kind where the kernel says `slave_kind`."""
        kind = self.slave_kind or self.kind
        return kind.removesuffix("_slave") if kind and (self.slave_kind or kind.endswith("_slave")) else None

    @classmethod
    def of(cls, kind: LinkKind | type[LinkKind] | str) -> LinkInfo:
        """From what people have at hand: `Veth(peer=…)`, `Bridge`, `"dummy"`.

        >>> LinkInfo.of("dummy")
        LinkInfo(kind='dummy')
        """
        if isinstance(kind, LinkKind) and (kind._table if kind._buffer is None else kind.body()):
            return cls(kind=kind.tag, data=kind)
        if not isinstance(kind, (str, LinkKind)) and not (isinstance(kind, type) and issubclass(kind, LinkKind)):
            raise TypeError(f"a kind of link is Bridge(…), Bridge or 'bridge', for example, and not {kind!r}")
        return cls(kind=kind if isinstance(kind, str) else kind.tag)


class AfInet(Attrs, prefix="IFLA_INET_", uapi="linux/if_link.h"):
    """What IPv4 keeps for a link: `conf[i]` is the devconf value IPV4_DEVCONF_… number i + 1."""

    __slots__ = ()

    conf: tuple[int, ...] | None = u32_array(1)


class Inet6CacheInfo(Struct, struct="ifla_cacheinfo", uapi="linux/if_link.h"):
    """`struct ifla_cacheinfo`: IPv6 timers of a link, in milliseconds; `tstamp` in hundredths of a second."""

    max_reasm_len: int | None = field("I")
    tstamp: int | None = field("I")
    reachable_time: int | None = field("I")
    retrans_time: int | None = field("I")


class AfInet6(Attrs, prefix="IFLA_INET6_", uapi="linux/if_link.h"):
    """What IPv6 keeps for a link: `conf[i]` is the value number i of DEVCONF_…, `stats[i]` of IPSTATS_MIB_…."""

    __slots__ = ()

    flags: int | None = u32(1)
    conf: tuple[int, ...] | None = u32_array(2)
    stats: tuple[int, ...] | None = u64_array(3)
    mcast: bytes | None = binary(4)
    cacheinfo: Inet6CacheInfo | None = structure(5, Inet6CacheInfo)
    icmp6stats: tuple[int, ...] | None = u64_array(6)
    token: IPAddress | None = ip(7)
    addr_gen_mode: AddrGenMode | int | str | None = u8(8, enum=AddrGenMode)
    ra_mtu: int | None = u32(9)


class AfSpec(Attrs, prefix="AF_", uapi="sys/socket.h"):
    """IFLA_AF_SPEC: one nest per address family."""

    __slots__ = ()

    inet: AfInet | None = nest(2, AfInet, flagged=False)
    inet6: AfInet6 | None = nest(10, AfInet6, flagged=False)


class PropList(Attrs, prefix="IFLA_", uapi="linux/if_link.h"):
    """IFLA_PROP_LIST: alternative names, of which there may be many."""

    __slots__ = ()

    alt_ifname: list[str] | str | None = repeated(string(53, max_bytes=127))

    @property
    def names(self) -> list[str]:
        """Every alternative name."""
        return list(self.alt_ifname or ())


class Xdp(Attrs, prefix="IFLA_XDP_", uapi="linux/if_link.h"):
    """IFLA_XDP: the eXpress Data Path program of a link."""

    __slots__ = ()

    fd: int | None = s32(1)
    attached: int | None = u8(2)
    flags: int | None = u32(3)
    prog_id: int | None = u32(4)
    drv_prog_id: int | None = u32(5)
    skb_prog_id: int | None = u32(6)
    hw_prog_id: int | None = u32(7)
    expected_fd: int | None = s32(8)


class DevlinkPort(Attrs, prefix="DEVLINK_ATTR_", uapi="linux/devlink.h"):
    """IFLA_DEVLINK_PORT: the port of a device (devlink(8)) that the link stands for; empty where there is none."""

    __slots__ = ()

    bus_name: str | None = string(1)
    dev_name: str | None = string(2)
    port_index: int | None = u32(3)


class DpllPin(Attrs, prefix="DPLL_A_PIN_", uapi="linux/dpll.h"):
    """IFLA_DPLL_PIN: the clock pin that drives the link; empty where there is none."""

    __slots__ = ()

    id: int | None = u32(1)


class Link(
    Message,
    types={
        "RTM_NEWLINK": 16,
        "RTM_DELLINK": 17,
        "RTM_GETLINK": 18,
        "RTM_SETLINK": 19,
        "RTM_NEWLINKPROP": 108,
        "RTM_DELLINKPROP": 109,
        "RTM_GETLINKPROP": 110,
    },
    prefix="IFLA_",
    uapi="linux/if_link.h",
    struct="ifinfomsg",
    members="ifi_",
):
    """A network interface.

    >>> Link(name="eth0", mtu=1500)
    Link(name='eth0', mtu=1500)
    """

    __slots__ = ()

    family: Family | int | str | None = field("B", enum=Family)
    _pad = padding(1)
    type: int | None = field("H")
    index: int | None = field("i")
    flags: Flags | int | str | None = field("I", enum=Flags)
    change: Flags | int | str | None = field("I", enum=Flags)

    address: str | bytes | None = lladdr(1)
    broadcast: str | bytes | None = lladdr(2)
    name: str | None = ifname(3, "IFNAME")
    mtu: int | None = u32(4)
    link: int | None = u32(5)
    qdisc: str | None = string(6)
    stats: Stats | None = structure(7, Stats)
    cost: bytes | None = binary(8)
    priority: bytes | None = binary(9)
    master: int | None = u32(10)
    wireless: bytes | None = binary(11)
    protinfo: PortKind | Opaque | bytes | None = tagged(12, "_protinfo_kind", PortKind)
    txqlen: int | None = u32(13)
    map: LinkMap | None = structure(14, LinkMap)
    weight: int | None = u32(15)
    operstate: OperState | int | str | None = u8(16, enum=OperState)
    linkmode: LinkMode | int | str | None = u8(17, enum=LinkMode)
    linkinfo: LinkInfo | None = nest(18, LinkInfo, flagged=False)
    net_ns_pid: int | None = u32(19)
    ifalias: str | None = string(20, max_bytes=255, terminated=True)
    num_vf: int | None = u32(21)
    vfinfo_list: bytes | None = binary(22)
    stats64: Stats64 | None = structure(23, Stats64)
    vf_ports: bytes | None = binary(24)
    port_self: bytes | None = binary(25)
    af_spec: AfSpec | None = nest(26, AfSpec, flagged=False)
    group: int | None = u32(27)
    netns: Any = netns_fd(28, "NET_NS_FD")
    ext_mask: int | None = u32(29)
    promiscuity: int | None = u32(30)
    num_tx_queues: int | None = u32(31)
    num_rx_queues: int | None = u32(32)
    carrier: int | None = u8(33)
    phys_port_id: bytes | None = binary(34)
    carrier_changes: int | None = u32(35)
    phys_switch_id: bytes | None = binary(36)
    link_netnsid: int | None = s32(37)
    phys_port_name: str | None = string(38)
    proto_down: int | None = u8(39)
    gso_max_segs: int | None = u32(40)
    gso_max_size: int | None = u32(41)
    pad: bytes | None = binary(42)
    xdp: Xdp | None = nest(43, Xdp, flagged=False)
    event: int | None = u32(44)
    new_netnsid: int | None = s32(45)
    target_netnsid: int | None = s32(46)
    carrier_up_count: int | None = u32(47)
    carrier_down_count: int | None = u32(48)
    new_ifindex: int | None = s32(49)
    min_mtu: int | None = u32(50)
    max_mtu: int | None = u32(51)
    prop_list: PropList | None = nest(52, PropList, flagged=True)
    alt_ifname: str | None = string(53, max_bytes=127)
    perm_address: str | bytes | None = lladdr(54)
    proto_down_reason: bytes | None = binary(55)
    parent_dev_name: str | None = string(56)
    parent_dev_bus_name: str | None = string(57)
    gro_max_size: int | None = u32(58)
    tso_max_size: int | None = u32(59)
    tso_max_segs: int | None = u32(60)
    allmulti: int | None = u32(61)
    devlink_port: DevlinkPort | None = nest(62, DevlinkPort)
    gso_ipv4_max_size: int | None = u32(63)
    gro_ipv4_max_size: int | None = u32(64)
    dpll_pin: DpllPin | None = nest(65, DpllPin)
    max_pacing_offload_horizon: int | None = u32(66)
    netns_immutable: int | None = u8(67)
    headroom: int | None = u16(68)
    tailroom: int | None = u16(69)

    @property
    def _protinfo_kind(self) -> str | None:
        # The family chooses what IFLA_PROTINFO is; IPv6's older form of IFLA_AF_SPEC is left as bytes.
        return "bridge" if self.family == Family.BRIDGE else None

    @property
    def up(self) -> bool:
        """Whether the link is administratively up (IFF_UP)."""
        return bool(int(self.flags or 0) & 1) if not isinstance(self.flags, str) else "up" in self.flags.split("|")

    @property
    def kind(self) -> str | None:
        """The kind (`"veth"`, `"bridge"` …), None where the driver tells none."""
        buffer = self._buffer
        if buffer is not None:
            start = self._table[self._row + 18]
            if not start:
                return None
            # The kernel puts IFLA_INFO_KIND first, and a NUL at its end: then the nest need not be opened to read it.
            rest = _two_shorts(buffer, start - 4)[0] - 4
            if rest > 4:
                length, number = _two_shorts(buffer, start)
                text: bytes = buffer[start + 4 : start + length]
                if number == 1 and 4 < length <= rest and text.find(0) == length - 5:
                    return text[:-1].decode("utf-8", "surrogateescape")
        info = self.linkinfo
        return None if info is None else info.kind

    @property
    def info(self) -> LinkKind | Opaque | bytes | None:
        """What the kind adds, such as a `Bridge` with all its settings."""
        info = self.linkinfo
        return None if info is None else info.data

    @property
    def port(self) -> PortKind | Opaque | bytes | None:
        """What the link's master keeps of it as a port, such as a `BridgePort`."""
        info = self.linkinfo
        return None if info is None else info.slave_data

    @property
    def altnames(self) -> list[str]:
        """The alternative names."""
        found = self.prop_list
        return [] if found is None else found.names
