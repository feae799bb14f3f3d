"""The kinds of values that sets hold, under the numbers that nft gives them, alone and concatenated.

Strategy: to the kernel a key is so many bytes; which kind of value they are is a number that it keeps for nft to print
them. The kinds themselves (how a value is written, packed and read) stand in `match_types.py`; here they get numbers,
and here a concatenation is put together: 6 bits of a number for each part, and each part's bytes filled up to 4.

    ipv4_addr . inet_service    type 7 << 6 | 13    | 0a 00 00 01 | 00 50 00 00 |

In sets of intervals, numbers stand in network byte order whatever their kind, so that bytes compare as the numbers do.
Sources: nft(8), "Data types", "Sets"; what nft sends.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Any, NamedTuple, TypeAlias

from rawnl.attribute import nearest
from rawnl.errors import EncodeError
from rawnl.nft import match_names as names
from rawnl.nft.match_types import HOST, Address, Exact, Flags, Number, Pattern, Prefix, Service, Span, Text, Type

VERDICT = 0xFFFFFF00
"""NFT_DATA_VERDICT: the data type of verdict maps."""

CONCAT_BITS = 6
CONCAT_MAX = 5

Low: TypeAlias = bytes
Bounds: TypeAlias = "tuple[bytes, bytes]"


class DataType(NamedTuple):
    """A kind of value with nft's `number` for it, and nft's word for its byte order: 0 none, 1 host, 2 network."""

    number: int
    type: Type
    order: int

    @property
    def name(self) -> str:
        """nft's name of it."""
        return self.type.name

    @property
    def size(self) -> int:
        """Bytes of one value."""
        return self.type.size

    @property
    def padded(self) -> int:
        """Bytes that it takes in a concatenation."""
        return (self.type.size + 3) & ~3


_NONE, _HOST, _NETWORK = 0, 1, 2


def _declared() -> dict[str, DataType]:
    rows: list[tuple[int, Type, int]] = [
        (2, names.FAMILY, _NONE),
        (7, names.IPV4, _NETWORK),
        (8, names.IPV6, _NETWORK),
        (9, names.ETHERNET, _NETWORK),
        (10, names.ETHERTYPE, _NETWORK),
        (11, names.ARP_OPERATION, _NETWORK),
        (12, names.PROTOCOL, _NONE),
        (13, names.PORT, _NETWORK),
        (14, names.ICMP_TYPE, _NETWORK),
        (15, names.TCP_FLAGS, _NETWORK),
        (16, Number("dccp_pkttype", 1), _NONE),
        (17, Number("mh_type", 1), _NETWORK),
        (18, Number("time", 4, HOST), _HOST),
        (19, names.MARK, _HOST),
        (20, names.INTERFACE, _HOST),
        (21, names.LINK_TYPE, _HOST),
        (22, Number("realm", 4, HOST), _HOST),
        (23, Number("classid", 4, HOST), _HOST),
        (24, names.USER, _HOST),
        (25, names.USERS_GROUP, _HOST),
        (26, names.STATE, _HOST),
        (27, names.DIRECTION, _NONE),
        (28, names.STATUS, _HOST),
        (29, names.ICMPV6_TYPE, _NETWORK),
        (30, Number("ct_label", 16, HOST), _HOST),
        (31, names.PACKET_TYPE, _HOST),
        (32, names.ICMP_CODE, _NETWORK),
        (33, names.ICMPV6_CODE, _NETWORK),
        (34, Number("icmpx_code", 1, names=names.ICMPX_UNREACHABLE), _NETWORK),
        (35, names.GROUP, _HOST),
        (36, names.DSCP, _NETWORK),
        (37, Number("ecn", 1), _NETWORK),
        (38, names.ADDRESS_TYPE, _HOST),
        (39, names.BOOLEAN, _NONE),
        (40, Number("ct_event", 4, HOST), _HOST),
        (41, names.INTERFACE_NAME, _HOST),
        (42, Number("igmp_type", 1), _NETWORK),
        (43, Number("date", 8, HOST), _HOST),
        (44, Number("hour", 4, HOST), _HOST),
        (45, Number("day", 1), _HOST),
        (46, Number("cgroupsv2", 8, HOST), _HOST),
    ]
    return {kind.name: DataType(number, kind, order) for number, kind, order in rows}


DATATYPES: dict[str, DataType] = _declared()
"""Every kind that has a size of its own, by nft's name."""

_BY_NUMBER = {kind.number: kind for kind in DATATYPES.values()}
_INTEGER, _STRING = 4, 5

TypeLike: TypeAlias = "str | Type | DataType"
TypesLike: TypeAlias = "str | Type | DataType | Sequence[str | Type | DataType]"


