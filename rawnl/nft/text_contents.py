"""A ruleset sorted by table, as texts of it want it; and the words for families, hooks and priorities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from rawnl.errors import EncodeError
from rawnl.message import message_bytes
from rawnl.nft.element import Element, ElementList
from rawnl.nft.elements import Elements
from rawnl.nft.header import HOOKS, Family
from rawnl.nft.objects import Object
from rawnl.nft.text_sets import SetView

if TYPE_CHECKING:
    from rawnl.nft.objects import Chain, Rule, Table
    from rawnl.nft.reader import Ruleset

Subject = TypeVar("Subject", bound=Object)

_PRIORITIES = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
_BRIDGE_PRIORITIES = {"dstnat": -300, "filter": -200, "out": 100, "srcnat": 300}
_ONLY_AT = {"dstnat": "prerouting", "srcnat": "postrouting", "out": "output"}
_NEAR = 10


class TableContents(NamedTuple):
    """A table and all that is in it."""

    table: Table
    chains: list[Chain]
    rules: dict[str, list[Rule]]
    sets: dict[str, SetView]
    objects: list[Any]
    flowtables: list[Any]

    @property
    def family(self) -> int:
        """Its family."""
        return int(self.table.family or 0)


def contents(ruleset: Ruleset) -> Iterator[TableContents]:
    """A ruleset, table by table."""
    chains, rules = _by_table(ruleset.chains), _by_table(ruleset.rules)
    objects, flowtables = _by_table(ruleset.objects), _by_table(ruleset.flowtables)
    for table in map(read_back, ruleset.tables):
        place = table.family, table.name
        by_chain: dict[str, list[Any]] = {}
        for rule in rules.get(place, ()):
            by_chain.setdefault(rule.chain or "", []).append(rule)
        yield TableContents(
            table,
            chains.get(place, []),
            by_chain,
            sets_of(ruleset, table.family, table.name),
            objects.get(place, []),
            flowtables.get(place, []),
        )


def read_back(item: Subject) -> Subject:
    """An object as it would be read back, with numbers in the place of names; as it is if it cannot be encoded."""
    if item._buffer is not None:
        return item
    try:
        return type(item).at(item.encode(), 0)
    except EncodeError:
        return item


def _records(elements: Elements) -> list[Element]:
    """The elements of a set as the kernel has them, one by one."""
    found: list[Element] = []
    for body in elements.bodies():
        found += ElementList.at(message_bytes(ElementList.new, 0, 0, body), 0).elements or ()
    return found


def sets_of(ruleset: Ruleset, family: Any, table: str | None) -> dict[str, SetView]:
    """The sets of a table by name, whose elements are read when they are first asked for."""
    place = family, table
    listed = {}
    for elements in ruleset.elements:
        owner = read_back(elements.set)
        if (owner.family, owner.table) == place:
            listed[owner.name] = elements
    views = {}
    for item in map(read_back, ruleset.sets):
        if (item.family, item.table) == place and item.name is not None:
            found = listed.get(item.name)
            views[item.name] = SetView(item) if found is None else SetView(item, partial(_records, found))
    return views


def _by_table(items: Any) -> dict[tuple[Any, Any], list[Any]]:
    found: dict[tuple[Any, Any], list[Any]] = {}
    for item in items:
        item = read_back(item)
        found.setdefault((item.family, item.table), []).append(item)
    return found


def hook_name(number: int, family: int) -> str:
    """A hook in nft's words."""
    names = {value: name for name, value in HOOKS.get(family, {}).items()}
    return names.get(number, str(number))


def _known_priorities(family: int, hook: str) -> Mapping[str, int]:
    if family == Family.BRIDGE:
        known = _BRIDGE_PRIORITIES
    elif family in (Family.NETDEV, Family.ARP):
        known = {"filter": 0}
    else:
        known = _PRIORITIES
    return {name: value for name, value in known.items() if _ONLY_AT.get(name, hook) == hook}


def priority_name(number: int, family: int, hook: str) -> str:
    """A priority in nft's words: `filter`, `srcnat + 5`, or the number where no word is near.

    >>> priority_name(5, 2, "input"), priority_name(-77, 2, "input")
    ('filter + 5', '-77')
    """
    for name, value in _known_priorities(family, hook).items():
        if abs(number - value) <= _NEAR:
            rest = number - value
            return name if not rest else f"{name} {'+' if rest > 0 else '-'} {abs(rest)}"
    return str(number)
