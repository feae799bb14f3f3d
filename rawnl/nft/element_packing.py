"""Elements to bytes: Python values by the types of their set.

Strategy: elements that are a key, or a key and data, and that is nearly always all of them, are put together from
constants round these two. What says more (a timeout, a comment, a counter) goes the general way, one by one.

    elem | key nest | value header | KEY | data nest | value header | DATA |

An interval over one type is two elements: the first value and, flagged as an end, the one after the last. An interval
over a concatenation is one element with a key and a key's end. Source: nft(8), "Sets", "Maps"; what nft sends.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any

from rawnl.errors import EncodeError
from rawnl.nft import intervals
from rawnl.nft.datatype import DataType, bounds, concat_bounds, packer
from rawnl.nft.element import (
    CATCHALL,
    DATA,
    EXPIRATION,
    FLAGS,
    ITEM,
    KEY,
    KEY_END,
    MAX_LIST,
    OBJREF,
    OPEN_END,
    TIMEOUT,
    USERDATA,
    VALUE,
    Element,
    ElementFlags,
    Entry,
    as_entry,
)
from rawnl.nft.expr import Data, Verdict, VerdictCode
from rawnl.nft.intervals import Piece
from rawnl.nft.match_types import Address, Interval
from rawnl.nft.sets import Set, SetFlags
from rawnl.nft.userdata import with_comment
from rawnl.tlv import HEADER, PAD, attribute_bytes, walk


def chunks(elements: list[bytes], first: int = MAX_LIST) -> Iterator[bytes]:
    """Elements put together to as few lists as hold them."""
    size, room = 0, first
    part: list[bytes] = []
    for element in elements:
        size += len(element)
        if size > room and part:
            yield b"".join(part)
            part, size, room = [], len(element), MAX_LIST
        part.append(element)
    if part:
        yield b"".join(part)


def verdict_bytes(value: Any) -> bytes:
    """A verdict as NFTA_DATA_… of a map: "accept", "drop", "return", "continue", "jump CHAIN", "goto CHAIN".

    Takes a `Verdict` and a `Data` with one, too. EncodeError.
    """
    if isinstance(value, Data):
        return value.body()
    if isinstance(value, str):
        word, _, chain = value.partition(" ")
        known = word.upper() in VerdictCode.__members__
        if not known or bool(chain) != (word in ("jump", "goto")):
            words = "accept, drop, return, continue, jump CHAIN, goto CHAIN"
            raise EncodeError(f"{value!r} is no verdict: one of {words}")
        value = Verdict(code=word, chain=chain.strip() or None)
    if not isinstance(value, Verdict):
        raise EncodeError(f"{value!r} is no verdict")
    return Data(verdict=value).body()


class Packing:
    """How values become elements of one set."""

    def __init__(self, set: Set) -> None:
        self.set = set
        key_types = set.key_types
        if key_types is None:
            raise EncodeError(f"the type of its keys ({set.key_type}, {set.key_len} bytes) is not one that rawnl packs")
        self.key_types: tuple[DataType, ...] = key_types
        self.intervals = set.has(SetFlags.INTERVAL)
        self.boxes = self.intervals and len(key_types) > 1
        self.data = self._data_packer()
        self.pack = packer(key_types)

    def _data_packer(self) -> Callable[[Any], bytes] | None:
        """What packs the data of a map to the attribute that holds it; None for a set."""
        found = self.set
        if found.has(SetFlags.OBJECT):
            return _object_bytes
        if not found.has(SetFlags.MAP):
            return None
        if found.is_verdict_map:
            known: dict[Any, bytes] = {}

            def verdict(value: Any) -> bytes:
                if not isinstance(value, str):
                    return attribute_bytes(DATA, verdict_bytes(value))
                if value not in known:
                    known[value] = attribute_bytes(DATA, verdict_bytes(value))
                return known[value]

            return verdict
        types = found.data_types
        if types is None:
            raise EncodeError(f"the type of its data ({found.data_type}) is not one that rawnl packs")
        if found.data_interval:
            return lambda value: _value_bytes(DATA, _span_bytes(types, value))
        pack = packer(types)
        size = found.data_len or 0
        head = HEADER.pack(4 + ((4 + size + 3) & ~3), DATA) + HEADER.pack(4 + size, VALUE)
        pad = PAD[size & 3]
        return lambda value: head + pack(value) + pad

    def elements(self, values: Sequence[Any]) -> list[bytes]:
        """Each element as it stands in the list, intervals checked. EncodeError names the value at fault."""
        plain = not any(value.__class__ is Entry or value is CATCHALL for value in values)
        try:
            if self.intervals:
                return self._boxes(values) if self.boxes else self._spans(values)
            if plain:
                found = self._plain(values)
                if found is not None:
                    return found
            return [self._element(as_entry(value, self.set)) for value in values]
        except EncodeError:
            raise self._at_fault(values) from None

    def _at_fault(self, values: Sequence[Any]) -> EncodeError:
        """The error with the place of the value, looked for only once there is one."""
        for index, value in enumerate(values):
            try:
                entry = as_entry(value, self.set)
                self._key(entry)
                self._rest(entry)
            except EncodeError as error:
                return error.within(f"[{index}]")
        try:
            self._boxes(values) if self.boxes else self._spans(values)
        except EncodeError as error:
            return error
        return EncodeError("an element cannot be packed")

    def _plain(self, values: Sequence[Any]) -> list[bytes] | None:
        """The fast way for elements that are a key, or a key and data, and nothing else."""
        size = self.set.key_len or 0
        key_size = 4 + ((4 + size + 3) & ~3)
        pad, pack, pack_data = PAD[size & 3], self.pack, self.data
        key_head = HEADER.pack(key_size, KEY) + HEADER.pack(4 + size, VALUE)
        if pack_data is None:
            head = HEADER.pack(4 + key_size, ITEM) + key_head
            return [head + pack(value) + pad for value in values] if pad else [head + pack(value) for value in values]
        found: list[bytes] = []
        heads: dict[int, bytes] = {}
        for value in values:
            try:
                key, data = value
            except (TypeError, ValueError):
                raise EncodeError(f"{value!r} is no pair of a key and what it leads to") from None
            if data.__class__ is Entry or key is CATCHALL:
                return None
            rest = pack_data(data)
            length = len(rest)
            if length not in heads:
                heads[length] = HEADER.pack(4 + key_size + length, ITEM) + key_head
            found.append(heads[length] + pack(key) + pad + rest)
        return found

    # --- one by one

    def _key(self, entry: Entry) -> bytes:
        """The attributes that hold the key."""
        key = entry.key
        if key is CATCHALL:
            return attribute_bytes(FLAGS, _CATCHALL_FLAG)
        if self.boxes:
            low, high, _ = concat_bounds(self.key_types, key)
            return _value_bytes(KEY, low) + _value_bytes(KEY_END, high)
        if self.intervals:
            return _value_bytes(KEY, bounds(self.key_types[0], _spanned(key))[0])
        return _value_bytes(KEY, self.pack(key))

    def _rest(self, entry: Entry) -> bytes:
        """All of it but the key, the comment included."""
        return self._said(entry) + _userdata(entry)

    def _said(self, entry: Entry) -> bytes:
        parts = []
        if self.data is not None:
            parts.append(self.data(entry.data))
        elif entry.data is not None:
            raise EncodeError(f"{entry.data!r} is data, which a set does not hold; make it a map")
        for kind, seconds in ((TIMEOUT, entry.timeout), (EXPIRATION, entry.expires)):
            if seconds is not None:
                parts.append(attribute_bytes(kind, _milliseconds(seconds)))
        if len(entry.expressions) == 1:
            parts.append(Element(expr=entry.expressions[0]).body())
        elif entry.expressions:
            parts.append(Element(expressions=list(entry.expressions)).body())
        return b"".join(parts)

    def _element(self, entry: Entry) -> bytes:
        return attribute_bytes(ITEM, self._key(entry) + self._rest(entry))

    # --- intervals

    def _spans(self, values: Sequence[Any]) -> list[bytes]:
        pieces: list[Piece] = []
        found: list[bytes] = []
        plain_set = self.data is None
        bounds_of = number_bounds(self.key_types[0])
        for value in values:
            if plain_set and value.__class__ is not Entry and value is not CATCHALL:
                low, high = bounds_of(value)
                pieces.append((low, high, b"", value))
                continue
            entry = as_entry(value, self.set)
            if entry.key is CATCHALL:
                found.append(self._element(entry))
                continue
            low, high = bounds_of(entry.key)
            pieces.append((low, high, self._rest(entry), entry.key))
        size = self.key_types[0].size
        most = (1 << 8 * size) - 1
        pad = PAD[size & 3]
        key_size = 4 + ((4 + size + 3) & ~3)
        key_head = HEADER.pack(key_size, KEY) + HEADER.pack(4 + size, VALUE)
        begin = HEADER.pack(4 + key_size, ITEM) + key_head
        end = HEADER.pack(4 + key_size + 8, ITEM) + key_head
        end_flag = pad + attribute_bytes(FLAGS, _END_FLAG)
        for low, high, rest, _ in intervals.arranged(pieces, merge=self.set.auto_merge):
            if high == most:
                rest = _opened(rest)
            if rest:
                found.append(attribute_bytes(ITEM, key_head + low.to_bytes(size, "big") + pad + rest))
            else:
                found.append(begin + low.to_bytes(size, "big") + pad)
            if high != most:
                found.append(end + (high + 1).to_bytes(size, "big") + end_flag)
        return found

    def _boxes(self, values: Sequence[Any]) -> list[bytes]:
        found, boxes, said = [], [], []
        for value in values:
            entry = as_entry(value, self.set)
            if entry.key is CATCHALL:
                found.append(self._element(entry))
                continue
            low, high, box = concat_bounds(self.key_types, entry.key)
            boxes.append(box)
            said.append(entry.key)
            keys = _value_bytes(KEY, low) + _value_bytes(KEY_END, high)
            found.append(attribute_bytes(ITEM, keys + self._rest(entry)))
        intervals.check_boxes(boxes, said)
        return found


_END_FLAG = struct.pack(">I", ElementFlags.INTERVAL_END)
_CATCHALL_FLAG = struct.pack(">I", ElementFlags.CATCHALL)


def _value_bytes(kind: int, value: bytes) -> bytes:
    return attribute_bytes(kind, attribute_bytes(VALUE, value))


def _span_bytes(types: tuple[DataType, ...], value: Any) -> bytes:
    """The lowest and the highest of a range, one behind the other, as maps to intervals hold them."""
    if len(types) > 1:
        low, high, _ = concat_bounds(types, value)
        return low + high
    low, high = bounds(types[0], _spanned(value))
    return low + high


def _spanned(value: Any) -> Any:
    """A pair of bounds as an `Interval`; anything else as it is."""
    return Interval(*value) if value.__class__ is tuple and len(value) == 2 else value


def number_bounds(kind: DataType) -> Callable[[Any], tuple[int, int]]:
    """The function that gives the bounds of a value of this kind as numbers. It raises EncodeError."""

    def general(value: Any) -> tuple[int, int]:
        low, high = bounds(kind, _spanned(value))
        return int.from_bytes(low, "big"), int.from_bytes(high, "big")

    if not isinstance(kind.type, Address):
        return general
    family, length = (AF_INET, 32) if kind.size == 4 else (AF_INET6, 128)

    def of_address(value: Any) -> tuple[int, int]:
        # The usual spelling without a detour; whatever is odd about it, the general way says.
        try:
            address, slash, bits = value.partition("/")
            low = int.from_bytes(inet_pton(family, address), "big")
            if not slash:
                return low, low
            spare = (1 << length - int(bits)) - 1
            if not low & spare and bits.isdecimal():
                return low, low | spare
        except (AttributeError, OSError, TypeError, ValueError):
            pass
        return general(value)

    return of_address


def _object_bytes(value: Any) -> bytes:
    """The name of an object, or the object."""
    name = getattr(value, "name", value)
    if not isinstance(name, str):
        raise EncodeError(f"{value!r} is no name of an object")
    return attribute_bytes(OBJREF, name.encode("utf-8", "surrogateescape") + b"\0")


def _milliseconds(seconds: float) -> bytes:
    number = round(seconds * 1000)
    if not 0 <= number < 1 << 64:
        raise EncodeError(f"{seconds!r} is no number of seconds")
    return number.to_bytes(8, "big")


def _userdata(entry: Entry) -> bytes:
    return b"" if entry.comment is None else attribute_bytes(USERDATA, with_comment(entry.comment))


def _opened(rest: bytes) -> bytes:
    """The same for an interval without an end: nft's note of that goes behind the comment."""
    for kind, start, end in walk(rest, 0, len(rest)):
        if kind == USERDATA:
            # The user data come last, see Packing._rest.
            return rest[: start - 4] + attribute_bytes(USERDATA, rest[start:end] + OPEN_END)
    return rest + attribute_bytes(USERDATA, OPEN_END)
