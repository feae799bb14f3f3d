"""Numbers with names: enums and flags as declarations give them.

Strategy: plain `IntEnum` and `IntFlag`, so that a value is an integer like any other. Users write a name (`"up"`,
`"up|broadcast"`), a member or a number; what is read is a member where there is one and the plain number where not.
`Enumeration` and `Bits` also say where the kernel defines the numbers, so that they can be checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, IntFlag
from typing import Any, TypeAlias

from rawnl.errors import EncodeError
from rawnl.tlv import nearest

Enum: TypeAlias = "type[IntEnum] | type[IntFlag] | None"


class Enumeration(IntEnum):
    """An `IntEnum` whose members the kernel calls `prefix` and the member's name, in the header `uapi`.

    `kernel` gives the whole kernel name of those that are called otherwise.

    >>> class Action(Enumeration, prefix="FR_ACT_", uapi="linux/fib_rules.h"):
    ...     GOTO = 2
    >>> Action.kernel_names()
    {'FR_ACT_GOTO': 2}
    """

    def __init_subclass__(
        cls, *, prefix: str = "", uapi: str = "", kernel: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        super().__init_subclass__(**options)
        cls.__declared__ = (prefix, uapi, kernel or {})  # type: ignore[attr-defined]

    @classmethod
    def kernel_names(cls) -> dict[str, int]:
        """Every member's number by the kernel's name of it."""
        return _kernel_names(cls)


class Bits(IntFlag):
    """An `IntFlag`, with the same keywords as `Enumeration`."""

    def __init_subclass__(
        cls, *, prefix: str = "", uapi: str = "", kernel: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        super().__init_subclass__(**options)
        cls.__declared__ = (prefix, uapi, kernel or {})  # type: ignore[attr-defined]

    @classmethod
    def kernel_names(cls) -> dict[str, int]:
        """Every member's number by the kernel's name of it."""
        return _kernel_names(cls)


def _kernel_names(cls: type[Enumeration] | type[Bits]) -> dict[str, int]:
    prefix, _, others = cls.__declared__  # type: ignore[union-attr]
    return {others.get(name, prefix + name): int(member) for name, member in cls.__members__.items()}


def enum_value(enum: type[IntEnum] | type[IntFlag], value: Any) -> int:
    """The number for a name (`"up"`, `"up|broadcast"`), a member or a plain integer."""
    if isinstance(value, str):
        total = 0
        for word in value.split("|") if issubclass(enum, IntFlag) else (value,):
            member = enum.__members__.get(word.strip().upper().replace("-", "_"))
            if member is None:
                known = [name.lower() for name in enum.__members__]
                raise EncodeError(f"{word!r} is none of {', '.join(known[:24])}{nearest(word.lower(), known)}")
            total |= member
        return total
    return value  # type: ignore[no-any-return]


def to_enum(enum: type[IntEnum] | type[IntFlag], value: int) -> int:
    """The member for a number, or the plain number where there is none."""
    try:
        return enum(value)
    except ValueError:
        return value


def enum_name(value: IntEnum | IntFlag) -> str:
    """`UP` as `up`, `BROADCAST|UP` as `up|broadcast`: a form that the encoder takes back; else the number."""
    if value.name is not None and "|" not in value.name:
        return value.name.lower()
    if isinstance(value, IntFlag):
        known = [member for member in type(value) if member.value and member in value]
        if known and sum({member.value for member in known}) == value.value:
            return "|".join(str(member.name).lower() for member in known)
    return str(int(value))
