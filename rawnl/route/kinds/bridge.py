"""bridge: a software switch, and what it keeps of each port (`<linux/if_link.h>`, IFLA_BR_… and IFLA_BRPORT_…).

Times are in USER_HZ, hundredths of a second, as the kernel gives and takes them; the multicast intervals too.
"""

from __future__ import annotations

import struct
from typing import Any

from rawnl.attribute import Attribute, Enumeration, attribute_bytes, be16, binary, flag, lladdr, u8, u16, u32, u64
from rawnl.errors import DecodeError
from rawnl.nest import Struct, nest, structure
from rawnl.route.link import LinkKind, PortKind
from rawnl.wire import Attrs, field


class PortState(Enumeration, prefix="BR_STATE_", uapi="linux/if_bridge.h"):
    """Spanning tree state of a port (BR_STATE_…)."""

    DISABLED = 0
    LISTENING = 1
    LEARNING = 2
    FORWARDING = 3
    BLOCKING = 4


class VlanProtocol(
    Enumeration,
    uapi="linux/if_ether.h",
    kernel={"DOT1Q": "ETH_P_8021Q", "DOT1AD": "ETH_P_8021AD"},
):
    """The tag that vlan filtering looks at (ETH_P_8021Q, ETH_P_8021AD)."""

    DOT1Q = 0x8100
    DOT1AD = 0x88A8


def bridge_id(number: int, kernel: str = "") -> Any:
    """`struct ifla_bridge_id`: `"8000.020000000001"`, the priority and the address in hexadecimal."""

    def encode(value: Any) -> bytes:
        priority, address = value.split(".")
        return attribute_bytes(number, struct.pack(">H6s", int(priority, 16), bytes.fromhex(address)))

    def decode(buffer: Any, start: int, end: int) -> Any:
        if end - start != 8:
            raise DecodeError(f"a bridge id has 8 bytes, not {end - start}", offset=start)
        return f"{bytes(buffer[start : start + 2]).hex()}.{bytes(buffer[start + 2 : end]).hex()}"

    return Attribute(
        number,
        encode,
        decode,
        expects="a bridge id such as '8000.020000000001'",
        kernel=kernel,
        sample=("bridge_id",),
    )


class BoolOptions(Struct, struct="br_boolopt_multi", uapi="linux/if_bridge.h"):
    """`struct br_boolopt_multi`: on/off options by bit; `optmask` says which bits of `optval` are meant."""

    optval: int | None = field("I")
    optmask: int | None = field("I")


class QuerierState(Attrs, prefix="BRIDGE_QUERIER_", uapi="linux/if_bridge.h"):
    """Who queries for multicast group members at present."""

    __slots__ = ()

    ip_address: bytes | None = binary(1)
    ip_port: int | None = u32(2)
    ip_other_timer: int | None = u64(3)
    pad: bytes | None = binary(4)
    ipv6_address: bytes | None = binary(5)
    ipv6_port: int | None = u32(6)
    ipv6_other_timer: int | None = u64(7)