def datatype(kind: TypeLike) -> DataType:
    """The data type meant by a name or a `Type`. EncodeError names the nearest right one."""
    if isinstance(kind, DataType):
        return kind
    if isinstance(kind, Type):
        known = DATATYPES.get(kind.name)
        if known is not None and known.size == kind.size:
            return DataType(known.number, kind, known.order)
        return DataType(
            _STRING if isinstance(kind, Text) else _INTEGER, kind, _NETWORK if kind.order == "big" else _HOST
        )
    found = DATATYPES.get(kind.strip())
    if found is None:
        raise EncodeError(f"{kind!r} is no type of a set{nearest(kind.strip(), list(DATATYPES))}")
    return found


def datatypes(kinds: TypesLike) -> tuple[DataType, ...]:
    """The parts of a type: of `"ipv4_addr . inet_service"`, of a sequence of names, of one. EncodeError.

    >>> [part.number for part in datatypes("ipv4_addr . inet_service")]
    [7, 13]
    """
    if isinstance(kinds, str):
        parts: Iterable[TypeLike] = kinds.split(" . ") if " . " in kinds else kinds.split(".")
    elif isinstance(kinds, (Type, DataType)):
        parts = (kinds,)
    else:
        parts = kinds
    found = tuple(datatype(part) for part in parts)
    if not 0 < len(found) <= CONCAT_MAX:
        raise EncodeError(f"{len(found)} types; a concatenation has at most {CONCAT_MAX}")
    return found


def type_number(kinds: Sequence[DataType]) -> int:
    """What nft keeps as the number of these types.

    >>> hex(type_number(datatypes("ipv4_addr . inet_service")))
    '0x1cd'
    """
    number = 0
    for kind in kinds:
        number = number << CONCAT_BITS | kind.number
    return number


def type_length(kinds: Sequence[DataType]) -> int:
    """Bytes of a key of these types."""
    return kinds[0].size if len(kinds) == 1 else sum(kind.padded for kind in kinds)


def types_of(number: int, length: int, order: int = 0, sizes: Sequence[int] = ()) -> tuple[DataType, ...] | None:
    """The types that a number from the kernel stands for, for keys of `length` bytes; None where that is not to tell.

    `order`: the byte order that nft keeps beside it; `sizes`: of the parts, where the kernel tells them.
    """
    numbers: list[int] = []
    while number:
        numbers.insert(0, number & (1 << CONCAT_BITS) - 1)
        number >>= CONCAT_BITS
    found: list[DataType | None] = [_BY_NUMBER.get(part) for part in numbers]
    for index, kind in enumerate(found):
        if kind is not None and index < len(sizes) and sizes[index] != kind.size:
            return None
    open_at = [index for index, kind in enumerate(found) if kind is None]
    rest = length if len(found) == 1 else length - sum(kind.padded for kind in found if kind is not None)
    for index in open_at:
        size = sizes[index] if index < len(sizes) else rest if len(open_at) == 1 else 0
        if size <= 0 or numbers[index] not in (_INTEGER, _STRING):
            return None
        # One whose size and order the expression gives that the set was declared by.
        if numbers[index] == _STRING:
            kind = DataType(_STRING, Text("string", size), _HOST)
        else:
            kind = DataType(_INTEGER, Number("integer", size, HOST if order == _HOST else "big"), order or _NETWORK)
        found[index] = kind
    whole = tuple(kind for kind in found if kind is not None)
    return whole if whole and type_length(whole) == length else None


# --- values to bytes and back ---------------------------------------------------------------------------------------


def is_number(kind: DataType) -> bool:
    """Whether its bytes are a number in host byte order, which sets of intervals turn round."""
    return kind.type.order != "big" and isinstance(kind.type, Number)


def bounds(kind: DataType, value: Any) -> Bounds:
    """The lowest and highest bytes that a value, prefix or span stands for, in network byte order. EncodeError."""
    pattern: Pattern = kind.type.pattern(value)
    if isinstance(pattern, Exact):
        data = pattern.data[::-1] if is_number(kind) else pattern.data
        return data, data
    if isinstance(pattern, Prefix):
        return pattern.data, highest(pattern.data, pattern.bits)
    return pattern.first, pattern.last


def highest(data: bytes, bits: int) -> bytes:
    """The last value whose first `bits` are those of `data`."""
    spare = 8 * len(data) - bits
    return (int.from_bytes(data, "big") | (1 << spare) - 1).to_bytes(len(data), "big")


