"""Text of sets and maps: their elements, in a rule's braces or in a declaration.

Strategy: a key is cut into its parts, each with a type and a byte order; in sets of intervals the kernel has the first
value of an interval and, flagged as an end, the one behind the last, from which ranges and prefixes are put together
again. A set that a rule made for itself is anonymous and written in place, with the types of what is looked up in it.

Source: nft(8), "Sets", "Maps", "Set statement"; libnftables-json(5).
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from rawnl.nft.element import Element, ElementFlags
from rawnl.nft.expr import Data
from rawnl.nft.expr_action import ObjectType
from rawnl.nft.sets import DATA_ORDER, DATA_TYPEOF, KEY_ORDER, KEY_TYPEOF, Set, SetFlags
from rawnl.nft.text_machine import Outside, Style, constant, number, value_of
from rawnl.nft.text_stateful import stateful
from rawnl.nft.text_typeof import typeof
from rawnl.nft.text_types import DataType, Shown, duration, either, quoted, range_end, spanned, types_of
from rawnl.nft.text_verdict import verdict
from rawnl.nft.userdata import items

_NUMBER = struct.Struct("=I")
_HOST = 1


class Part(NamedTuple):
    """A part of a key: its type, its width, whether it stands in network byte order, and bits to shift it by."""

    type: DataType
    bits: int
    big: bool
    shift: int = 0

    @property
    def padded(self) -> int:
        """Bytes that it takes in a concatenation."""
        return (self.bits + 31) // 32 * 4


class SetView:
    """A set and its elements, for whoever writes them."""

    def __init__(self, set: Set, read: Callable[[], list[Element]] = list) -> None:
        self.set = set
        self._read = read
        self.name = set.name or ""
        self.flags = int(set.flags or 0)
        self._userdata = dict(items(set.userdata or b""))
        self.key_typeof = typeof(self._userdata.get(KEY_TYPEOF))
        self.data_typeof = typeof(self._userdata.get(DATA_TYPEOF))

    @cached_property
    def elements(self) -> list[Element]:
        """Its elements, read when first asked for."""
        return self._read()

    def has(self, flag: SetFlags) -> bool:
        """Whether it has a flag."""
        return bool(self.flags & flag)

    @property
    def anonymous(self) -> bool:
        """Whether a rule made it for itself."""
        return self.has(SetFlags.ANONYMOUS)

    @property
    def meter(self) -> bool:
        """Whether it is what `meter` makes."""
        return self.anonymous and self.has(SetFlags.EVAL)

    @property
    def verdicts(self) -> bool:
        """Whether its keys lead to verdicts."""
        return self.has(SetFlags.MAP) and (self.set.data_type or 0) & 0xFFFFFF00 == 0xFFFFFF00

    @property
    def object_name(self) -> str:
        """The kind of the objects that its keys lead to."""
        kinds = list(ObjectType)
        found = self.set.obj_type
        name = ObjectType(found).name.lower() if found in kinds and isinstance(found, int) else str(found)
        return name.replace("ct_expect", "ct expectation").replace("ct_", "ct ")

    @property
    def key(self) -> list[Part]:
        """The parts of its keys."""
        kinds = self.key_typeof.types if self.key_typeof else types_of(self.set.key_type or 0, 0)
        fields = [8 * (field.len or 0) for field in (self.set.desc and self.set.desc.concat) or ()]
        return self._parts(kinds, 8 * (self.set.key_len or 0), fields, KEY_ORDER)

    @property
    def data_interval(self) -> bool:
        """Whether its data are ranges."""
        return self.set.data_interval

    @property
    def data(self) -> list[Part]:
        """The parts of its data."""
        kinds = self.data_typeof.types if self.data_typeof else types_of(self.set.data_type or 0, 0)
        bits = 8 * (self.set.data_len or 0) // (2 if self.data_interval else 1)
        return self._parts(kinds, bits, [], DATA_ORDER)

    def _parts(self, kinds: list[DataType], bits: int, fields: list[int], item: int) -> list[Part]:
        widths = [(kind.bits + 7) // 8 * 8 for kind in kinds]
        for index, width in enumerate(fields[: len(kinds)]):
            widths[index] = width
        if len(kinds) == 1:
            widths = [bits]
        elif 0 in widths:
            # Whatever has no width of its own fills what the others leave.
            widths[widths.index(0)] = max(bits - sum((width + 31) // 32 * 32 for width in widths), 8)
        order = self._userdata.get(item, b"")
        host = len(order) == 4 and _NUMBER.unpack(order)[0] == _HOST
        known = len(order) == 4 and _NUMBER.unpack(order)[0] != 0
        alone = len(kinds) == 1 and known
        interval = self.has(SetFlags.INTERVAL) and item == KEY_ORDER
        return [
            Part(kind, width, interval or (not host if alone else kind.big))
            for kind, width in zip(kinds, widths, strict=True)
        ]


def split(parts: Sequence[Part], data: bytes) -> list[bytes]:
    """The bytes of each part of a key."""
    if len(parts) == 1:
        return [data]
    found, at = [], 0
    for part in parts:
        size = (part.bits + 7) // 8
        found.append(data[at : at + size])
        at += part.padded
    if found and len(found[-1]) != (parts[-1].bits + 7) // 8:
        raise Outside("a key that is cut short")
    return found


def one(part: Part, data: bytes, style: Style) -> Shown:
    """A single value."""
    if part.shift:
        value = int.from_bytes(data, "big") >> part.shift
        return number(part.type, value, part.type.bits, style)
    shown = constant(part.type, data, part.big, style)
    return either(shown) if part.type.kind == "bitmask" else shown


def between(part: Part, low: bytes, high: bytes, style: Style) -> Shown:
    """All values from one to another: a value, a prefix, or a range."""
    if low == high:
        return one(part, low, style)
    first, last = int.from_bytes(low, "big"), int.from_bytes(high, "big")
    spread = (first ^ last).bit_length()
    bits = 8 * len(low)
    if part.type.kind == "string":
        text = low.rstrip(b"\0").decode("utf-8", "surrogateescape")
        return Shown(quoted(text + "*"), text + "*")
    start = one(part, low, style)
    if part.type.prefix and first & (1 << spread) - 1 == 0 and last == first | (1 << spread) - 1:
        return Shown(f"{start.text}/{bits - spread}", {"prefix": {"addr": start.json, "len": bits - spread}})
    end = one(part, high, style)
    order: Any = "big" if part.big else sys.byteorder
    ends = [
        range_end(part.type, shown, int.from_bytes(data, order) >> part.shift)
        for shown, data in ((start, low), (end, high))
    ]
    return spanned(*ends)


def _joined(shown: list[Shown]) -> Shown:
    if len(shown) == 1:
        return shown[0]
    return Shown(" . ".join(one.text for one in shown), {"concat": [one.json for one in shown]})


def _key(parts: Sequence[Part], low: bytes, high: bytes, style: Style) -> Shown:
    rows = zip(parts, split(parts, low), split(parts, high), strict=True)
    return _joined([between(part, first, last, style) for part, first, last in rows])


def _data(view: SetView, element: Element, parts: Sequence[Part] | None, style: Style) -> Shown | None:
    if view.has(SetFlags.OBJECT):
        name = element.objref or ""
        return Shown(quoted(name), name)
    if not view.has(SetFlags.MAP):
        return None
    data = element.data
    if isinstance(data, Data) and data.verdict is not None:
        return verdict(data.verdict)
    value = value_of(data if isinstance(data, Data) else None)
    found = parts or view.data
    if view.data_interval:
        middle = len(value) // 2
        return _key(found, value[:middle], value[middle:], style)
    return _joined([one(part, item, style) for part, item in zip(found, split(found, value), strict=True)])


def _spans(view: SetView, parts: Sequence[Part]) -> Iterator[tuple[bytes, bytes, Element]]:
    """The first and last key of each element, in nft's order."""
    plain = [element for element in view.elements if not int(element.flags or 0) & ElementFlags.CATCHALL]
    rows = [(value_of(element.key if isinstance(element.key, Data) else None), element) for element in plain]
    if len(parts) > 1 or not view.has(SetFlags.INTERVAL):
        if not view.has(SetFlags.INTERVAL):
            rows.sort(key=lambda row: _rank(parts, row[0]))
        for key, element in rows:
            end = element.key_end
            yield key, value_of(end) if isinstance(end, Data) else key, element
        return
    rows.sort(key=lambda row: (row[0], not int(row[1].flags or 0) & ElementFlags.INTERVAL_END))
    for index, (key, element) in enumerate(rows):
        if int(element.flags or 0) & ElementFlags.INTERVAL_END:
            continue
        if index + 1 < len(rows):
            behind = int.from_bytes(rows[index + 1][0], "big")
            yield key, max(behind - 1, int.from_bytes(key, "big")).to_bytes(len(key), "big"), element
        else:
            yield key, b"\xff" * len(key), element


