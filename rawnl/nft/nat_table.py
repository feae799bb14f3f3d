"""Entries in rawnl's own table: found there, made where they are missing, each only once.

Strategy: the rules of the table are read as conditions and a statement each, and their text is what is compared, so
that it makes no difference who wrote a rule, nor whether as bytes or in words.
"""

from __future__ import annotations

from errno import EEXIST
from typing import TypeVar

from rawnl.errors import KernelError
from rawnl.nft.header import Family
from rawnl.nft.masquerading import Masqueraded, masqueraded
from rawnl.nft.match_compile import rule
from rawnl.nft.match_read import parts
from rawnl.nft.match_selector import Condition, Statement
from rawnl.nft.nat_entries import Entry, ForwardMap, Hairpin, Line, Netmap
from rawnl.nft.objects import Chain, Table
from rawnl.nft.ownership import COMMENT, TABLE, Owned, Owner
from rawnl.nft.transaction import Transaction

AnyEntry = TypeVar("AnyEntry", bound=Entry)


def taken(word: str, match: str, does: str) -> KernelError:
    return KernelError.of(
        EEXIST,
        request=word,
        message=f"A rule for '{match}' says '{does}' already",
        hint="remove that one first",
    )


class NatTable(Owner):
    """Reading and writing entries in rawnl's own tables."""

    def establish(self, entry: AnyEntry) -> AnyEntry:
        """Make the rules of an entry that are not there."""
        # What cannot be written is refused before anything is asked of the kernel.
        for line in entry.lines():
            chain = Chain(line.chain, table=Table(TABLE, family=entry.family), type="nat", hook=line.chain)
            rule(chain, *line.conditions, line.statement, comment=entry.comment)

        def work(transaction: Transaction) -> AnyEntry:
            self.write(transaction, self.owned(entry.family, entry.word), entry)
            return entry

        return self.guarded(work, idempotent=True)

    def write(self, transaction: Transaction, owned: Owned, entry: Entry) -> None:
        """Add the rules of an entry that are not there. Raises FileExistsError where one does something else."""
        known = self.lines(owned)
        for line in entry.lines():
            same = [one for one in known if (one.chain, one.match) == (line.chain, line.match)]
            if any(one.text == line.text for one in same):
                continue
            if line.conditions and same and not isinstance(entry, (Hairpin, ForwardMap)):
                raise taken(entry.word, line.match, str(same[0].statement))
            chain = owned.chain(line.chain, transaction)
            written = rule(chain, *line.conditions, line.statement, comment=entry.comment)
            if isinstance(entry, (Hairpin, Netmap)):
                # Narrower than what stands there: a masquerade of everything would come before it.
                transaction.insert(written)
            else:
                transaction.add(written)

    def lines(self, owned: Owned) -> list[Line]:
        """The rules of rawnl's chains as conditions and a statement; those that are anything else are left out."""
        if owned.table is None:
            return []
        sets = {one.name: one for one in self.sets(owned.table) if (one.name or "").startswith(("__set", "__map"))}
        found = []
        for one in self.owned_rules(owned):
            said = parts(one, lambda name: self.elements(sets[name]) if name in sets else None)
            conditions = tuple(part for part in said if isinstance(part, Condition))
            statements = [part for part in said if isinstance(part, Statement)]
            if len(statements) == 1 and len(conditions) + 1 == len(said) and said[-1] is statements[0]:
                found.append(Line(one.chain or "", conditions, statements[0], one))
        return found

    def both(self) -> list[Owned]:
        """rawnl's own tables, of both families; a stranger's are passed over."""
        found = []
        for family in (Family.IP, Family.IP6):
            table = self.find(Table(TABLE, family=family))
            if table is not None and table.comment == COMMENT:
                found.append(self.owned(family, "list"))
        return found

    def masquerades_of(self, owned: Owned) -> list[Masqueraded]:
        chain = owned.chains.get("postrouting")
        found = [masqueraded(rule) for rule in self.rules(owned.table, chain)] if chain is not None else []
        return [one for one in found if one is not None]
