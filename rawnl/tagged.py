"""Tagged unions: schemas that a sibling's value chooses.

Strategy: `tagged` and `tagged_list` are the only ways in which a schema depends on something beside it
(IFLA_INFO_KIND and IFLA_INFO_DATA, bridge port data, nf_tables expressions). The members register themselves by
subclassing; a module named like the tag is imported when the tag is first met, so breadth costs nothing at import.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

from rawnl.attribute import LENGTH, NESTED, Attribute, Getter, attribute_bytes
from rawnl.errors import DecodeError, EncodeError
from rawnl.scan import attributes
from rawnl.wire import Attrs, walk

_length_at = LENGTH.unpack_from


class Opaque:
    """A kind or expression that nobody declared: its name, and its bytes as they came (None: it had none)."""

    __slots__ = ("data", "tag")

    def __init__(self, tag: str, data: bytes | None) -> None:
        self.tag = tag
        self.data = data

    def as_dict(self) -> dict[str, Any]:
        """The same in plain types: the bytes in hexadecimal."""
        return {"kind": self.tag, "data": None if self.data is None else self.data.hex()}

    def __repr__(self) -> str:
        return f"Opaque({self.tag!r}, {self.data!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and (self.tag, self.data) == (other.tag, other.data)

    def __hash__(self) -> int:
        return hash((self.tag, self.data))


class Tagged(Attrs):
    """The base of a family of schemas told apart by a sibling's value.

    A direct subclass is such a family (`LinkKind`); `modules` names the package in which a module of the tag's own
    name is looked for when the tag is first met. A subclass of that with `name="veth"` is a member, and registers
    itself, also from a user's own code.
    """

    __slots__ = ()

    tag: ClassVar[str] = ""
    _registry: ClassVar[dict[str, Any]] = {}
    _modules: ClassVar[str] = ""

    def __init_subclass__(cls, *, name: str = "", modules: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if Tagged in cls.__bases__:
            cls._registry = {}
            cls._modules = modules
        if name:
            cls.tag = name
            cls._registry[name] = cls

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.tag, **super().as_dict()}

    @classmethod
    def registered(cls, tag: Any) -> type[Attrs] | None:
        """The member class for `tag`, loaded when first met; None where there is none."""
        if tag in cls._registry:
            found: type[Attrs] | None = cls._registry[tag]
            return found
        if cls._modules and isinstance(tag, str) and tag.isidentifier() and tag.isascii():
            module = f"{cls._modules}.{tag}"
            try:
                importlib.import_module(module)
            except ModuleNotFoundError as error:
                if error.name != module:
                    raise
        return cls._registry.setdefault(tag, None) if isinstance(tag, str) and len(cls._registry) < 4096 else None


def _member_payload(value: Any, base: type[Tagged]) -> bytes:
    if isinstance(value, base):
        return value.body()
    if isinstance(value, Opaque):
        return value.data or b""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    raise TypeError


def tagged(number: int, selector: str, base: type[Tagged], kernel: str = "", *, flagged: bool = True) -> Any:
    """A nest whose class depends on the sibling named `selector`; an `Opaque` where that one is not known."""
    kind = number | NESTED if flagged else number

    def encode(value: Any) -> bytes:
        return attribute_bytes(kind, _member_payload(value, base))

    attribute = _Tagged(
        number, encode, _not_alone, expects=f"a {base.__name__}", kernel=kernel, sample=("tagged", base)
    )
    attribute.selector = selector
    attribute.base = base
    return attribute


def _not_alone(buffer: Any, start: int, end: int) -> Any:
    raise DecodeError("a tagged union cannot be read without its siblings", offset=start)


class _Tagged(Attribute):
    __slots__ = ("base", "selector")
    base: type[Tagged]
    selector: str

    def getter(self) -> Getter:
        name, number, selector, base = self.name, self.number, self.selector, self.base

        def get(self: Attrs) -> Any:
            buffer = self._buffer
            if buffer is None:
                return self._table.get(name)
            start = self._table[self._row + number]
            if not start:
                return None
            end = start - 4 + _length_at(buffer, start - 4)[0]
            tag = getattr(self, selector)
            cls = base.registered(tag)
            return Opaque(tag, bytes(buffer[start:end])) if cls is None else cls._view(buffer, start, end)

        return get

    def inner(self, buffer: Any, start: int, end: int, owner: Attrs) -> list[tuple[str, type[Attrs], int, int]]:
        cls = self.base.registered(getattr(owner, self.selector))
        return [] if cls is None else [("", cls, start, end)]


def tagged_list(number: int, base: type[Tagged], kernel: str = "") -> Any:
    """A list in which each element names its own schema: item (1) holding a name (1) and its data (2).

    This is how nf_tables nests expressions (NFTA_LIST_ELEM, NFTA_EXPR_NAME, NFTA_EXPR_DATA).
    """

    def encode(value: Any) -> bytes:
        parts = []
        for index, element in enumerate(value):
            try:
                tag = element.tag.encode() + b"\0" if isinstance(element, (base, Opaque)) else b""
                if not tag:
                    raise EncodeError(f"{element!r} is not a {base.__name__}")
                inside = attribute_bytes(1, tag)
                if not isinstance(element, Opaque) or element.data is not None:
                    inside += attribute_bytes(2 | NESTED, _member_payload(element, base))
                parts.append(attribute_bytes(1 | NESTED, inside))
            except EncodeError as error:
                raise error.within(f"[{index}]") from None
        return attribute_bytes(number | NESTED, b"".join(parts))

    def decode(buffer: Any, start: int, end: int) -> Any:
        found: list[Attrs | Opaque] = []
        for tag, cls, first, last in _elements(base, buffer, start, end):
            if cls is None or first == 0:
                found.append(Opaque(tag, bytes(buffer[first:last]) if first else None))
            else:
                found.append(cls._view(buffer, first, last))
        return found

    return _TaggedList(
        number, encode, decode, expects=f"a list of {base.__name__}", kernel=kernel, sample=("tagged_list", base)
    )


def _elements(
    base: type[Tagged], buffer: Any, start: int, end: int
) -> Iterator[tuple[str, type[Attrs] | None, int, int]]:
    for _, first, last in walk(buffer, start, end):
        table = attributes(buffer, first, last, 3)
        name, data = table[1], table[2]
        if not name:
            raise DecodeError("an element of a list of expressions has no name", offset=first)
        text = bytes(buffer[name : name - 4 + _length_at(buffer, name - 4)[0]])
        tag = text.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
        yield sys.intern(tag), base.registered(tag), data, data - 4 + _length_at(buffer, data - 4)[0] if data else 0


class _TaggedList(Attribute):
    __slots__ = ()

    def inner(self, buffer: Any, start: int, end: int, owner: Attrs) -> list[tuple[str, type[Attrs], int, int]]:
        found = []
        for index, (tag, cls, first, last) in enumerate(_elements(self.sample[1], buffer, start, end)):
            if cls is not None and first:
                found.append((f"[{index}]({tag})", cls, first, last))
        return found
