"""Elements from bytes: what the kernel listed, as Python values by the types of their set.

Strategy: a list in which all elements have the shape of the first, which nearly all have, is read in one sweep of
`struct.iter_unpack`. Others are gone through one by one. Intervals over one type come as beginnings and ends in any
order; they are sorted and paired.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from operator import itemgetter
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Any, NamedTuple

from rawnl.errors import DecodeError
from rawnl.nft.datatype import read_bounds, read_concat_bounds, unpacker
from rawnl.nft.element import CATCHALL, DATA, FLAGS, KEY, KEY_END, OBJREF, VALUE, Element, ElementFlags, Entry
from rawnl.nft.expr import Data, Verdict, VerdictCode
from rawnl.nft.match_types import Address
from rawnl.nft.sets import Set, SetFlags
from rawnl.nft.userdata import comment_of
from rawnl.scan import attributes
from rawnl.tlv import HEADER, LENGTH, TYPE_MASK, walk

_length_at = LENGTH.unpack_from


class Row(NamedTuple):
    """One element as bytes. `data` is the payload of its data nest, `place` where it lies where it says yet more."""

    key: bytes | None
    key_end: bytes | None
    data: bytes | None
    is_end: bool
    place: tuple[bytes, int, int] | None


def verdict_text(verdict: Verdict) -> str:
    """A verdict in nft's words: "accept", "jump more"."""
    code = verdict.code
    word = code.name.lower() if isinstance(code, VerdictCode) else str(code)
    return word if verdict.chain is None else f"{word} {verdict.chain}"


