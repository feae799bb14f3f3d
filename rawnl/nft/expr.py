"""nf_tables expressions: what they have in common.

Strategy: a rule is a list of expressions, small instructions that load a value into a register, compare it, or
act. Each is one class with one line per attribute, told apart by its name (NFTA_EXPR_NAME); an expression that nobody
declared is an `Opaque` that keeps its bytes. The classes stand in `expr_load`, `expr_compare`, `expr_action` and
`expr_nat`; here are their base, the registers, and the two ways in which expressions stand in other things.

    NFTA_LIST_ELEM | NFTA_EXPR_NAME "cmp" | NFTA_EXPR_DATA | NFTA_CMP_SREG … | NFTA_CMP_OP … | NFTA_CMP_DATA … |

Integers are in network byte order on the wire and plain in Python. What goes into a register is bytes, in the very
order in which they are compared: addresses and ports in network byte order, what `meta` loads in host byte order.

NLA_F_NESTED is not set in nf_tables' nests: the kernel takes them with and without, and sends them without, so what
is built here and what the kernel sends are the same to the byte.

Sources: `<linux/netfilter/nf_tables.h>`; the debug form of `nft --debug=netlink`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, ClassVar, TypeAlias

from rawnl.attribute import LENGTH, Attribute, Enumeration, attribute_bytes, be32, binary, string
from rawnl.errors import DecodeError, EncodeError
from rawnl.nest import nest
from rawnl.scan import attributes
from rawnl.tagged import Opaque, Tagged
from rawnl.wire import Attrs, field, walk

_length_at = LENGTH.unpack_from
_NAME, _DATA, _ITEM = 1, 2, 1

UAPI = "linux/netfilter/nf_tables.h"


class Register(Enumeration, prefix="NFT_", uapi=UAPI, kernel={"VERDICT": "NFT_REG_VERDICT"}):
    """Registers (NFT_REG_…): four of 16 bytes, which are also sixteen of 4 bytes; 0 holds the verdict."""

    VERDICT = 0
    REG_1 = 1
    REG_2 = 2
    REG_3 = 3
    REG_4 = 4
    REG32_00 = 8
    REG32_01 = 9
    REG32_02 = 10
    REG32_03 = 11
    REG32_04 = 12
    REG32_05 = 13
    REG32_06 = 14
    REG32_07 = 15
    REG32_08 = 16
    REG32_09 = 17
    REG32_10 = 18
    REG32_11 = 19
    REG32_12 = 20
    REG32_13 = 21
    REG32_14 = 22
    REG32_15 = 23


class VerdictCode(IntEnum):
    """What becomes of the packet: NF_… of `<linux/netfilter.h>`, and NFT_…, whose negative numbers stand unsigned."""

    DROP = 0
    ACCEPT = 1
    STOLEN = 2
    QUEUE = 3
    REPEAT = 4
    CONTINUE = 0xFFFFFFFF
    BREAK = 0xFFFFFFFE
    JUMP = 0xFFFFFFFD
    GOTO = 0xFFFFFFFC
    RETURN = 0xFFFFFFFB


class Expr(Tagged, uapi=UAPI):
    """The base of all expressions. Subclass it with `name=` to add one, also from outside rawnl."""

    __slots__ = ()

    bare: ClassVar[bool] = False
    """Whether the kernel sends it without NFTA_EXPR_DATA, since it has nothing to say but its name."""

    def anew(self) -> Expr:
        """The same, fit to be added: without what the kernel tells and does not take."""
        return self


class Verdict(Attrs, prefix="NFTA_VERDICT_", uapi=UAPI):
    """A verdict; `chain` is where "jump" and "goto" go.

    >>> Verdict(code="jump", chain="web")
    Verdict(code='jump', chain='web')
    """

    __slots__ = ()

    code: VerdictCode | int | str | None = be32(1, enum=VerdictCode)
    chain: str | None = string(2)
    chain_id: int | None = be32(3)


class Data(Attrs, prefix="NFTA_DATA_", uapi=UAPI):
    """What stands in a register: up to 64 bytes, or a verdict."""

    __slots__ = ()

    value: bytes | None = binary(1)
    verdict: Verdict | None = nest(2, Verdict, flagged=False)


RegisterLike: TypeAlias = "Register | int | str"
DataLike: TypeAlias = "Data | bytes | Verdict"
Expression: TypeAlias = "Expr | Opaque"


def register(number: int, kernel: str = "") -> Any:
    """A register, by number or name."""
    return be32(number, kernel, enum=Register)


def data(number: int, kernel: str = "") -> Any:
    """A value or a verdict. Takes bytes and a `Verdict` as they are; reads as `Data`."""
    attribute: Attribute = nest(number, Data, kernel, flagged=False)
    encode = attribute.encode

    def encode_any(value: Any) -> bytes:
        if isinstance(value, bytes):
            value = Data(value=value)
        elif isinstance(value, Verdict):
            value = Data(verdict=value)
        return encode(value)

    attribute.encode = encode_any
    attribute.expects = "bytes, a Verdict or a Data"
    return attribute


# --- expressions in other things --------------------------------------------------------------------------------


def expression_bytes(element: Any) -> bytes:
    """Name and data of one expression. EncodeError where it is none."""
    if isinstance(element, Opaque):
        inside = attribute_bytes(_NAME, element.tag.encode("utf-8", "surrogateescape") + b"\0")
        return inside if element.data is None else inside + attribute_bytes(_DATA, element.data)
    if not isinstance(element, Expr) or not element.tag:
        raise EncodeError(f"{element!r} is not an expression")
    inside = attribute_bytes(_NAME, element.tag.encode() + b"\0")
    body = element.body()
    return inside if element.bare and not body else inside + attribute_bytes(_DATA, body)


def _parts(buffer: Any, start: int, end: int) -> tuple[str, type[Attrs] | None, int, int]:
    """Name, class and place of the data of the expression in `buffer[start:end]`; 0, 0 where it has no data."""
    table = attributes(buffer, start, end, 3)
    name, inside = table[_NAME], table[_DATA]
    if not name:
        raise DecodeError("an expression has no name", offset=start)
    text = bytes(buffer[name : name - 4 + _length_at(buffer, name - 4)[0]])
    tag = sys.intern(text.split(b"\0", 1)[0].decode("utf-8", "surrogateescape"))
    return tag, Expr.registered(tag), inside, inside - 4 + _length_at(buffer, inside - 4)[0] if inside else 0


def _read(buffer: Any, start: int, end: int) -> Any:
    tag, cls, first, last = _parts(buffer, start, end)
    if cls is None:
        return Opaque(tag, bytes(buffer[first:last]) if first else None)
    return cls._view(buffer, first, last) if first else cls()


class _Element(Attrs, prefix="NFTA_EXPR_", uapi=UAPI):
    """An element of a list, its own header included: what the kernel points at when it dislikes an expression."""

    __slots__ = ()

    head: int | None = field("I")
    name: str | None = string(1)
    data: bytes | None = binary(2)


class _Expression(Attribute):
    __slots__ = ()

    def inner(self, buffer: Any, start: int, end: int, owner: Attrs) -> list[tuple[str, type[Attrs], int, int]]:
        tag, cls, first, last = _parts(buffer, start, end)
        return [(f"({tag})", cls, first, last)] if cls is not None and first else []


class _Expressions(Attribute):
    __slots__ = ()

    def inner(self, buffer: Any, start: int, end: int, owner: Attrs) -> list[tuple[str, type[Attrs], int, int]]:
        return list(_labelled(buffer, start, end))


def _labelled(buffer: Any, start: int, end: int) -> Iterator[tuple[str, type[Attrs], int, int]]:
    for index, (_, first, last) in enumerate(walk(buffer, start, end)):
        tag, cls, inside, inside_end = _parts(buffer, first, last)
        # An expression without attributes has no place within: its end is where the next one begins.
        if cls is not None and inside < inside_end:
            yield f"[{index}]({tag})", cls, inside, inside_end
        yield f"[{index}]({tag})", _Element, first - 4, last


def expression(number: int, kernel: str = "") -> Any:
    """One expression within another (NFTA_DYNSET_EXPR and its like)."""

    def encode(value: Any) -> bytes:
        return attribute_bytes(number, expression_bytes(value))

    return _Expression(number, encode, _read, expects="an expression", kernel=kernel, sample=("expression", Expr))


def expressions(number: int, kernel: str = "") -> Any:
    """A list of expressions (NFTA_RULE_EXPRESSIONS), in the order in which they are carried out."""

    def encode(value: Any) -> bytes:
        parts = []
        for index, element in enumerate(value):
            try:
                parts.append(attribute_bytes(_ITEM, expression_bytes(element)))
            except EncodeError as error:
                raise error.within(f"[{index}]") from None
        return attribute_bytes(number, b"".join(parts))

    def decode(buffer: Any, start: int, end: int) -> Any:
        return [_read(buffer, first, last) for _, first, last in walk(buffer, start, end)]

    return _Expressions(
        number,
        encode,
        decode,
        expects="a list of expressions",
        kernel=kernel,
        sample=("tagged_list", Expr),
    )