class Bridge(LinkKind, name="bridge", prefix="IFLA_BR_"):
    """A software switch.

    >>> Bridge(stp_state=1, vlan_filtering=1)
    Bridge(stp_state=1, vlan_filtering=1)
    """

    __slots__ = ()

    forward_delay: int | None = u32(1)
    hello_time: int | None = u32(2)
    max_age: int | None = u32(3)
    ageing_time: int | None = u32(4)
    stp_state: int | None = u32(5)
    priority: int | None = u16(6)
    vlan_filtering: int | None = u8(7)
    vlan_protocol: VlanProtocol | int | str | None = be16(8, enum=VlanProtocol)
    group_fwd_mask: int | None = u16(9)
    root_id: str | None = bridge_id(10)
    bridge_id: str | None = bridge_id(11)
    root_port: int | None = u16(12)
    root_path_cost: int | None = u32(13)
    topology_change: int | None = u8(14)
    topology_change_detected: int | None = u8(15)
    hello_timer: int | None = u64(16)
    tcn_timer: int | None = u64(17)
    topology_change_timer: int | None = u64(18)
    gc_timer: int | None = u64(19)
    group_addr: str | bytes | None = lladdr(20)
    fdb_flush: bool | None = flag(21)
    mcast_router: int | None = u8(22)
    mcast_snooping: int | None = u8(23)
    mcast_query_use_ifaddr: int | None = u8(24)
    mcast_querier: int | None = u8(25)
    mcast_hash_elasticity: int | None = u32(26)
    mcast_hash_max: int | None = u32(27)
    mcast_last_member_cnt: int | None = u32(28)
    mcast_startup_query_cnt: int | None = u32(29)
    mcast_last_member_intvl: int | None = u64(30)
    mcast_membership_intvl: int | None = u64(31)
    mcast_querier_intvl: int | None = u64(32)
    mcast_query_intvl: int | None = u64(33)
    mcast_query_response_intvl: int | None = u64(34)
    mcast_startup_query_intvl: int | None = u64(35)
    nf_call_iptables: int | None = u8(36)
    nf_call_ip6tables: int | None = u8(37)
    nf_call_arptables: int | None = u8(38)
    vlan_default_pvid: int | None = u16(39)
    pad: bytes | None = binary(40)
    vlan_stats_enabled: int | None = u8(41)
    mcast_stats_enabled: int | None = u8(42)
    mcast_igmp_version: int | None = u8(43)
    mcast_mld_version: int | None = u8(44)
    vlan_stats_per_port: int | None = u8(45)
    multi_boolopt: BoolOptions | None = structure(46, BoolOptions)
    mcast_querier_state: QuerierState | None = nest(47, QuerierState)
    fdb_n_learned: int | None = u32(48)
    fdb_max_learned: int | None = u32(49)


class BridgePort(PortKind, name="bridge", prefix="IFLA_BRPORT_"):
    """What a bridge keeps of one of its ports."""

    __slots__ = ()

    state: PortState | int | str | None = u8(1, enum=PortState)
    priority: int | None = u16(2)
    cost: int | None = u32(3)
    mode: int | None = u8(4)
    guard: int | None = u8(5)
    protect: int | None = u8(6)
    fast_leave: int | None = u8(7)
    learning: int | None = u8(8)
    unicast_flood: int | None = u8(9)
    proxyarp: int | None = u8(10)
    learning_sync: int | None = u8(11)
    proxyarp_wifi: int | None = u8(12)
    root_id: str | None = bridge_id(13)
    bridge_id: str | None = bridge_id(14)
    designated_port: int | None = u16(15)
    designated_cost: int | None = u16(16)
    id: int | None = u16(17)
    no: int | None = u16(18)
    topology_change_ack: int | None = u8(19)
    config_pending: int | None = u8(20)
    message_age_timer: int | None = u64(21)
    forward_delay_timer: int | None = u64(22)
    hold_timer: int | None = u64(23)
    flush: bool | None = flag(24)
    multicast_router: int | None = u8(25)
    pad: bytes | None = binary(26)
    mcast_flood: int | None = u8(27)
    mcast_to_ucast: int | None = u8(28)
    vlan_tunnel: int | None = u8(29)
    bcast_flood: int | None = u8(30)
    group_fwd_mask: int | None = u16(31)
    neigh_suppress: int | None = u8(32)
    isolated: int | None = u8(33)
    backup_port: int | None = u32(34)
    mrp_ring_open: int | None = u8(35)
    mrp_in_open: int | None = u8(36)
    mcast_eht_hosts_limit: int | None = u32(37)
    mcast_eht_hosts_cnt: int | None = u32(38)
    locked: int | None = u8(39)
    mab: int | None = u8(40)
    mcast_n_groups: int | None = u32(41)
    mcast_max_groups: int | None = u32(42)
    neigh_vlan_suppress: int | None = u8(43)
    backup_nhid: int | None = u32(44)
