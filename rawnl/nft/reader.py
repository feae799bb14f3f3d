"""Reading the ruleset back: tables, chains, rules, sets with their elements, objects, and all of it at one moment.

Strategy: the kernel lists each kind of object by itself, and marks a listing that changed under its hands; such a one
is read again. A whole ruleset takes several listings, so the generation is asked before and after: if they differ,
all of it is read again. Source: `<linux/netfilter/nf_tables.h>`, nft(8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from errno import EINTR, ENOENT
from typing import Any, TypeVar

from rawnl.channel import Channel
from rawnl.enumeration import enum_value
from rawnl.errors import DumpInterrupted, KernelError
from rawnl.nft.element import ElementList
from rawnl.nft.elements import Elements
from rawnl.nft.expr_action import ObjectType
from rawnl.nft.flowtable import Flowtable
from rawnl.nft.header import FamilyLike, NetfilterMessage
from rawnl.nft.objects import Chain, Generation, Object, Rule, Table
from rawnl.nft.renaming import is_bound, jumps
from rawnl.nft.sets import Set
from rawnl.nft.stateful import Stateful

Subject = TypeVar("Subject", bound=Object)

RULESET_ATTEMPTS = 64
GETGEN = 0xA10


class Ruleset:
    """All that nf_tables held at one moment, `generation` being the kernel's number for it.

    Iterating gives the objects in an order in which another transaction can add them: tables, named objects,
    flowtables, sets, chains, the elements of the sets, and the rules of each chain in their order; those of a chain
    that belongs to a single rule come before that rule, since the kernel closes the chain with it.
    """

    def __init__(
        self,
        generation: int,
        tables: list[Table],
        chains: list[Chain],
        rules: list[Rule],
        sets: list[Set] | None = None,
        elements: list[Elements] | None = None,
        objects: list[Stateful] | None = None,
        flowtables: list[Flowtable] | None = None,
    ) -> None:
        self.generation = generation
        self.tables = tables
        self.chains = chains
        self.rules = rules
        self.sets = sets or []
        self.elements = elements or []
        """Those of each set that has any."""
        self.objects = objects or []
        self.flowtables = flowtables or []

    def __iter__(self) -> Iterator[Object | Elements]:
        yield from self.tables
        yield from self.objects
        yield from self.flowtables
        yield from self.sets
        yield from self.chains
        yield from self.elements
        yield from self._ordered_rules()

    def _ordered_rules(self) -> Iterator[Rule]:
        bound = {(chain.family, chain.table, chain.name) for chain in self.chains if is_bound(chain)}
        if not bound:
            yield from self.rules
            return
        inside: dict[tuple[Any, ...], list[Rule]] = {place: [] for place in bound}
        outside: list[Rule] = []
        for rule in self.rules:
            inside.get((rule.family, rule.table, rule.chain), outside).append(rule)
        for rule in outside:
            yield from _with_bound(rule, inside)

    def elements_of(self, found: Set) -> Elements:
        """The elements of one of the sets."""
        for elements in self.elements:
            if elements.set is found:
                return elements
        return Elements(found)

    def __len__(self) -> int:
        parts = (self.tables, self.objects, self.flowtables, self.sets, self.chains, self.elements, self.rules)
        return sum(len(part) for part in parts)

    def __str__(self) -> str:
        return self.text()

    def text(
        self, *, handles: bool = False, stateless: bool = False, interfaces: Mapping[int, str] | None = None
    ) -> str:
        """All of it in nft's own syntax, as `nft list ruleset` prints it and `nft -f` reads it. See `rawnl.nft.text`.

        `handles` and `stateless` are `nft -a` and `nft -s`. `interfaces` gives the names of links by index, for rules
        that tell interfaces by index; those that are not in it are written as numbers, which nft reads just as well.
        """
        from rawnl.nft.text import ruleset_text, style

        return ruleset_text(self, style(handles, stateless, interfaces))

    def rule_text(self, rule: Rule, *, handles: bool = False, stateless: bool = False) -> str:
        """One of the rules as a line of nft's syntax; see also `rawnl.nft.text.rule_line`."""
        from rawnl.nft.text import rule_line, style

        return rule_line(rule, self, style(handles, stateless))

    def json(
        self, *, stateless: bool = False, interfaces: Mapping[int, str] | None = None, indent: int | None = None
    ) -> str:
        """All of it in the JSON schema of libnftables, as `nft -j list ruleset` prints it."""
        from rawnl.nft.json import ruleset_json
        from rawnl.nft.text import style

        return ruleset_json(self, style(True, stateless, interfaces), indent=indent)

    def as_json(self, *, stateless: bool = False, interfaces: Mapping[int, str] | None = None) -> dict[str, Any]:
        """The same as a Python object."""
        from rawnl.nft.json import ruleset_as_json
        from rawnl.nft.text import style

        return ruleset_as_json(self, style(True, stateless, interfaces))

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{len(part)} {name}"
            for name, part in (
                ("tables", self.tables),
                ("chains", self.chains),
                ("rules", self.rules),
                ("sets", self.sets),
                ("objects", self.objects),
                ("flowtables", self.flowtables),
            )
            if part or name in ("tables", "chains", "rules")
        )
        return f"<Ruleset of generation {self.generation}: {counts}>"


def _with_bound(rule: Rule, inside: dict[tuple[Any, ...], list[Rule]]) -> Iterator[Rule]:
    """A rule, and before it those of the chains that belong to it."""
    for chain in jumps(rule):
        for inner in inside.pop((rule.family, rule.table, chain), ()):
            yield from _with_bound(inner, inside)
    yield rule


