"""Policy routing rules (`struct fib_rule_hdr`, `<linux/fib_rules.h>`, ip-rule(8)).

+--------+---------+---------+--------+
| family | dst_len | src_len | tos    |
+--------+---------+---------+--------+
| table8 |       (pad)       | action |
+--------+-------------------+--------+
| flags (FIB_RULE_…)                  |
+-------------------------------------+
"""

from __future__ import annotations

from rawnl.attribute import Bits, Enumeration, IPAddress, be64, binary, ifname, ip, s32, u8, u32
from rawnl.message import Message
from rawnl.nest import Struct, structure
from rawnl.route.family import Family
from rawnl.route.route import RouteProtocol
from rawnl.wire import field, padding


class Action(Enumeration, prefix="FR_ACT_", uapi="linux/fib_rules.h"):
    """What a rule does (FR_ACT_…)."""

    UNSPEC = 0
    TO_TBL = 1
    GOTO = 2
    NOP = 3
    RES3 = 4
    RES4 = 5
    BLACKHOLE = 6
    UNREACHABLE = 7
    PROHIBIT = 8


class RuleFlags(Bits, prefix="FIB_RULE_", uapi="linux/fib_rules.h"):
    """FIB_RULE_…."""

    PERMANENT = 0x01
    INVERT = 0x02
    UNRESOLVED = 0x04
    IIF_DETACHED = 0x08
    OIF_DETACHED = 0x10
    FIND_SADDR = 0x10000


class PortRange(Struct, struct="fib_rule_port_range", uapi="linux/fib_rules.h"):
    """`struct fib_rule_port_range`, both ends included; host byte order."""

    start: int | None = field("H")
    end: int | None = field("H")


class UidRange(Struct, struct="fib_rule_uid_range", uapi="linux/fib_rules.h"):
    """`struct fib_rule_uid_range`, both ends included."""

    start: int | None = field("I")
    end: int | None = field("I")


class Rule(
    Message,
    types={"RTM_NEWRULE": 32, "RTM_DELRULE": 33, "RTM_GETRULE": 34},
    prefix="FRA_",
    uapi="linux/fib_rules.h",
    struct="fib_rule_hdr",
):
    """A rule that chooses a routing table."""

    __slots__ = ()

    family: Family | int | str | None = field("B", enum=Family)
    dst_len: int | None = field("B")
    src_len: int | None = field("B")
    tos: int | None = field("B")
    table8: int | None = field("B", "TABLE")
    _pad = padding(2)
    action: Action | int | str | None = field("B", enum=Action)
    flags: RuleFlags | int | str | None = field("I", enum=RuleFlags)

    dst: IPAddress | None = ip(1)
    src: IPAddress | None = ip(2)
    iifname: str | None = ifname(3)
    goto: int | None = u32(4)
    priority: int | None = u32(6)
    fwmark: int | None = u32(10)
    flow: int | None = u32(11)
    tun_id: int | None = be64(12)
    suppress_ifgroup: int | None = s32(13)
    suppress_prefixlen: int | None = s32(14)
    table: int | None = u32(15)
    fwmask: int | None = u32(16)
    oifname: str | None = ifname(17)
    pad: bytes | None = binary(18)
    l3mdev: int | None = u8(19)
    uid_range: UidRange | None = structure(20, UidRange)
    protocol: RouteProtocol | int | str | None = u8(21, enum=RouteProtocol)
    ip_proto: int | None = u8(22)
    sport_range: PortRange | None = structure(23, PortRange)
    dport_range: PortRange | None = structure(24, PortRange)
