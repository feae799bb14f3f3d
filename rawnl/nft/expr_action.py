"""Expressions that act or keep count: counters, limits, logs, rejections, and what iptables brings along.

Source: `<linux/netfilter/nf_tables.h>`, `<linux/netfilter/nf_tables_compat.h>`; nft(8), "Statements".
"""

from __future__ import annotations

from rawnl.attribute import Bits, Enumeration, be16, be32, be64, binary, string, u8
from rawnl.nft.expr import UAPI, Expr, RegisterLike, register


class Counter(Expr, name="counter", prefix="NFTA_COUNTER_"):
    """Counts packets and their bytes.

    >>> Counter(bytes=0, packets=0)
    Counter(bytes=0, packets=0)
    """

    __slots__ = ()

    bytes: int | None = be64(1)
    packets: int | None = be64(2)


class LimitType(Enumeration, prefix="NFT_LIMIT_", uapi=UAPI):
    """What a limit counts (NFT_LIMIT_…)."""

    PKTS = 0
    PKT_BYTES = 1


class Inverted(Bits, prefix="NFT_LIMIT_F_", uapi=UAPI):
    """The flag that turns a limit round: go on only when it is exceeded (NFT_…_F_INV)."""

    INV = 1


class Limit(Expr, name="limit", prefix="NFTA_LIMIT_"):
    """Go on only up to `rate` packets or bytes per `unit` seconds, with a `burst` on top."""

    __slots__ = ()

    rate: int | None = be64(1)
    unit: int | None = be64(2)
    burst: int | None = be32(3)
    type: LimitType | int | str | None = be32(4, enum=LimitType)
    flags: Inverted | int | str | None = be32(5, enum=Inverted)


class Connlimit(Expr, name="connlimit", prefix="NFTA_CONNLIMIT_"):
    """Go on only up to `count` connections ("inv": only over it)."""

    __slots__ = ()

    count: int | None = be32(1)
    flags: Inverted | int | str | None = be32(2, enum=Inverted)


class QuotaFlags(Bits, prefix="NFT_QUOTA_F_", uapi=UAPI):
    """NFT_QUOTA_F_…."""

    INV = 1
    DEPLETED = 2


class Quota(Expr, name="quota", prefix="NFTA_QUOTA_"):
    """Go on only until so many `bytes` have come by; `consumed` of them so far."""

    __slots__ = ()

    bytes: int | None = be64(1)
    flags: QuotaFlags | int | str | None = be32(2, enum=QuotaFlags)
    consumed: int | None = be64(4)


class Last(Expr, name="last", prefix="NFTA_LAST_"):
    """When a packet last came by: `set` tells whether one did, `msecs` how many milliseconds ago."""

    __slots__ = ()

    set: int | None = be32(1)
    msecs: int | None = be64(2)


class LogLevel(Enumeration, prefix="NFT_LOGLEVEL_", uapi=UAPI):
    """Log levels (NFT_LOGLEVEL_…, syslog(3))."""

    EMERG = 0
    ALERT = 1
    CRIT = 2
    ERR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6
    DEBUG = 7
    AUDIT = 8


class Log(Expr, name="log", prefix="NFTA_LOG_"):
    """A line in the kernel's log, or with a `group` a message to a listener."""

    __slots__ = ()

    group: int | None = be16(1)
    prefix: str | None = string(2, max_bytes=127)
    snaplen: int | None = be32(3)
    qthreshold: int | None = be16(4)
    level: LogLevel | int | str | None = be32(5, enum=LogLevel)
    flags: int | None = be32(6)


class QueueFlags(Bits, prefix="NFT_QUEUE_FLAG_", uapi=UAPI):
    """NFT_QUEUE_FLAG_…."""

    BYPASS = 1
    CPU_FANOUT = 2


class Queue(Expr, name="queue", prefix="NFTA_QUEUE_"):
    """Hand the packet to a program, over queue `num` or one of `total` from there."""

    __slots__ = ()

    num: int | None = be16(1)
    total: int | None = be16(2)
    flags: QueueFlags | int | str | None = be16(3, enum=QueueFlags)
    sreg_qnum: RegisterLike | None = register(4)


class RejectType(Enumeration, prefix="NFT_REJECT_", uapi=UAPI):
    """How to refuse (NFT_REJECT_…)."""

    ICMP_UNREACH = 0
    TCP_RST = 1
    ICMPX_UNREACH = 2


class Reject(Expr, name="reject", prefix="NFTA_REJECT_"):
    """Drop the packet and tell its sender; `icmp_code` is of the family, or NFT_REJECT_ICMPX_… for "icmpx_unreach"."""

    __slots__ = ()

    type: RejectType | int | str | None = be32(1, enum=RejectType)
    icmp_code: int | None = u8(2)


class Notrack(Expr, name="notrack"):
    """Leave the packet out of connection tracking. It has no attributes, and none are sent."""

    __slots__ = ()
    bare = True


class Synproxy(Expr, name="synproxy", prefix="NFTA_SYNPROXY_"):
    """Answer SYN packets in the server's stead; flags as in `<linux/netfilter/nf_synproxy.h>`."""

    __slots__ = ()

    mss: int | None = be16(1)
    wscale: int | None = u8(2)
    flags: int | None = be32(3)


class ObjectType(Enumeration, prefix="NFT_OBJECT_", uapi=UAPI):
    """Stateful objects (NFT_OBJECT_…)."""

    COUNTER = 1
    QUOTA = 2
    CT_HELPER = 3
    LIMIT = 4
    CONNLIMIT = 5
    TUNNEL = 6
    CT_TIMEOUT = 7
    SECMARK = 8
    CT_EXPECT = 9
    SYNPROXY = 10


class Objref(Expr, name="objref", prefix="NFTA_OBJREF_"):
    """Use a stateful object: the named one, or the one that a map has for the key in `set_sreg`."""

    __slots__ = ()

    imm_type: ObjectType | int | str | None = be32(1, enum=ObjectType)
    imm_name: str | None = string(2)
    set_sreg: RegisterLike | None = register(3)
    set_name: str | None = string(4)
    set_id: int | None = be32(5)


class FlowOffload(Expr, name="flow_offload", prefix="NFTA_FLOW_"):
    """Let the connection take the fast path of a flowtable."""

    __slots__ = ()

    table_name: str | None = string(1)


class Match(Expr, name="match", prefix="NFTA_MATCH_", uapi="linux/netfilter/nf_tables_compat.h"):
    """A match of iptables (xt_…); its `info` is that extension's own C struct, kept as it is."""

    __slots__ = ()

    name: str | None = string(1)
    rev: int | None = be32(2)
    info: bytes | None = binary(3)


class Target(Expr, name="target", prefix="NFTA_TARGET_", uapi="linux/netfilter/nf_tables_compat.h"):
    """A target of iptables (xt_…); its `info` is that extension's own C struct, kept as it is."""

    __slots__ = ()

    name: str | None = string(1)
    rev: int | None = be32(2)
    info: bytes | None = binary(3)