def read_bounds(kind: DataType, low: bytes, high: bytes) -> Any:
    """What bytes from `low` to `high` mean: a value, a network, an `Interval`; the inverse of `bounds`."""
    if low == high:
        return kind.type.unpack(low[::-1] if is_number(kind) else low)
    if isinstance(kind.type, Address) or is_number(kind) or isinstance(kind.type, Number):
        return kind.type.read(Span(low, high))
    spread = int.from_bytes(low, "big") ^ int.from_bytes(high, "big")
    bits = 8 * kind.size - spread.bit_length()
    if high == highest(low, bits) and highest(low, bits) != low and not any(low[(bits + 7) // 8 :]):
        return kind.type.read(Prefix(low, bits))
    return kind.type.read(Span(low, high))


Pack: TypeAlias = "Callable[[Any], bytes]"
Read: TypeAlias = "Callable[[bytes], Any]"


def _only(kind: DataType, value: Any) -> bytes:
    """One value, not several: for sets without intervals."""
    pattern = kind.type.pattern(value)
    if not isinstance(pattern, Exact):
        raise EncodeError(f"{value!r} is more than one value, which takes a set of intervals (flags='interval')")
    return pattern.data


def _packer_of(kind: DataType) -> Pack:
    """The way to pack one value; what most sets hold, in its most usual spelling, without a detour."""
    size = kind.size
    if isinstance(kind.type, Address):
        family = AF_INET if size == 4 else AF_INET6

        def pack_address(value: Any) -> bytes:
            try:
                return inet_pton(family, value)
            except (OSError, TypeError, ValueError):
                return _only(kind, value)

        return pack_address
    if isinstance(kind.type, Number) and not isinstance(kind.type, Flags):
        order = kind.type.order

        def pack_number(value: Any) -> bytes:
            if value.__class__ is int:
                try:
                    return value.to_bytes(size, order)
                except OverflowError:
                    pass
            return _only(kind, value)

        return pack_number
    return lambda value: _only(kind, value)


def parts_of(kinds: Sequence[DataType], value: Any) -> Sequence[Any]:
    """The parts of a concatenation: a tuple, or text such as "10.0.0.1 . 80". EncodeError if they are not as many."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(" . ")]
    if not isinstance(value, (tuple, list)) or len(value) != len(kinds):
        wanted = " . ".join(kind.name for kind in kinds)
        raise EncodeError(f"{value!r} has not the {len(kinds)} parts of {wanted}; give them as a tuple")
    return value


@lru_cache(maxsize=256)
def packer(kinds: tuple[DataType, ...]) -> Pack:
    """The function that packs one value of these types, or a tuple of values. It raises EncodeError."""
    if len(kinds) == 1:
        return _packer_of(kinds[0])
    packs = [_packer_of(kind) for kind in kinds]
    pads = [bytes(kind.padded - kind.size) for kind in kinds]
    if len(kinds) == 2:
        (pack0, pack1), (pad0, pad1) = packs, pads

        def pack_two(value: Any) -> bytes:
            first, second = value if value.__class__ is tuple and len(value) == 2 else parts_of(kinds, value)
            return pack0(first) + pad0 + pack1(second) + pad1

        return pack_two

    def pack_many(value: Any) -> bytes:
        rows = zip(packs, parts_of(kinds, value), pads, strict=True)
        return b"".join(pack(part) + pad for pack, part, pad in rows)

    return pack_many


def concat_bounds(kinds: Sequence[DataType], value: Any) -> tuple[bytes, bytes, list[Bounds]]:
    """The lowest and the highest key of a concatenation of intervals, and the bounds of each part. EncodeError."""
    found = [bounds(kind, part) for kind, part in zip(kinds, parts_of(kinds, value), strict=True)]
    low = b"".join(first.ljust(kind.padded, b"\0") for kind, (first, _) in zip(kinds, found, strict=True))
    high = b"".join(last.ljust(kind.padded, b"\0") for kind, (_, last) in zip(kinds, found, strict=True))
    return low, high, found


@lru_cache(maxsize=256)
def unpacker(kinds: tuple[DataType, ...]) -> Read:
    """The function that reads a key of these types: one value, or a tuple of them."""
    if len(kinds) == 1:
        return _unpacker_of(kinds[0])
    layout = struct.Struct("".join(f"{kind.size}s{kind.padded - kind.size}x" for kind in kinds)).unpack
    reads = [_unpacker_of(kind) for kind in kinds]
    if len(kinds) == 2:
        read0, read1 = reads

        def read_two(data: bytes) -> Any:
            first, second = layout(data)
            return read0(first), read1(second)

        return read_two
    return lambda data: tuple(read(part) for read, part in zip(reads, layout(data), strict=True))


def _unpacker_of(kind: DataType) -> Read:
    if isinstance(kind.type, Address):
        family = AF_INET if kind.size == 4 else AF_INET6
        return lambda data: inet_ntop(family, data)
    if isinstance(kind.type, Service):
        return lambda data: data[0] << 8 | data[1]
    return kind.type.unpack


def read_concat_bounds(kinds: Sequence[DataType], low: bytes, high: bytes) -> tuple[Any, ...]:
    """The values, networks or intervals of each part of a concatenation from `low` to `high`."""
    found, at = [], 0
    for kind in kinds:
        found.append(read_bounds(kind, low[at : at + kind.size], high[at : at + kind.size]))
        at += kind.padded
    return tuple(found)
