"""rawnl's own table: where its NAT rules live, how they are known, and how they go.

Strategy: the table is called "rawnl" and carries the comment "rawnl". A table of that name without the comment, or a
chain in it that is not as rawnl makes it, is somebody else's: it is refused, never written to. Chains are made with
the first rule in them and go with the last, the table with them, unless somebody put something else there.

    table ip rawnl {
        comment "rawnl"
        chain postrouting {
            type nat hook postrouting priority srcnat; policy accept;
            ip saddr 192.168.100.0/24 masquerade
        }
    }
"""

from __future__ import annotations

from errno import EEXIST
from typing import NamedTuple

from rawnl.errors import KernelError
from rawnl.nft.guarded import Guarded
from rawnl.nft.header import Family, hook_number, priority_number
from rawnl.nft.objects import Chain, Rule, Table
from rawnl.nft.transaction import Transaction

TABLE = "rawnl"
COMMENT = "rawnl"
TYPE = "nat"
PRIORITIES = {"prerouting": "dstnat", "output": "dstnat", "postrouting": "srcnat"}
"""rawnl's chains, which are called as the hooks they hang on, with their priorities."""


class Owned(NamedTuple):
    """rawnl's table of a family and its chains, None where there is none."""

    family: Family
    table: Table | None
    chains: dict[str, Chain]

    def made(self, transaction: Transaction) -> Table:
        """The table, made in this transaction if it is not there; adding it twice is no error."""
        return self.table or transaction.add(Table(TABLE, family=self.family, comment=COMMENT))

    def chain(self, name: str, transaction: Transaction) -> Chain:
        """One of the chains, made in this transaction if it is not there."""
        table = self.made(transaction)
        found = self.chains.get(name)
        if found is None:
            found = transaction.create(
                Chain(name, table=table, type=TYPE, hook=name, priority=PRIORITIES[name], policy="accept")
            )
            self.chains[name] = found
        return found


class Owner(Guarded):
    """Reading rawnl's own table."""

    def owned(self, family: Family, request: str) -> Owned:
        """rawnl's table and chains of a family. Raises FileExistsError where they are a stranger's."""
        table = self.find(Table(TABLE, family=family))
        if table is None:
            return Owned(family, None, {})
        if table.comment != COMMENT:
            raise _stranger(table, f'it lacks the comment "{COMMENT}" by which rawnl knows its own', request)
        chains = {}
        for chain in self.chains(table):
            name = chain.name or ""
            if name not in PRIORITIES:
                continue
            hook = chain.hook
            found = (chain.type, hook and hook.hooknum, hook and hook.priority)
            if found != (TYPE, hook_number(name, family), priority_number(PRIORITIES[name], family)):
                raise _stranger(chain, f"it is not of type {TYPE}, hook {name}, priority {PRIORITIES[name]}", request)
            chains[name] = chain
        return Owned(family, table, chains)

    def owned_rules(self, owned: Owned) -> list[Rule]:
        """The rules of rawnl's chains, in their order."""
        if owned.table is None:
            return []
        return [rule for rule in self.rules(owned.table) if rule.chain in owned.chains]

    def tidy(self, transaction: Transaction, owned: Owned, doomed: list[Rule], doomed_others: int = 0) -> None:
        """Delete the chains whose only rules are the doomed ones, and the table if that is all that it holds.

        `doomed_others`: how many other things in the table (sets) go in the same transaction. Should a count mislead,
        "only empty" has the kernel refuse rather than delete what is not ours.
        """
        if owned.table is None:
            return
        handles = {rule.handle for rule in doomed}
        gone = doomed_others
        for name, chain in owned.chains.items():
            rules = self.rules(owned.table, chain)
            if any(rule.chain == name for rule in doomed) and all(rule.handle in handles for rule in rules):
                transaction.delete(chain, only_empty=True)
                gone += 1
        if owned.table.use == gone:
            transaction.delete(owned.table, only_empty=True)


def _stranger(subject: Table | Chain, reason: str, request: str) -> KernelError:
    return KernelError.of(
        EEXIST,
        request=request,
        message=f"The {subject.title} was not made by rawnl: {reason}",
        hint="rename or delete it; rawnl does not touch what is not its own",
    )
