"""Attributes within attributes: nests, lists of nests, C structs; and the way to name a place in them.

Strategy: a nest is read as a view of its own over the same buffer, and only when asked for. `path_at` walks a
request back from the byte offset of an extended ack to the dotted name of the attribute that the kernel refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rawnl.errors import DecodeError, EncodeError
from rawnl.tlv import HEADER, MAX_LENGTH, NESTED, PAD, TYPE_MASK, Attribute, Getter, Part, attribute_bytes
from rawnl.wire import MAX_DEPTH, Attrs, Field, walk

if TYPE_CHECKING:
    from typing_extensions import Self


class Struct(Attrs):
    """A C struct as an attribute's payload. An older kernel may send less of it (the rest reads as None) and a
    newer one more (kept as `tail`).

    One that was read short is spelled with `_size=`, the number of bytes up to the last whole member.
    """

    __slots__ = ()

    _aligned: ClassVar[bool] = False
    _size: ClassVar[int] = 0

    @classmethod
    def _lay_out(cls, size: int) -> None:
        super()._lay_out(size)
        cls._size = size

    @classmethod
    def _field_getter(cls, member: Field) -> Getter:
        whole = super()._field_getter(member)
        last = member.offset + member.packer.size

        def get(self: Attrs) -> Any:
            if self._buffer is not None and self._end() < self._table[0] + last:
                return None
            return whole(self)

        return get

    @classmethod
    def _is_unused(cls, name: str) -> bool:
        return name in ("tail", "_size") or super()._is_unused(name)

    @classmethod
    def _view(cls, buffer: Any, start: int, end: int) -> Self:
        view = cls.__new__(cls)
        view._buffer, view._table, view._row = buffer, [start], 0
        return view

    def _whole_members(self) -> int:
        """How many bytes of what was read are members that are all there."""
        given = self._end() - self._table[0]
        ends = (member.offset + member.packer.size for member in self._fields.values())
        return max((end for end in ends if end <= given), default=0)

    @property
    def tail(self) -> bytes:
        """What came after the members that rawnl knows."""
        if self._buffer is None:
            return b""
        return bytes(self._buffer[self._table[0] + self._whole_members() : self._end()])

    def present(self) -> dict[str, Any]:
        if self._buffer is None:
            return super().present()
        found = {}
        for name, member in self._fields.items():
            value = getattr(self, name)
            if value is not None and (value.strip(b"\0") if member.unused else value):
                found[name] = value
        size = self._whole_members()
        if size < self._size:
            found["_size"] = size
        if self.tail:
            found["tail"] = self.tail
        return found

    def raw(self, number: int) -> bytes | None:
        return None

    def body(self) -> bytes:
        if self._buffer is not None:
            return bytes(self._buffer[self._table[0] : self._end()])
        return self._head()

    def _assemble(self) -> bytes:
        size, tail = self._table.get("_size", self._size), self._table.get("tail", b"")
        if not isinstance(size, int) or not 0 <= size <= self._size:
            raise EncodeError(f"{size!r} is not a size from 0 to {self._size}", attribute="_size")
        if not isinstance(tail, (bytes, bytearray)):
            raise EncodeError(f"{tail!r} is not bytes", attribute="tail")
        return self._careful_head()[:size] + tail

    def _of_body(self, body: bytes) -> Self:
        return self._parse(body)


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

    def inner(self, buffer: Any, start: int, end: int, owner: Attrs) -> list[Part]:
        return [("", self.cls, start, end)]


def nests(number: int, cls: type[Attrs], item: int = 1, kernel: str = "", *, flagged: bool = True) -> Any:
    """A list of nests: each element stands in an attribute of type `item` (NFTA_LIST_ELEM and its like).

    `flagged`: whether NLA_F_NESTED is set, on the list and on what is in it.
    """
    mark = NESTED if flagged else 0

    def encode(value: Any) -> bytes:
        parts = []
        for index, element in enumerate(value):
            if not isinstance(element, cls):
                raise EncodeError(f"{element!r} is not a {cls.__name__}", attribute=f"[{index}]")
            try:
                parts.append(attribute_bytes(item | mark, element.body()))
            except EncodeError as error:
                raise error.within(f"[{index}]") from None
        return attribute_bytes(number | mark, b"".join(parts))

    def decode(buffer: Any, start: int, end: int) -> Any:
        return [cls._view(buffer, first, last) for _, first, last in walk(buffer, start, end)]

    return _Nests(number, encode, decode, expects=f"a list of {cls.__name__}", kernel=kernel, sample=("nests", cls))


class _Nests(Attribute):
    __slots__ = ()

    def inner(self, buffer: Any, start: int, end: int, owner: Attrs) -> list[Part]:
        cls = self.sample[1]
        return [(f"[{i}]", cls, first, last) for i, (_, first, last) in enumerate(walk(buffer, start, end))]


def path_at(
    cls: type[Attrs],
    buffer: Any,
    start: int,
    end: int,
    offset: int,
    missing: int | None = None,
    *,
    depth: int = MAX_DEPTH,
) -> str:
    """The dotted path of the attribute at byte `offset` of `buffer`, where a `cls` lies in `buffer[start:end]`.

    With `missing` the path ends in the name of that absent attribute of the nest at `offset` (of the whole, for 0).
    An empty string where nothing is found there, or the bytes make no sense.
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
            if attribute is None or depth == 0 or (offset < first and missing is None):
                return name
            parts = attribute.inner(buffer, first, last, owner)
            for label, inner, inner_start, inner_end in parts:
                at = inner_start if missing is not None and offset < first else offset
                if inner_start <= at < inner_end or at == inner_start:
                    rest = path_at(inner, buffer, inner_start, inner_end, at, missing, depth=depth - 1)
                    return f"{name}{label}.{rest}" if rest else name + label
            # The header of an element of a list.
            return next((name + label for label, _, inner_start, _ in parts if inner_start - 4 == offset), name)
    except DecodeError:
        # The request was ours; should it not read back, its error must still be shown, without a path.
        return ""
    return ""
