"""Expressions that load a value into a register: from the packet, from what the kernel knows of it, from nowhere.

`dreg` is the register they load, 4-byte or 16-byte; those that can also write take `sreg` instead.
Source: `<linux/netfilter/nf_tables.h>`; nft(8), "Payload expressions", "Meta expressions", "Conntrack expressions".
"""

from __future__ import annotations

from rawnl.attribute import Bits, Enumeration, be32, string, u8
from rawnl.nft.expr import UAPI, DataLike, Expr, Expression, RegisterLike, data, expression, register


class PayloadBase(Enumeration, prefix="NFT_PAYLOAD_", uapi=UAPI):
    """From where a payload's offset counts (NFT_PAYLOAD_…)."""

    LL_HEADER = 0
    NETWORK_HEADER = 1
    TRANSPORT_HEADER = 2
    INNER_HEADER = 3
    TUN_HEADER = 4


class ChecksumType(Enumeration, prefix="NFT_PAYLOAD_CSUM_", uapi=UAPI):
    """The checksum to mend when a payload is written (NFT_PAYLOAD_CSUM_…)."""

    NONE = 0
    INET = 1
    SCTP = 2


class Payload(Expr, name="payload", prefix="NFTA_PAYLOAD_"):
    """`len` bytes of the packet at `offset` from `base`, in the order in which they travel.

    >>> Payload(dreg="reg_1", base="network_header", offset=12, len=4)  # ip saddr
    Payload(dreg='reg_1', base='network_header', offset=12, len=4)
    """

    __slots__ = ()

    dreg: RegisterLike | None = register(1)
    base: PayloadBase | int | str | None = be32(2, enum=PayloadBase)
    offset: int | None = be32(3)
    len: int | None = be32(4)
    sreg: RegisterLike | None = register(5)
    csum_type: ChecksumType | int | str | None = be32(6, enum=ChecksumType)
    csum_offset: int | None = be32(7)
    csum_flags: int | None = be32(8)


class HeaderKind(Enumeration, prefix="NFT_EXTHDR_OP_", uapi=UAPI):
    """Which kind of extension header or option (NFT_EXTHDR_OP_…)."""

    IPV6 = 0
    TCPOPT = 1
    IPV4 = 2
    SCTP = 3
    DCCP = 4


class Exthdr(Expr, name="exthdr", prefix="NFTA_EXTHDR_"):
    """An IPv6 extension header, or a TCP, IPv4, SCTP or DCCP option, of number `type`; flag 1 asks for its presence."""

    __slots__ = ()

    dreg: RegisterLike | None = register(1)
    type: int | None = u8(2)
    offset: int | None = be32(3)
    len: int | None = be32(4)
    flags: int | None = be32(5)
    op: HeaderKind | int | str | None = be32(6, enum=HeaderKind)
    sreg: RegisterLike | None = register(7)

    def anew(self) -> Expr:
        # To write an option takes no flags, and to take one away nothing but its number; all of them are listed as 0.
        if self.dreg is not None:
            return self
        return self.replace(flags=None) if self.sreg is not None else self.replace(flags=None, offset=None, len=None)


class MetaKey(Enumeration, prefix="NFT_META_", uapi=UAPI):
    """What the kernel knows of a packet (NFT_META_…)."""

    LEN = 0
    PROTOCOL = 1
    PRIORITY = 2
    MARK = 3
    IIF = 4
    OIF = 5
    IIFNAME = 6
    OIFNAME = 7
    IFTYPE = 8
    OIFTYPE = 9
    SKUID = 10
    SKGID = 11
    NFTRACE = 12
    RTCLASSID = 13
    SECMARK = 14
    NFPROTO = 15
    L4PROTO = 16
    BRI_IIFNAME = 17
    BRI_OIFNAME = 18
    PKTTYPE = 19
    CPU = 20
    IIFGROUP = 21
    OIFGROUP = 22
    CGROUP = 23
    PRANDOM = 24
    SECPATH = 25
    IIFKIND = 26
    OIFKIND = 27
    BRI_IIFPVID = 28
    BRI_IIFVPROTO = 29
    TIME_NS = 30
    TIME_DAY = 31
    TIME_HOUR = 32
    SDIF = 33
    SDIFNAME = 34
    BRI_BROUTE = 35