def _rank(parts: Sequence[Part], key: bytes) -> int:
    """Where nft puts an element among others: a concatenation goes by its last bytes first."""
    if len(parts) == 1 and parts[0].big and parts[0].type.kind != "string":
        return int.from_bytes(key, "big")
    return int.from_bytes(key, "little")


def elements(
    view: SetView, style: Style, key: Sequence[Part] | None = None, data: Sequence[Part] | None = None
) -> list[Shown]:
    """All elements of a set. `key` and `data` are the types of an anonymous one, which the rule tells."""
    parts = key or view.key
    found = []
    for low, high, element in _spans(view, parts):
        found.append(_element(view, element, _key(parts, low, high, style), data, style))
    for element in view.elements:
        if int(element.flags or 0) & ElementFlags.CATCHALL:
            found.append(_element(view, element, Shown("*", "*"), data, style))
    return found


def _element(view: SetView, element: Element, key: Shown, data: Sequence[Part] | None, style: Style) -> Shown:
    words: list[str] = [key.text]
    extra: dict[str, Any] = {}
    expressions = element.expressions or ([element.expr] if element.expr is not None else [])
    for expression in expressions:
        shown = stateful(expression, style)
        words.append(shown.text)
        extra |= shown.json
    if element.timeout:
        words.append(f"timeout {duration(element.timeout)}")
        extra["timeout"] = element.timeout // 1000
    if element.expiration and not style.stateless:
        words.append(f"expires {duration(element.expiration)}")
        extra["expires"] = element.expiration // 1000
    comment = dict(items(element.userdata or b"")).get(0)
    if comment is not None:
        text = comment.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
        words.append(f"comment {quoted(text)}")
        extra["comment"] = text
    json: Any = {"elem": {"val": key.json, **extra}} if extra else key.json
    value = _data(view, element, data, style)
    if value is not None:
        words.append(f": {value.text}")
        json = [json, value.json]
    return Shown(" ".join(words), json)


def in_place(view: SetView, style: Style, key: Sequence[Part] | None, data: Sequence[Part] | None = None) -> Shown:
    """A set as a rule names it: `@name`, or its elements in braces."""
    if not view.anonymous:
        return Shown(f"@{view.name}", f"@{view.name}")
    found = elements(view, style, key, data)
    inside = ", ".join(item.text for item in found)
    return Shown(f"{{ {inside} }}" if found else "{ }", {"set": [item.json for item in found]})