class Reader:
    """What can be asked of nf_tables. `channel` gives the netfilter channel when it is first needed."""

    def __init__(self, channel: Callable[[], Channel]) -> None:
        self._channel = channel

    def generation(self) -> int:
        """The number of the ruleset's present generation; every commit, also by others, raises it."""
        found = self._channel().request(Generation(), GETGEN, 0, Generation, what="ask for the ruleset's generation")
        return (found[0].id if found else 0) or 0

    def get(self, subject: Subject) -> Subject:
        """The object as the kernel has it, by what names it: `get(Table("nat", family="ip"))`.

        Raises KernelError: FileNotFoundError if there is none.
        """
        cls = type(subject)
        found = self._channel().request(subject.address(), subject.get, 0, cls, what=f"find {subject.title}")
        if not found:
            raise KernelError.of(ENOENT, request=f"find {subject.title}")
        return found[0]

    def find(self, subject: Subject) -> Subject | None:
        """The same, but None if there is none."""
        try:
            return self.get(subject)
        except FileNotFoundError:
            return None

    def tables(self, family: FamilyLike | None = None) -> list[Table]:
        """All tables, or those of one family. Raises KernelError."""
        return self._listed(Table(family=family), Table, "list tables")

    def chains(self, table: Table | str | None = None, *, family: FamilyLike | None = None) -> list[Chain]:
        """All chains, or those of one family, or of one table. Raises KernelError: FileNotFoundError for no table."""
        asked = Chain(table=table, family=family)
        found = self._listed(Chain(family=asked.family), Chain, "list chains")
        if asked.table is None:
            return found
        return self._of_table(asked, [chain for chain in found if chain.table == asked.table])

    def rules(
        self,
        table: Table | str | None = None,
        chain: Chain | str | None = None,
        *,
        family: FamilyLike | None = None,
    ) -> list[Rule]:
        """All rules in their order, or those of one family, table or chain.

        Raises KernelError: FileNotFoundError where there is no such table.
        """
        asked = Rule(table=table, chain=chain, family=family)
        found = self._listed(asked, Rule, "list rules")
        if asked.chain is not None:
            # Without a table the kernel does not look at the chain.
            found = [rule for rule in found if rule.chain == asked.chain]
        return self._of_table(asked, found)

    def sets(self, table: Table | str | None = None, *, family: FamilyLike | None = None) -> list[Set]:
        """All sets and maps, or those of one family or table, without their elements; anonymous ones included.

        Raises KernelError: FileNotFoundError where there is no such table.
        """
        return self._of_kind(Set, table, family, "list sets")

    def objects(
        self,
        kind: ObjectType | str | None = None,
        table: Table | str | None = None,
        *,
        family: FamilyLike | None = None,
    ) -> list[Stateful]:
        """All named objects (counters, quotas …), or those of one type, family or table. Raises KernelError."""
        number = None if kind is None else enum_value(ObjectType, kind)
        found = self._of_kind(Stateful, table, family, "list objects")
        return found if number is None else [one for one in found if one.type == number]

    def flowtables(self, table: Table | str | None = None, *, family: FamilyLike | None = None) -> list[Flowtable]:
        """All flowtables, or those of one family or table. Raises KernelError."""
        return self._of_kind(Flowtable, table, family, "list flowtables")

    def elements(
        self, set: Set | str, table: Table | str | None = None, *, family: FamilyLike | None = None
    ) -> Elements:
        """What is in a set, which is given as such or by its name and table.

        A listing that changed while it was read is read again. Raises KernelError: FileNotFoundError where there is no
        such set.
        """
        asked = set if isinstance(set, Set) else Set(set, table=table, family=family)
        return self._elements(self.get(asked) if asked.key_type is None else asked)

    def _elements(self, found: Set) -> Elements:
        asked = ElementList(family=found.family, table=found.table, set=found.name)
        lists = self._channel().dump(asked, ElementList.get, ElementList, what=f"list elements of {found.title}")
        return Elements.of_lists(found, lists)

    def _of_kind(
        self, cls: type[Subject], table: Table | str | None, family: FamilyLike | None, what: str
    ) -> list[Subject]:
        """Objects that stand in tables: all, or those of one family or table."""
        make: Any = cls
        asked = make(table=table, family=family)
        found = self._listed(make(family=asked.family), cls, what)
        if asked.table is None:
            return found
        return self._of_table(asked, [one for one in found if getattr(one, "table", None) == asked.table])

    def ruleset(self) -> Ruleset:
        """All that there is, as it was at one moment.

        Raises KernelError: DumpInterrupted if it never held still, 64 times over.
        """
        for _ in range(RULESET_ATTEMPTS):
            before = self.generation()
            try:
                sets = self.sets()
                elements = [self._elements(found) for found in sets]
                found = Ruleset(
                    before,
                    self.tables(),
                    self.chains(),
                    self.rules(),
                    sets,
                    [one for one in elements if not one.is_empty],
                    self.objects(),
                    self.flowtables(),
                )
            except FileNotFoundError:
                # A set that was there a moment ago. If nothing has changed since, it is an error after all.
                if self.generation() == before:
                    raise
                continue
            if self.generation() == before:
                return found
        raise DumpInterrupted(
            EINTR,
            request="read the ruleset",
            message=f"The ruleset changed while it was read, {RULESET_ATTEMPTS} times",
        )

    def _of_table(self, asked: Any, found: list[Subject]) -> list[Subject]:
        """What was found; if that is nothing, make sure that there is such a table."""
        if not found and asked.table is not None and asked.family:
            self.get(Table(asked.table, family=asked.family))
        return found

    def _listed(self, asked: NetfilterMessage, cls: type[Subject], what: str) -> list[Subject]:
        return self._channel().dump(asked, cls.get, cls, what=what)
