"""Reading the ruleset back: tables, chains, rules, and all of it at one moment.

Strategy: the kernel lists each kind of object by itself, and marks a listing that changed under its hands; such a one
is read again. A whole ruleset takes several listings, so the generation is asked before and after: if they differ,
all of it is read again. Source: `<linux/netfilter/nf_tables.h>`, nft(8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from errno import EINTR, ENOENT
from typing import TypeVar

from rawnl.channel import Channel
from rawnl.errors import DumpInterrupted, KernelError
from rawnl.nft.header import FamilyLike, NetfilterMessage
from rawnl.nft.objects import Chain, Generation, Object, Rule, Table

Subject = TypeVar("Subject", bound=Object)

RULESET_ATTEMPTS = 64
GETGEN = 0xA10


class Ruleset:
    """All that nf_tables held at one moment, `generation` being the kernel's number for it.

    Iterating gives the objects in an order in which another transaction can add them: tables, then chains, then the
    rules of each chain in their order.
    """

    def __init__(self, generation: int, tables: list[Table], chains: list[Chain], rules: list[Rule]) -> None:
        self.generation = generation
        self.tables = tables
        self.chains = chains
        self.rules = rules

    def __iter__(self) -> Iterator[Object]:
        yield from self.tables
        yield from self.chains
        yield from self.rules

    def __len__(self) -> int:
        return len(self.tables) + len(self.chains) + len(self.rules)

    def __repr__(self) -> str:
        counts = f"{len(self.tables)} tables, {len(self.chains)} chains, {len(self.rules)} rules"
        return f"<Ruleset of generation {self.generation}: {counts}>"


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

    def ruleset(self) -> Ruleset:
        """All tables, chains and rules, as they were at one moment.

        Raises KernelError: DumpInterrupted if it never held still, 64 times over.
        """
        for _ in range(RULESET_ATTEMPTS):
            before = self.generation()
            found = Ruleset(before, self.tables(), self.chains(), self.rules())
            if self.generation() == before:
                return found
        raise DumpInterrupted(
            EINTR,
            request="read the ruleset",
            message=f"The ruleset changed while it was read, {RULESET_ATTEMPTS} times",
        )

    def _of_table(self, asked: Chain | Rule, found: list[Subject]) -> list[Subject]:
        """What was found; if that is nothing, make sure that there is such a table."""
        if not found and asked.table is not None and asked.family:
            self.get(Table(asked.table, family=asked.family))
        return found

    def _listed(self, asked: NetfilterMessage, cls: type[Subject], what: str) -> list[Subject]:
        return self._channel().dump(asked, cls.get, cls, what=what)