class Meta(Expr, name="meta", prefix="NFTA_META_"):
    """Metadata of the packet. Numbers are in host byte order; interface names have 16 bytes, filled with NUL."""

    __slots__ = ()

    dreg: RegisterLike | None = register(1)
    key: MetaKey | int | str | None = be32(2, enum=MetaKey)
    sreg: RegisterLike | None = register(3)


class CtKey(Enumeration, prefix="NFT_CT_", uapi=UAPI):
    """What connection tracking knows (NFT_CT_…)."""

    STATE = 0
    DIRECTION = 1
    STATUS = 2
    MARK = 3
    SECMARK = 4
    EXPIRATION = 5
    HELPER = 6
    L3PROTOCOL = 7
    SRC = 8
    DST = 9
    PROTOCOL = 10
    PROTO_SRC = 11
    PROTO_DST = 12
    LABELS = 13
    PKTS = 14
    BYTES = 15
    AVGPKT = 16
    ZONE = 17
    EVENTMASK = 18
    SRC_IP = 19
    DST_IP = 20
    SRC_IP6 = 21
    DST_IP6 = 22
    ID = 23


class Direction(Enumeration, prefix="IP_CT_DIR_", uapi="linux/netfilter/nf_conntrack_tuple_common.h"):
    """The direction of a connection (IP_CT_DIR_…)."""

    ORIGINAL = 0
    REPLY = 1


class Ct(Expr, name="ct", prefix="NFTA_CT_"):
    """What connection tracking knows of the packet's connection; `mark`, `zone` and a few more can be written."""

    __slots__ = ()

    dreg: RegisterLike | None = register(1)
    key: CtKey | int | str | None = be32(2, enum=CtKey)
    direction: Direction | int | str | None = u8(3, enum=Direction)
    sreg: RegisterLike | None = register(4)


class RouteKey(Enumeration, prefix="NFT_RT_", uapi=UAPI):
    """What routing knows (NFT_RT_…)."""

    CLASSID = 0
    NEXTHOP4 = 1
    NEXTHOP6 = 2
    TCPMSS = 3
    XFRM = 4


class Rt(Expr, name="rt", prefix="NFTA_RT_"):
    """What routing decided for the packet."""

    __slots__ = ()

    dreg: RegisterLike | None = register(1)
    key: RouteKey | int | str | None = be32(2, enum=RouteKey)


class SocketKey(Enumeration, prefix="NFT_SOCKET_", uapi=UAPI):
    """What a local socket knows (NFT_SOCKET_…)."""

    TRANSPARENT = 0
    MARK = 1
    WILDCARD = 2
    CGROUPV2 = 3


class Socket(Expr, name="socket", prefix="NFTA_SOCKET_"):
    """The local socket that the packet belongs to; `level` is the ancestor's for "cgroupv2"."""

    __slots__ = ()

    key: SocketKey | int | str | None = be32(1, enum=SocketKey)
    dreg: RegisterLike | None = register(2)
    level: int | None = be32(3)


class FibResult(Enumeration, prefix="NFT_FIB_RESULT_", uapi=UAPI):
    """What a route look-up is to say (NFT_FIB_RESULT_…)."""

    OIF = 1
    OIFNAME = 2
    ADDRTYPE = 3


class FibFlags(Bits, prefix="NFTA_FIB_F_", uapi=UAPI):
    """What a route look-up starts from (NFTA_FIB_F_…)."""

    SADDR = 1
    DADDR = 2
    MARK = 4
    IIF = 8
    OIF = 16
    PRESENT = 32


class Fib(Expr, name="fib", prefix="NFTA_FIB_"):
    """A look-up in the routing table."""

    __slots__ = ()

    dreg: RegisterLike | None = register(1)
    result: FibResult | int | str | None = be32(2, enum=FibResult)
    flags: FibFlags | int | str | None = be32(3, enum=FibFlags)


class HashType(Enumeration, prefix="NFT_HASH_", uapi=UAPI):
    """Ways to hash (NFT_HASH_…)."""

    JENKINS = 0
    SYM = 1


