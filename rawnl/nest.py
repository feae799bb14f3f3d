"""Attributes within attributes: nests, lists of nests, C structs; and the way to name a place in them.

Strategy: a nest is read as a view of its own over the same buffer, and only when asked for. `path_at` walks a
request back from the byte offset of an extended ack to the dotted name of the attribute that the kernel refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rawnl.attribute import HEADER, MAX_LENGTH, NESTED, PAD, TYPE_MASK, Attribute, Getter, attribute_bytes
from rawnl.errors import DecodeError, EncodeError
from rawnl.wire import Attrs, Field, no_bytes, walk

if TYPE_CHECKING:
    from typing_extensions import Self


class Struct(Attrs):
    """A C struct as an attribute's payload. An older kernel may send less of it (the rest reads as None) and a
    newer one more (kept as `tail`)."""

    __slots__ = ()

    @classmethod
    def _field_getter(cls, member: Field) -> Getter:
        whole = super()._field_getter(member)
        last = member.offset + member.packer.size

        def get(self: Attrs) -> Any:
            if self._buffer is not None and self._end() < self._table[0] + last:
                return None
            return whole(self)

        return get

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._encoders["tail"] = no_bytes

    @classmethod
    def _view(cls, buffer: Any, start: int, end: int) -> Self:
        view = cls.__new__(cls)
        view._buffer, view._table, view._row = buffer, [start], 0
        return view

    @property
    def tail(self) -> bytes:
        """What came after the members that rawnl knows."""
        if self._buffer is None:
            return bytes(self._table.get("tail", b""))
        return bytes(self._buffer[self._table[0] + self._size() : self._end()])

    @classmethod
    def _size(cls) -> int:
        return max((member.offset + member.packer.size for member in cls._fields.values()), default=0)

    def present(self) -> dict[str, Any]:
        found = {name: value for name in self._fields if name[0] != "_" and (value := getattr(self, name))}
        if self.tail:
            found["tail"] = self.tail
        return found

    def body(self) -> bytes:
        if self._buffer is not None:
            return bytes(self._buffer[self._table[0] : self._end()])
        return self._head()[: self._size()] + self.tail


def nest(number: int, cls: type[Attrs], kernel: str = "", *, flagged: bool = True) -> Any:
    """Attributes within an attribute. `flagged`: whether NLA_F_NESTED is set, as newer families demand."""
    kind = number | NESTED if flagged else number
    pack = HEADER.pack

    def encode(value: Any) -> bytes:
        if not isinstance(value, cls):
            raise TypeError
        payload = value.body()
        length = len(payload) + 4
        # What attribute_bytes() does, spelled out: a nest is the hottest of all encoders.
        return pack(length, kind) + payload + PAD[length & 3] if length <= MAX_LENGTH else attribute_bytes(0, payload)

    attribute = _Nest(number, encode, cls._view, expects=f"a {cls.__name__}", kernel=kernel, sample=("nest", cls))
    attribute.cls = cls
    return attribute


def structure(number: int, cls: type[Struct], kernel: str = "") -> Any:
    """A C struct as payload."""
    return nest(number, cls, kernel, flagged=False)


class _Nest(Attribute):
    __slots__ = ("cls",)
    cls: type[Attrs]

    def inner(self, buffer: Any, start: int, end: int, owner: Attrs) -> list[tuple[str, type[Attrs], int, int]]:
        return [("", self.cls, start, end)]


def nests(number: int, cls: type[Attrs], item: int = 1, kernel: str = "") -> Any:
    """A list of nests: each element stands in an attribute of type `item` (NFTA_LIST_ELEM and its like)."""

    def encode(value: Any) -> bytes:
        parts = []
        for index, element in enumerate(value):
            if not isinstance(element, cls):
                raise EncodeError(f"{element!r} is not a {cls.__name__}", attribute=f"[{index}]")
            try:
                parts.append(attribute_bytes(item | NESTED, element.body()))
            except EncodeError as error:
                raise error.within(f"[{index}]") from None
        return attribute_bytes(number | NESTED, b"".join(parts))

    def decode(buffer: Any, start: int, end: int) -> Any:
        return [cls._view(buffer, first, last) for _, first, last in walk(buffer, start, end)]

    return _Nests(
        number, encode, decode, expects=f"a list of {cls.__name__}", kernel=kernel, sample=("nests", cls)
    )


class _Nests(Attribute):
    __slots__ = ()

    def inner(self, buffer: Any, start: int, end: int, owner: Attrs) -> list[tuple[str, type[Attrs], int, int]]:
        cls = self.sample[1]
        return [(f"[{i}]", cls, first, last) for i, (_, first, last) in enumerate(walk(buffer, start, end))]


def path_at(cls: type[Attrs], buffer: Any, start: int, end: int, offset: int, missing: int | None = None) -> str:
    """The dotted path of the attribute at byte `offset` of `buffer`, where a `cls` lies in `buffer[start:end]`.

    With `missing` the path ends in the name of that absent attribute of the nest at `offset` (of the whole, for 0).
    """
    try:
        owner = cls._view(buffer, start, end)
        if missing is not None and offset <= start:
            absent = cls._by_number.get(missing)
            return absent.name if absent else f"attr_{missing}"
        for kind, first, last in walk(buffer, start + cls._header_length, end):
            if not first - 4 <= offset < last:
                continue
            attribute = cls._by_number.get(kind & TYPE_MASK)
            name = attribute.name if attribute else f"attr_{kind & TYPE_MASK}"
            if offset < first and missing is None:
                return name
            for label, inner, inner_start, inner_end in attribute.inner(buffer, first, last, owner) if attribute else ():
                if inner_start <= offset < inner_end or (missing is not None and offset < first):
                    at = inner_start if missing is not None and offset < first else offset
                    rest = path_at(inner, buffer, inner_start, inner_end, at, missing)
                    return f"{name}{label}.{rest}" if rest else name + label
            return name
    except DecodeError:
        # The request was ours; should it not read back, its error must still be shown, without a path.
        return ""
    return ""
