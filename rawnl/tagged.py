"""Tagged unions: schemas that a sibling's value chooses.

Strategy: a schema depends on something beside it in one way only (IFLA_INFO_KIND and IFLA_INFO_DATA, bridge port data;
nf_tables expressions, whose lists stand in `nft/expr.py`). The members register themselves by subclassing; a module
named like the tag is imported when the tag is first met, so breadth costs nothing at import.
"""

from __future__ import annotations

import importlib
from typing import Any, ClassVar

from rawnl.errors import DecodeError
from rawnl.tlv import LENGTH, NESTED, Attribute, Getter, Part, attribute_bytes
from rawnl.wire import Attrs

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
        if not isinstance(tag, str):
            return None
        if cls._modules and tag.isidentifier() and tag.isascii() and tag[0] != "_":
            module = f"{cls._modules}.{tag}"
            try:
                importlib.import_module(module)
            except ModuleNotFoundError as error:
                if error.name != module:
                    raise
        # That there is none is remembered too, up to a limit: tags may come from anywhere.
        return cls._registry.setdefault(tag, None) if len(cls._registry) < 4096 else cls._registry.get(tag)


def member_payload(value: Any, base: type[Tagged]) -> bytes:
    """What stands in the attribute for a member of the family `base`; TypeError for anything else."""
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
        return attribute_bytes(kind, member_payload(value, base))

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
            return (
                Opaque("" if tag is None else tag, bytes(buffer[start:end]))
                if cls is None
                else cls._view(buffer, start, end)
            )

        return get

    def inner(self, buffer: Any, start: int, end: int, owner: Attrs) -> list[Part]:
        cls = self.base.registered(getattr(owner, self.selector))
        return [] if cls is None else [("", cls, start, end)]