class Reading:
    """How the elements of one set become values. Where its types are unknown, keys and data stay bytes."""

    def __init__(self, set: Set, lists: list[bytes]) -> None:
        self.set = set
        self.lists = lists
        self.intervals = set.has(SetFlags.INTERVAL)
        self.key_types = set.key_types
        self.boxes = self.intervals and (set.has(SetFlags.CONCAT) or len(self.key_types or ()) > 1)
        self.read_key: Callable[[bytes], Any] = unpacker(self.key_types) if self.key_types else bytes
        self.read_data = self._data_reader()

    def _data_reader(self) -> Callable[[bytes], Any]:
        """What reads the payload of a data nest."""
        found = self.set
        if found.is_verdict_map:
            known: dict[bytes, Any] = {}

            def verdict(payload: bytes) -> Any:
                if payload not in known:
                    read = Data._parse(payload).verdict
                    known[payload] = payload if read is None else verdict_text(read)
                return known[payload]

            return verdict
        types = found.data_types
        if types is None:
            return lambda payload: payload[4:]
        if found.data_interval:
            if len(types) == 1:
                one, size = types[0], types[0].size
                return lambda payload: read_bounds(one, payload[4 : 4 + size], payload[4 + size : 4 + 2 * size])
            half = (found.data_len or 0) // 2
            return lambda payload: read_concat_bounds(types, payload[4 : 4 + half], payload[4 + half : 4 + 2 * half])
        read, end = unpacker(types), 4 + (found.data_len or 0)
        return lambda payload: read(payload[4:end])

    # --- what is asked for

    def count(self) -> int:
        """How many elements there are, an interval being one."""
        total = 0
        for payload in self.lists:
            shape = _shape(payload)
            if shape is not None and not (self.intervals and not self.boxes):
                total += len(payload) // shape.stride
            else:
                total += sum(1 for row in _rows(payload) if not row.is_end)
        return total

    def keys(self) -> list[Any]:
        """The key of each."""
        if self.intervals:
            return [key for key, _, _ in self._values()]
        found: list[Any] = []
        read = self.read_key
        for payload in self.lists:
            shape = _shape(payload)
            if shape is not None:
                found += [read(row[1]) for row in shape.rows(payload)]
            else:
                found += [self._key(row) for row in _rows(payload)]
        return found

    def as_dict(self) -> dict[Any, Any]:
        """The data of each by its key."""
        return {key: data for key, data, _ in self._values()}

    def key_at(self, place: int) -> Any:
        """The key of the element at a place in the first list, the end of an interval included."""
        for index, row in enumerate(_rows(self.lists[0])):
            if index == place:
                kind = self.key_types[0] if self.key_types and self.intervals and not self.boxes else None
                return self._key(row) if kind is None or row.key is None else read_bounds(kind, row.key, row.key)
        return "?"

    def entries(self) -> Iterator[Entry]:
        """Each, with all that it says."""
        for key, data, place in self._values():
            yield Entry(key, data) if place is None else _entry(key, data, place)

    # --- how it is read

    def _values(self) -> Iterator[tuple[Any, Any, tuple[bytes, int, int] | None]]:
        """(key, data, where there is more)."""
        if self.intervals and not self.boxes:
            yield from self._spans()
            return
        read_key, read_data = self.read_key, self.read_data
        for payload in self.lists:
            shape = _shape(payload)
            if shape is not None and shape.data and not self.boxes:
                for _, key, _, data in shape.rows(payload):
                    yield read_key(key), read_data(data), None
            elif shape is not None and not self.boxes:
                for _, key in shape.rows(payload):
                    yield read_key(key), None, None
            else:
                for row in _rows(payload):
                    yield self._key(row), self._data(row), row.place

    def _key(self, row: Row) -> Any:
        if row.key is None:
            return CATCHALL
        if not self.boxes or self.key_types is None:
            return self.read_key(row.key)
        # Of intervals, numbers are in network byte order, which only read_concat_bounds() knows.
        return read_concat_bounds(self.key_types, row.key, row.key_end or row.key)

    def _data(self, row: Row) -> Any:
        if row.data is not None:
            return self.read_data(row.data)
        if row.place is not None:
            name = Element._view(*row.place).objref
            return name
        return None

    def _spans(self) -> Iterator[tuple[Any, Any, tuple[bytes, int, int] | None]]:
        rows: list[tuple[bytes, bool, Row | None]] = []
        for payload in self.lists:
            for row in _bounds(payload):
                if row[2] is not None and row[2].key is None:
                    yield CATCHALL, self._data(row[2]), row[2].place
                else:
                    rows.append(row)
        # An interval that ends where the next one begins: the end, which is False, goes first.
        rows.sort(key=itemgetter(0, 1))
        read = self._bounds_reader()
        size = self.set.key_len or 0
        last = len(rows) - 1
        for index, (key, begins, whole) in enumerate(rows):
            if not begins:
                continue
            low = int.from_bytes(key, "big")
            high = int.from_bytes(rows[index + 1][0], "big") - 1 if index < last else (1 << 8 * size) - 1
            if whole is None:
                yield read(low, high), None, None
            else:
                yield read(low, high), self._data(whole), whole.place

    def _bounds_reader(self) -> Callable[[int, int], Any]:
        """What reads two bounds, given as numbers."""
        kind = self.key_types[0] if self.key_types else None
        size = self.set.key_len or 0
        if kind is None:
            return lambda low, high: (low.to_bytes(size, "big"), high.to_bytes(size, "big"))
        one = kind

        def general(low: int, high: int) -> Any:
            return read_bounds(one, low.to_bytes(size, "big"), high.to_bytes(size, "big"))

        if not isinstance(kind.type, Address):
            return general
        family, length = (AF_INET, 32) if size == 4 else (AF_INET6, 128)

        def of_address(low: int, high: int) -> Any:
            count = high - low + 1
            if count & (count - 1) or low & (count - 1):
                return general(low, high)
            text = inet_ntop(family, low.to_bytes(size, "big"))
            return text if count == 1 else f"{text}/{length - count.bit_length() + 1}"

        return of_address


def _entry(key: Any, data: Any, place: tuple[bytes, int, int]) -> Entry:
    view = Element._view(*place)
    expressions = tuple(view.expressions or ()) if view.expr is None else (view.expr,)
    return Entry(
        key,
        data,
        None if view.timeout is None else view.timeout / 1000,
        None if view.expiration is None else view.expiration / 1000,
        comment_of(view.userdata),
        expressions,
    )


class _Shape(NamedTuple):
    """What all elements of a list have in common, when they have."""

    stride: int
    data: bool
    layout: struct.Struct
    head: tuple[bytes, ...]

    def rows(self, payload: bytes) -> Iterator[tuple[bytes, ...]]:
        return self.layout.iter_unpack(payload)


