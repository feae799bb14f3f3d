"""Sets and maps that a rule writes in place, and what is known of those that it names.

Strategy: a set written in place is an anonymous `Set` with its `Elements`, made in the rule's own transaction, which
the rule refers to by number. The types of its keys are the very ones of the source that is looked up in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rawnl.nft.elements import Elements
from rawnl.nft.match_operand import Literals
from rawnl.nft.match_selector import Source
from rawnl.nft.match_types import Exact
from rawnl.nft.sets import Set, SetFlags

if TYPE_CHECKING:
    from rawnl.nft.match_compile import Compiler


def has_intervals(found: Any) -> bool:
    """Whether a named set holds intervals, so that numbers in it are in network byte order."""
    return isinstance(found, Set) and found.has(SetFlags.INTERVAL)


def ranged(keys: Any) -> bool:
    """Whether any of these patterns stands for more than one value."""
    return any(
        not isinstance(one, Exact)
        for key in keys
        for one in (key if type(key) is tuple else (key,))  # a pattern is a tuple, too, but of a type of its own
    )


def value_of(source: Source, pattern: Any) -> Any:
    """A pattern as the value that a set's element has."""
    if type(pattern) is tuple:
        return tuple(kind.read(one) for kind, one in zip(source.types, pattern, strict=True))
    return source.types[0].read(pattern)


def anonymous(compiler: Compiler, source: Source, values: Any, data: str | None = None) -> tuple[Set, Elements]:
    """An anonymous set of what `Literals` hold; with `data`, a map of patterns to values of that type."""
    keys = values.elements if isinstance(values, Literals) else values
    with_intervals = ranged(keys)
    found = Set(
        table=compiler.table,
        family=compiler.family,
        key=source.types,
        data=data,
        flags="interval" if with_intervals else None,
        size=None if with_intervals else len(keys),
    )
    if isinstance(values, Mapping):
        return found, Elements(found, [(value_of(source, key), value) for key, value in values.items()])
    return found, Elements(found, [value_of(source, key) for key in keys])