class Hash(Expr, name="hash", prefix="NFTA_HASH_"):
    """A hash of `len` bytes from `sreg` ("jenkins") or of the flow ("sym"), modulo `modulus`, plus `offset`."""

    __slots__ = ()

    sreg: RegisterLike | None = register(1)
    dreg: RegisterLike | None = register(2)
    len: int | None = be32(3)
    modulus: int | None = be32(4)
    seed: int | None = be32(5)
    offset: int | None = be32(6)
    type: HashType | int | str | None = be32(7, enum=HashType)
    set_name: str | None = string(8)
    set_id: int | None = be32(9)


class NumgenType(Enumeration, prefix="NFT_NG_", uapi=UAPI):
    """Ways to make numbers (NFT_NG_…)."""

    INCREMENTAL = 0
    RANDOM = 1


class Numgen(Expr, name="numgen", prefix="NFTA_NG_"):
    """The next number, or a random one, from `offset` to `offset + modulus - 1`."""

    __slots__ = ()

    dreg: RegisterLike | None = register(1)
    modulus: int | None = be32(2)
    type: NumgenType | int | str | None = be32(3, enum=NumgenType)
    offset: int | None = be32(4)
    set_name: str | None = string(5)
    set_id: int | None = be32(6)


class Osf(Expr, name="osf", prefix="NFTA_OSF_"):
    """The sender's operating system, guessed from its SYN; 16 bytes of text."""

    __slots__ = ()

    dreg: RegisterLike | None = register(1)
    ttl: int | None = u8(2)
    flags: int | None = be32(3)

    def anew(self) -> Expr:
        # It lists no flags as 0, and refuses that.
        return self.replace(flags=None) if self.flags == 0 else self


class XfrmKey(Enumeration, prefix="NFT_XFRM_KEY_", uapi=UAPI):
    """What IPsec knows (NFT_XFRM_KEY_…)."""

    DADDR_IP4 = 1
    DADDR_IP6 = 2
    SADDR_IP4 = 3
    SADDR_IP6 = 4
    REQID = 5
    SPI = 6


class XfrmDirection(Enumeration, prefix="XFRM_POLICY_", uapi="linux/xfrm.h"):
    """The direction of an IPsec policy (XFRM_POLICY_…)."""

    IN = 0
    OUT = 1


class Xfrm(Expr, name="xfrm", prefix="NFTA_XFRM_"):
    """The IPsec state that the packet came or goes through; `spnum` counts transformations from 0."""

    __slots__ = ()

    dreg: RegisterLike | None = register(1)
    key: XfrmKey | int | str | None = be32(2, enum=XfrmKey)
    dir: XfrmDirection | int | str | None = u8(3, enum=XfrmDirection)
    spnum: int | None = be32(4)


class TunnelMember(Enumeration, prefix="NFT_TUNNEL_", uapi=UAPI):
    """What a packet's tunnel metadata tell (NFT_TUNNEL_…)."""

    PATH = 0
    ID = 1


class TunnelMode(Enumeration, prefix="NFT_TUNNEL_MODE_", uapi=UAPI):
    """Which of them count: those of packets received, or of packets to send (NFT_TUNNEL_MODE_…)."""

    NONE = 0
    RX = 1
    TX = 2


class Tunnel(Expr, name="tunnel", prefix="NFTA_TUNNEL_"):
    """The tunnel that the packet came through, or that it will take."""

    __slots__ = ()

    key: TunnelMember | int | str | None = be32(1, enum=TunnelMember)
    dreg: RegisterLike | None = register(2)
    mode: TunnelMode | int | str | None = be32(3, enum=TunnelMode)


class Immediate(Expr, name="immediate", prefix="NFTA_IMMEDIATE_"):
    """A constant: bytes into a data register, or a verdict into the verdict register, which ends the rule.

    >>> from rawnl.nft.expr import UAPI, Verdict
    >>> Immediate(dreg="verdict", data=Verdict(code="accept"))
    Immediate(dreg='verdict', data=Data(verdict=Verdict(code='accept')))
    """

    __slots__ = ()

    dreg: RegisterLike | None = register(1)
    data: DataLike | None = data(2)


class Inner(Expr, name="inner", prefix="NFTA_INNER_"):
    """`expr` (a payload or meta) applied to the packet within a tunnel's (`type` 1 VXLAN, 2 Geneve). Linux 6.2."""

    __slots__ = ()

    num: int | None = be32(1)
    type: int | None = be32(2)
    flags: int | None = be32(3)
    hdrsize: int | None = be32(4)
    expr: Expression | None = expression(5)
