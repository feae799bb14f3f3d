"""Anonymous sets and chains on their way into another ruleset, where they get other names.

Strategy: the kernel names an anonymous set ("__set3") or chain ("__chain1") itself, one by one for each table. One that
was read is therefore made anew without that name, under a number that holds within the transaction, and what refers to
it (lookups, jumps, rules within) is made to say that number.
Source: net/netfilter/nf_tables_api.c, nft_set_lookup_global(), nft_verdict_init().
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from rawnl.enumeration import enum_value
from rawnl.nft.elements import Elements
from rawnl.nft.expr import Data, Expression
from rawnl.nft.expr_action import Objref
from rawnl.nft.expr_compare import Dynset, Lookup
from rawnl.nft.expr_load import Immediate
from rawnl.nft.header import Family
from rawnl.nft.objects import Chain, ChainFlags, Object, Rule
from rawnl.nft.sets import Set, SetFlags, new_id

Subject = TypeVar("Subject", bound=Object)

# Meters are anonymous sets too, but have names of their own.
_NUMBERED = re.compile(r"(__(?:set|map))\d+")


def is_bound(chain: Chain) -> bool:
    """Whether a chain belongs to the one rule that jumps to it, as in `jump { … }`."""
    return bool(enum_value(ChainFlags, chain.flags or 0) & ChainFlags.BINDING)


def jumps(rule: Rule) -> list[str]:
    """The chains that the rule itself jumps or goes to, those of verdict maps left out."""
    found = []
    for item in rule.expressions or ():
        if isinstance(item, Immediate) and isinstance(item.data, Data):
            verdict = item.data.verdict
            if verdict is not None and verdict.chain is not None:
                found.append(verdict.chain)
    return found


class Renaming:
    """Which anonymous objects a transaction makes anew, and under which numbers."""

    def __init__(self) -> None:
        self._sets: dict[tuple[int, Any, Any], tuple[str, int]] = {}
        self._chains: dict[tuple[int, Any, Any], int] = {}

    def message(self, subject: Subject) -> Subject:
        """What is to be sent to make an object like `subject`."""
        if isinstance(subject, Set):
            return self._set(subject)  # type: ignore[return-value]
        if isinstance(subject, Chain) and subject._buffer is not None and is_bound(subject):
            number = new_id()
            self._chains[_place(subject, subject.name)] = number
            return subject.like().replace(name=None, handle=None, id=number)
        if isinstance(subject, Rule) and subject._buffer is not None and (self._sets or self._chains):
            return self._rule(subject)  # type: ignore[return-value]
        return subject.like()

    def _set(self, subject: Set) -> Set:
        if subject._buffer is None:
            if subject.id is None:
                # The object that the user holds has it too, so that its elements can be told by it.
                subject._become(subject.replace(id=new_id()))
            return subject
        message = subject.like().replace(id=new_id())
        numbered = _NUMBERED.fullmatch(subject.name or "") if subject.has(SetFlags.ANONYMOUS) else None
        if numbered is not None:
            pattern = numbered[1] + "%d"
            self._sets[_place(subject, subject.name)] = pattern, message.id or 0
            message = message.replace(name=pattern)
        return message

    def elements(self, subject: Elements) -> dict[str, Any]:
        """Under which name and number the set of these goes; nothing where under its own."""
        found = self._sets.get(_place(subject, subject.set.name))
        return {} if found is None else {"name": found[0], "set_id": found[1]}

    def _rule(self, subject: Rule) -> Rule:
        rule = subject.like()
        inside = self._chains.get(_place(subject, subject.chain))
        if inside is not None:
            rule = rule.replace(chain=None, chain_id=inside)
        items = list(rule.expressions or ())
        changed = [self._expression(subject, item) for item in items]
        if any(new is not old for new, old in zip(changed, items, strict=True)):
            rule = rule.replace(expressions=changed)
        return rule

    def _expression(self, rule: Rule, item: Expression) -> Expression:
        if isinstance(item, Lookup):
            found = self._sets.get(_place(rule, item.set))
            return item if found is None else item.replace(set=found[0], set_id=found[1])
        if isinstance(item, (Dynset, Objref)):
            found = self._sets.get(_place(rule, item.set_name))
            return item if found is None else item.replace(set_name=found[0], set_id=found[1])
        if isinstance(item, Immediate) and isinstance(item.data, Data):
            verdict = item.data.verdict
            number = None if verdict is None else self._chains.get(_place(rule, verdict.chain))
            if verdict is not None and number is not None:
                return item.replace(data=verdict.replace(chain=None, chain_id=number))
        return item


def _place(subject: Object | Elements, name: str | None) -> tuple[int, Any, Any]:
    return enum_value(Family, subject.family or 0), getattr(subject, "table", None), name
