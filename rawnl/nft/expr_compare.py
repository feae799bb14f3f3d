"""Expressions that work on registers: compare, compute, look up in a set. A comparison that fails ends the rule.

Source: `<linux/netfilter/nf_tables.h>`; nft(8), "Relational expressions", "Set statement", "Map expressions".
"""

from __future__ import annotations

from rawnl.attribute import Bits, Enumeration, be32, be64, string
from rawnl.nft.expr import (
    UAPI,
    DataLike,
    Expr,
    Expression,
    RegisterLike,
    data,
    expression,
    expressions,
    register,
)


class CmpOp(Enumeration, prefix="NFT_CMP_", uapi=UAPI):
    """Comparisons (NFT_CMP_…); the order is that of the bytes."""

    EQ = 0
    NEQ = 1
    LT = 2
    LTE = 3
    GT = 4
    GTE = 5


class Cmp(Expr, name="cmp", prefix="NFTA_CMP_"):
    """Go on only if the register compares so with `data`, as many bytes as that has.

    >>> Cmp(sreg="reg_1", op="eq", data=b"\\xc0\\xa8\\x64")
    Cmp(sreg='reg_1', op='eq', data=Data(value=b'\\xc0\\xa8d'))
    """

    __slots__ = ()

    sreg: RegisterLike | None = register(1)
    op: CmpOp | int | str | None = be32(2, enum=CmpOp)
    data: DataLike | None = data(3)


class RangeOp(Enumeration, prefix="NFT_RANGE_", uapi=UAPI):
    """Within or without (NFT_RANGE_…)."""

    EQ = 0
    NEQ = 1


class Range(Expr, name="range", prefix="NFTA_RANGE_"):
    """Go on only if the register lies between two values, both included (or, "neq", does not)."""

    __slots__ = ()

    sreg: RegisterLike | None = register(1)
    op: RangeOp | int | str | None = be32(2, enum=RangeOp)
    from_data: DataLike | None = data(3)
    to_data: DataLike | None = data(4)


class BitwiseOp(Enumeration, prefix="NFT_BITWISE_", uapi=UAPI):
    """Bit operations (NFT_BITWISE_…)."""

    MASK_XOR = 0
    LSHIFT = 1
    RSHIFT = 2
    AND = 3
    OR = 4
    XOR = 5


class Bitwise(Expr, name="bitwise", prefix="NFTA_BITWISE_"):
    """`dreg = (sreg & mask) ^ xor`, over `len` bytes; or a shift by `data` bits."""

    __slots__ = ()

    sreg: RegisterLike | None = register(1)
    dreg: RegisterLike | None = register(2)
    len: int | None = be32(3)
    mask: DataLike | None = data(4)
    xor: DataLike | None = data(5)
    op: BitwiseOp | int | str | None = be32(6, enum=BitwiseOp)
    data: DataLike | None = data(7)
    sreg2: RegisterLike | None = register(8)


class ByteorderOp(Enumeration, prefix="NFT_BYTEORDER_", uapi=UAPI):
    """Byte orders to change between (NFT_BYTEORDER_…)."""

    NTOH = 0
    HTON = 1


class Byteorder(Expr, name="byteorder", prefix="NFTA_BYTEORDER_"):
    """Turn `len` bytes, in pieces of `size`, from network to host byte order or back."""

    __slots__ = ()

    sreg: RegisterLike | None = register(1)
    dreg: RegisterLike | None = register(2)
    op: ByteorderOp | int | str | None = be32(3, enum=ByteorderOp)
    len: int | None = be32(4)
    size: int | None = be32(5)


class LookupFlags(Bits, prefix="NFT_LOOKUP_F_", uapi=UAPI):
    """NFT_LOOKUP_F_…."""

    INV = 1


class Lookup(Expr, name="lookup", prefix="NFTA_LOOKUP_"):
    """Go on only if `set` holds the key in `sreg`; with a `dreg`, load there what a map has for it."""

    __slots__ = ()

    set: str | None = string(1)
    sreg: RegisterLike | None = register(2)
    dreg: RegisterLike | None = register(3)
    set_id: int | None = be32(4)
    flags: LookupFlags | int | str | None = be32(5, enum=LookupFlags)


class DynsetOp(Enumeration, prefix="NFT_DYNSET_OP_", uapi=UAPI):
    """What a packet does to a set (NFT_DYNSET_OP_…)."""

    ADD = 0
    UPDATE = 1
    DELETE = 2


class DynsetFlags(Bits, prefix="NFT_DYNSET_F_", uapi=UAPI):
    """NFT_DYNSET_F_…."""

    INV = 1
    EXPR = 2


class Dynset(Expr, name="dynset", prefix="NFTA_DYNSET_"):
    """Add the key in `sreg_key` to a set from the path of a packet. `timeout` in milliseconds."""

    __slots__ = ()

    set_name: str | None = string(1)
    set_id: int | None = be32(2)
    op: DynsetOp | int | str | None = be32(3, enum=DynsetOp)
    sreg_key: RegisterLike | None = register(4)
    sreg_data: RegisterLike | None = register(5)
    timeout: int | None = be64(6)
    expr: Expression | None = expression(7)
    flags: DynsetFlags | int | str | None = be32(9, enum=DynsetFlags)
    expressions: list[Expression] | None = expressions(10)

    def anew(self) -> Expr:
        # No timeout is listed as 0, and refused for a set without timeouts.
        return self.replace(timeout=None) if self.timeout == 0 else self
