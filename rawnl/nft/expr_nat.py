"""Expressions that send packets elsewhere or change where they seem to come from.

Addresses and ports are taken from registers, in network byte order. Source: `<linux/netfilter/nf_tables.h>`,
`<linux/netfilter/nf_nat.h>`; nft(8), "NAT statements".
"""

from __future__ import annotations

from rawnl.attribute import Bits, Enumeration, be32
from rawnl.nft.expr import UAPI, Expr, RegisterLike, register
from rawnl.nft.header import Family


class NatType(Enumeration, prefix="NFT_NAT_", uapi=UAPI):
    """Which address is translated (NFT_NAT_…)."""

    SNAT = 0
    DNAT = 1


class NatFlags(Bits, prefix="NF_NAT_RANGE_", uapi="linux/netfilter/nf_nat.h"):
    """NF_NAT_RANGE_…. The kernel sets "map_ips" and "proto_specified" by itself where registers say so."""

    MAP_IPS = 1
    PROTO_SPECIFIED = 2
    PROTO_RANDOM = 4
    PERSISTENT = 8
    PROTO_RANDOM_FULLY = 16
    PROTO_OFFSET = 32
    NETMAP = 64


class Nat(Expr, name="nat", prefix="NFTA_NAT_"):
    """Translate to the address and port, or the ranges of them, in the named registers."""

    __slots__ = ()

    type: NatType | int | str | None = be32(1, enum=NatType)
    family: Family | int | str | None = be32(2, enum=Family)
    reg_addr_min: RegisterLike | None = register(3)
    reg_addr_max: RegisterLike | None = register(4)
    reg_proto_min: RegisterLike | None = register(5)
    reg_proto_max: RegisterLike | None = register(6)
    flags: NatFlags | int | str | None = be32(7, enum=NatFlags)


class Masquerade(Expr, name="masq", prefix="NFTA_MASQ_"):
    """Translate the source to the address of the interface that the packet leaves by.

    >>> Masquerade(flags="proto_random_fully")
    Masquerade(flags='proto_random_fully')
    """

    __slots__ = ()

    flags: NatFlags | int | str | None = be32(1, enum=NatFlags)
    reg_proto_min: RegisterLike | None = register(2)
    reg_proto_max: RegisterLike | None = register(3)


class Redirect(Expr, name="redir", prefix="NFTA_REDIR_"):
    """Translate the destination to this machine."""

    __slots__ = ()

    reg_proto_min: RegisterLike | None = register(1)
    reg_proto_max: RegisterLike | None = register(2)
    flags: NatFlags | int | str | None = be32(3, enum=NatFlags)


class Tproxy(Expr, name="tproxy", prefix="NFTA_TPROXY_"):
    """Hand the packet to a local socket without changing it."""

    __slots__ = ()

    family: Family | int | str | None = be32(1, enum=Family)
    reg_addr: RegisterLike | None = register(2)
    reg_port: RegisterLike | None = register(3)


class Dup(Expr, name="dup", prefix="NFTA_DUP_"):
    """Send a copy to an address, or out of an interface (its index in a register, host byte order)."""

    __slots__ = ()

    sreg_addr: RegisterLike | None = register(1)
    sreg_dev: RegisterLike | None = register(2)


class Fwd(Expr, name="fwd", prefix="NFTA_FWD_"):
    """Send the packet itself out of another interface, from a netdev chain."""

    __slots__ = ()

    sreg_dev: RegisterLike | None = register(1)
    sreg_addr: RegisterLike | None = register(2)
    nfproto: Family | int | str | None = be32(3, enum=Family)
