"""What sources are compared with or looked up in: patterns, sets written in place, named sets.

Strategy: small values without behaviour, below everything that uses them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from rawnl.errors import EncodeError
from rawnl.nft.match_types import Exact, Pattern, Type
from rawnl.nft.objects import Object

SetLike: TypeAlias = "Object | str"
"""A named set or map: the object, or its name as `"@name"`."""


def register_at(word: int) -> int:
    """The register at a place counted in 4 bytes, under the number by which the kernel gives it back."""
    return 1 + word // 4 if word % 4 == 0 else 8 + word


class Named(NamedTuple):
    """A named set or map."""

    name: str
    object: Object | None = None

    def __str__(self) -> str:
        return f"@{self.name}"


class Literals(NamedTuple):
    """A set written in place: a pattern for each element, or a tuple of them side by side."""

    elements: tuple[Pattern | tuple[Pattern, ...], ...]


Operand: TypeAlias = "Pattern | Named | Literals | tuple[Pattern, ...]"


def named(value: Any) -> Named | None:
    """The named set or map that is meant, None for any other value."""
    if isinstance(value, str) and value.startswith("@"):
        return Named(value[1:])
    if isinstance(value, Object):
        if value.noun not in ("set", "map"):
            raise EncodeError(f"a {value.noun} is no set: give a Set, a Map, or '@name'")
        name = getattr(value, "name", None)
        if not isinstance(name, str):
            raise EncodeError(f"this {value.noun} has no name")
        return Named(name, value)
    return None


def order_of(types: Sequence[Type], pattern: Any) -> Any:
    """What patterns are sorted by: their bytes in network byte order, or those of each part."""
    several = pattern if type(pattern) is tuple else (pattern,)
    return tuple(
        kind.ordered(one.data) if isinstance(one, Exact) else one[0] for kind, one in zip(types, several, strict=True)
    )
