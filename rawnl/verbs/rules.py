"""rules.add, delete, list: what `ip rule` does, v4 and v6."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from rawnl.errors import EncodeError
from rawnl.route.family import Family
from rawnl.route.rule import Action, Rule, RuleFlags
from rawnl.verbs.change import ADD, Change, Prefix, Session, families, family_of, split_prefix
from rawnl.verbs.routes import table_number

RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE = 32, 33, 34

R = TypeVar("R")


class RuleChanges(Generic[R]):
    """The changes, in the same shape on a connection and on a batch."""

    def __init__(self, session: Session[Any]) -> None:
        self._session = session

    def _submit(self, change: Change) -> R:
        result: R = self._session.submit(change)
        return result

    def add(
        self,
        *,
        src: Prefix | None = None,
        dst: Prefix | None = None,
        table: int | str | None = None,
        priority: int | None = None,
        iifname: str | None = None,
        oifname: str | None = None,
        fwmark: int | None = None,
        invert: bool = False,
        action: Action | int | str = Action.TO_TBL,
        family: Family | int | None = None,
        **attributes: Any,
    ) -> R:
        """Add a rule, as `ip rule add from SRC to DST lookup TABLE`.

        Without `src` and `dst` the rule is for IPv4, unless `family` says otherwise; `action` may be `"blackhole"`,
        `"unreachable"`, `"prohibit"`; `attributes`: any other of `Rule`'s. Needs CAP_NET_ADMIN.
        """
        message = _rule(src, dst, table, family, priority, iifname, oifname, fwmark, invert, action, attributes)
        return self._submit(Change(message, RTM_NEWRULE, ADD, "add a rule"))

    def delete(
        self,
        *,
        src: Prefix | None = None,
        dst: Prefix | None = None,
        table: int | str | None = None,
        priority: int | None = None,
        iifname: str | None = None,
        oifname: str | None = None,
        fwmark: int | None = None,
        invert: bool = False,
        action: Action | int | str | None = None,
        family: Family | int | None = None,
        **attributes: Any,
    ) -> R:
        """Delete the first rule that fits what is said; see `add`. Raises NotFound when none does.

        Raises TypeError when nothing is said: any rule would fit, and the first is the one for the local table.
        """
        said = (src, dst, table, priority, iifname, oifname, fwmark, action, *attributes.values())
        if not invert and all(value is None for value in said):
            raise TypeError("rules.delete() takes something to tell the rule by")
        message = _rule(src, dst, table, family, priority, iifname, oifname, fwmark, invert, action, attributes)
        return self._submit(Change(message, RTM_DELRULE, 0, "delete a rule"))


class Rules(RuleChanges[None]):
    """The policy routing rules of a connection's namespace."""

    def _submit(self, change: Change) -> None:
        self._session.submit(change)

    def list(self, *, family: Family | int | None = None) -> list[Rule]:
        """All rules, IPv4 first, in the order in which they are asked."""
        found: list[Rule] = []
        for each in families(family):
            rules = self._session.channel.dump(Rule(family=each), RTM_GETRULE, Rule, what="list rules")
            found += [rule for rule in rules if rule.family == each]
        return found


def _rule(
    src: Prefix | None,
    dst: Prefix | None,
    table: int | str | None,
    family: Family | int | None,
    priority: int | None,
    iifname: str | None,
    oifname: str | None,
    fwmark: int | None,
    invert: bool,
    action: Action | int | str | None,
    attributes: dict[str, Any],
) -> Rule:
    source, source_length = (None, 0) if src is None else split_prefix(src, "src")
    target, target_length = (None, 0) if dst is None else split_prefix(dst, "dst")
    known = source or target
    if source and target and len(source) != len(target):
        raise EncodeError(f"{dst!r} is not of the same family as {src!r}", attribute="dst")
    if known and family and families(family)[0] is not family_of(known):
        raise EncodeError(f"{src or dst!r} is not of the family {family!r}", attribute="family")
    number = None if table is None and action != Action.TO_TBL else table_number(table)
    return Rule(
        family=family_of(known) if known else families(family)[0],
        dst_len=target_length,
        src_len=source_length,
        table8=number if number is not None and number < 256 else None,
        action=action,
        flags=RuleFlags.INVERT if invert else None,
        dst=target,
        src=source,
        iifname=iifname,
        oifname=oifname,
        priority=priority,
        fwmark=fwmark,
        table=number,
        **attributes,
    )