def _shape(payload: bytes) -> _Shape | None:
    """The shape of the elements of a list: a key, or a key and data; None where they differ or say more."""
    if len(payload) < 12:
        return None
    length = _length_at(payload)[0]
    stride = (length + 3) & ~3
    if length < 12 or len(payload) % stride:
        return None
    key_length, key_kind = HEADER.unpack_from(payload, 4)
    value_length, value_kind = HEADER.unpack_from(payload, 8)
    if key_kind & TYPE_MASK != KEY or value_kind & TYPE_MASK != VALUE or not 4 < value_length <= key_length - 4:
        return None
    key_end = 4 + ((key_length + 3) & ~3)
    size = value_length - 4
    if key_end == stride:
        layout = struct.Struct(f"12s{size}s{stride - 12 - size}x")
        has_data = False
    elif key_end + 4 < stride and HEADER.unpack_from(payload, key_end)[1] & TYPE_MASK == DATA:
        data_length = HEADER.unpack_from(payload, key_end)[0]
        if key_end + ((data_length + 3) & ~3) != stride or data_length < 8:
            return None
        # The padding of the key goes with the header behind it.
        gap = key_end + 4 - 12 - size
        layout = struct.Struct(f"12s{size}s{gap}s{data_length - 4}s{stride - key_end - data_length}x")
        has_data = True
    else:
        return None
    heads = {row[0::2] if not has_data else (row[0], row[2][-4:]) for row in layout.iter_unpack(payload)}
    if len(heads) != 1:
        return None
    return _Shape(stride, has_data, layout, next(iter(heads)))


def _rows(payload: bytes) -> Iterator[Row]:
    """The elements of a list one by one. DecodeError where a length lies."""
    for _, start, end in walk(payload, 0, len(payload)):
        table = attributes(payload, start, end, 12)
        key, key_end, data, flags = table[KEY], table[KEY_END], table[DATA], table[FLAGS]
        is_end = bool(flags) and bool(payload[flags + 3] & ElementFlags.INTERVAL_END)
        more = any(table[kind] for kind in (4, 5, 6, 7, OBJREF, 11))
        yield Row(
            _nested_value(payload, key) if key else None,
            _nested_value(payload, key_end) if key_end else None,
            payload[data : data - 4 + _length_at(payload, data - 4)[0]] if data else None,
            is_end,
            (payload, start, end) if more else None,
        )


_END = HEADER.pack(8, FLAGS) + struct.pack(">I", ElementFlags.INTERVAL_END)


def _bounds(payload: bytes) -> Iterator[tuple[bytes, bool, Row | None]]:
    """(key, whether an interval begins there, all of it if there is more) of each element of a list of intervals.

    A few comparisons tell the two usual shapes, a key and a key marked as an end; others are read one by one.
    """
    if len(payload) < 12:
        return
    size = LENGTH.unpack_from(payload, 8)[0] - 4
    padded = (size + 3) & ~3
    key_head = HEADER.pack(8 + padded, KEY) + HEADER.pack(4 + size, VALUE)
    begin, end = (HEADER.pack(12 + padded + more, 1) + key_head for more in (0, 8))
    at, stop = 0, len(payload)
    while at < stop:
        head = payload[at : at + 12]
        if head == begin:
            yield payload[at + 12 : at + 12 + size], True, None
            at += 12 + padded
        elif head == end and payload[at + 12 + padded : at + 20 + padded] == _END:
            yield payload[at + 12 : at + 12 + size], False, None
            at += 20 + padded
        else:
            length = (_length_at(payload, at)[0] + 3) & ~3 if stop - at >= 4 else stop - at
            for row in _rows(payload[at : at + max(length, 4)]):
                yield row.key or b"", not row.is_end, row
            at += max(length, 4)


def _nested_value(payload: bytes, start: int) -> bytes:
    """The bytes of the NFTA_DATA_VALUE that begins at `start`."""
    end = start - 4 + _length_at(payload, start - 4)[0]
    for kind, first, last in walk(payload, start, end):
        if kind & TYPE_MASK == VALUE:
            return payload[first:last]
    raise DecodeError("the key of an element has no value", offset=start)
