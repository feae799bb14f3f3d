"""A ruleset in the JSON schema of libnftables, as `nft -j list ruleset` prints it.

    {"nftables": [{"metainfo": …}, {"table": …}, {"chain": …}, {"rule": …}]}

Strategy: statements are made in both forms at once (see `text_machine`), so here is only what stands around them.
What has no word in the schema stands as `{"debug": "[ … ]"}`, which nft refuses. Source: libnftables-json(5).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rawnl.nft.header import family_name
from rawnl.nft.objects import Chain, Policy, Rule, Table, TableFlags
from rawnl.nft.text import chain_devices
from rawnl.nft.text_contents import TableContents, contents, hook_name
from rawnl.nft.text_machine import Style
from rawnl.nft.text_objects import flowtable, set_declaration, stateful_object
from rawnl.nft.text_rule import rule_statements

if TYPE_CHECKING:
    from rawnl.nft.reader import Ruleset

SCHEMA_VERSION = 1
_TABLE_FLAGS = ((TableFlags.DORMANT, "dormant"), (TableFlags.OWNER, "owner"), (TableFlags.PERSIST, "persist"))


def ruleset_json(ruleset: Ruleset, style: Style | None = None, *, indent: int | None = None) -> str:
    """A whole ruleset as a JSON text."""
    return json.dumps(ruleset_as_json(ruleset, style), indent=indent)


def ruleset_as_json(ruleset: Ruleset, style: Style | None = None) -> dict[str, Any]:
    """The same as a Python object, for `json.dumps`."""
    found: list[Any] = [{"metainfo": {"json_schema_version": SCHEMA_VERSION}}]
    for table in contents(ruleset):
        found.extend(_table(table, style or Style()))
    return {"nftables": found}


def _table(found: TableContents, style: Style) -> Iterator[dict[str, Any]]:
    table = found.table
    family = family_name(table.family)
    yield {"table": _table_itself(table)}
    for item in found.objects:
        head = _head(family, item)
        if item.comment is not None:
            head["comment"] = item.comment
        yield {item.noun: head | _attempt(stateful_object, item, style)}
    for view in found.sets.values():
        if not view.anonymous:
            yield {view.set.noun: _head(family, view.set) | _attempt(set_declaration, view, style)}
    for item in found.flowtables:
        yield {"flowtable": _head(family, item) | _attempt(flowtable, item, "")}
    for chain in found.chains:
        yield {"chain": _chain(family, chain, found.family)}
    for chain in found.chains:
        for rule in found.rules.get(chain.name or "", ()):
            yield {"rule": _rule(family, rule, found, style)}


def _head(family: str, item: Any) -> dict[str, Any]:
    return {"family": family, "name": item.name, "table": item.table, "handle": item.handle}


def _attempt(writer: Any, *arguments: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = writer(*arguments)[1]
    except Exception as error:
        # Outside of the vocabulary, or what no kernel sends.
        return {"debug": f"[ {type(error).__name__.lower()}: {error} ]"}
    return found


def _table_itself(table: Table) -> dict[str, Any]:
    json: dict[str, Any] = {"family": family_name(table.family), "name": table.name, "handle": table.handle}
    flags = int(table.flags or 0)
    names = [name for bit, name in _TABLE_FLAGS if flags & bit]
    if names:
        json["flags"] = names if len(names) > 1 else names[0]
    return json


def _chain(family: str, chain: Chain, number: int) -> dict[str, Any]:
    json: dict[str, Any] = {"family": family, "table": chain.table, "name": chain.name, "handle": chain.handle}
    hook = chain.hook
    if hook is None:
        return json
    json |= {"type": chain.type, "hook": hook_name(hook.hooknum or 0, number), "prio": hook.priority or 0}
    devices = chain_devices(chain)
    if devices:
        json["dev"] = devices if len(devices) > 1 else devices[0]
    if chain.policy is not None:
        json["policy"] = "drop" if chain.policy == Policy.DROP else "accept"
    return json


def _rule(family: str, rule: Rule, found: TableContents, style: Style) -> dict[str, Any]:
    json: dict[str, Any] = {"family": family, "table": rule.table, "chain": rule.chain, "handle": rule.handle}
    if rule.comment is not None:
        json["comment"] = rule.comment
    json["expr"] = [shown.json for shown in rule_statements(rule, found.sets, style)]
    return json
