"""A ruleset in nft's own syntax, as `nft list ruleset` prints it and `nft -f` reads it.

    >>> print(rawnl.open().nft.ruleset())       # doctest: +SKIP
    table ip nat {
        chain postrouting {
                type nat hook postrouting priority srcnat; policy accept;
                ip saddr 192.168.100.0/24 masquerade
        }
    }

Strategy: what a rule's expressions mean is told by a symbolic machine (`text_machine`), which makes each statement in
two forms, text and JSON; here the text is laid out. A rule with an expression outside of the vocabulary is written
whole in the debug form (`text_debug`): `nft -f` refuses that as a syntax error, so that nothing is ever lost silently.

Source: nft(8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rawnl.errors import DecodeError
from rawnl.nft.header import family_name
from rawnl.nft.objects import Chain, ChainFlags, Policy, Rule, Table, TableFlags
from rawnl.nft.text_contents import TableContents, contents, hook_name, priority_name, read_back, sets_of
from rawnl.nft.text_machine import LOOPBACK_INDEX, Style
from rawnl.nft.text_objects import flowtable, set_declaration, stateful_object
from rawnl.nft.text_rule import rule_text
from rawnl.nft.text_types import quoted

if TYPE_CHECKING:
    from rawnl.nft.reader import Ruleset

_TABLE_FLAGS = ((TableFlags.DORMANT, "dormant"), (TableFlags.OWNER, "owner"), (TableFlags.PERSIST, "persist"))


def style(handles: bool = False, stateless: bool = False, interfaces: Mapping[int, str] | None = None) -> Style:
    """How to write; `interfaces` are the names of links by index, "lo" among them unless it says otherwise."""
    return Style(handles, stateless, {LOOPBACK_INDEX: "lo", **(interfaces or {})})


def rule_line(rule: Rule, ruleset: Ruleset | None = None, how: Style | None = None) -> str:
    """A rule as one line, or in the debug form where it cannot be told. Never raises.

    `ruleset`: where the sets are that the rule refers to; a rule with sets cannot be told without it.

    >>> from rawnl.nft.expr_nat import Masquerade
    >>> rule_line(Rule(family="ip", expressions=[Masquerade(flags="proto_random")], comment="out"))
    'masquerade random comment "out"'
    """
    rule = read_back(rule)
    try:
        sets = {} if ruleset is None else sets_of(ruleset, rule.family, rule.table)
    except DecodeError:
        # It is the rule that is damaged, and says of no table.
        sets = {}
    return rule_text(rule, sets, how or Style())


def ruleset_text(ruleset: Ruleset, style: Style | None = None) -> str:
    """A whole ruleset."""
    return "".join(table_text(found, style or Style()) for found in contents(ruleset))


def table_text(found: TableContents, style: Style) -> str:
    """One table with all that is in it."""
    table = found.table
    line = f"table {family_name(table.family)} {table.name}"
    head = list(_table_head(table))
    blocks: list[str] = []
    for item in found.objects:
        blocks.append(_block(item.noun, item, style, _object_lines(item, style)))
    for view in found.sets.values():
        if not view.anonymous:
            blocks.append(_block(view.set.noun, view.set, style, _attempt(set_declaration, view, style)))
    for item in found.flowtables:
        priority = (item.hook.priority if item.hook else 0) or 0
        inside = _attempt(flowtable, item, priority_name(priority, found.family, "ingress"))
        blocks.append(_block("flowtable", item, style, inside))
    bound = _bound_chains(found, style)
    for chain in found.chains:
        if (chain.name or "") in bound:
            continue
        rules = [rule_text(rule, found.sets, style, bound) for rule in found.rules.get(chain.name or "", ())]
        blocks.append(_block("chain", chain, style, [*chain_head(chain, found.family), *rules]))
    # nft leaves a line empty after the table's flags, but not after its comment.
    opening = f"{line} {{{_handle(table, style)}\n" + "".join(f"\t{line}\n" for line in head)
    gap = "\n" if blocks and table.flags else ""
    return opening + gap + "\n\n".join(blocks) + ("\n" if blocks else "") + "}\n"


def _bound_chains(found: TableContents, style: Style) -> dict[str, str]:
    """The text of the chains that belong to a rule each, by the names that the kernel gave them."""
    bound: dict[str, str] = {}
    # One that is within another was made before it.
    for chain in found.chains:
        if int(chain.flags or 0) & ChainFlags.BINDING and chain.name is not None:
            rules = [rule_text(rule, found.sets, style, bound) for rule in found.rules.get(chain.name, ())]
            inside = "".join("\t\t\t" + rule.replace("\n", "\n\t") + "\n" for rule in rules)
            bound[chain.name] = f"{{\n{inside}\t\t}}"
    return bound


def _handle(item: Any, style: Style) -> str:
    return f" # handle {item.handle}" if style.handles and item.handle is not None else ""


def _block(noun: str, item: Any, style: Style, lines: list[str]) -> str:
    inside = "".join(f"\t\t{line}\n" for line in lines)
    return f"\t{noun} {item.name} {{{_handle(item, style)}\n{inside}\t}}"


def _attempt(writer: Any, *arguments: Any) -> list[str]:
    """The lines of a declaration; one line that nft refuses where there is no text for it."""
    try:
        lines: list[str] = writer(*arguments)[0]
    except Exception as error:
        # Outside of the vocabulary, or what no kernel sends.
        return [f"[ {type(error).__name__.lower()}: {error} ]"]
    return lines


def _object_lines(item: Any, style: Style) -> list[str]:
    comment = item.comment
    head = [] if comment is None else [f"comment {quoted(comment)}"]
    return head + _attempt(stateful_object, item, style)


def _table_head(table: Table) -> Iterator[str]:
    flags = int(table.flags or 0)
    names = [name for bit, name in _TABLE_FLAGS if flags & bit]
    if names:
        yield f"flags {','.join(names)}"
    if table.comment is not None:
        yield f"comment {quoted(table.comment)}"


def chain_devices(chain: Chain) -> list[str]:
    """The interfaces of a chain."""
    hook = chain.hook
    if hook is None:
        return []
    if hook.devs is not None:
        names = hook.devs.name
        return [str(names)] if isinstance(names, str) else [str(name) for name in names or ()]
    return [str(hook.dev)] if hook.dev is not None else []


def chain_head(chain: Chain, family: int) -> Iterator[str]:
    """What stands in a chain before its rules."""
    if chain.comment is not None:
        yield f"comment {quoted(chain.comment)}"
    hook = chain.hook
    if hook is None:
        return
    name = hook_name(hook.hooknum or 0, family)
    devices = chain_devices(chain)
    where = ""
    if len(devices) == 1:
        where = f" device {quoted(devices[0])}"
    elif devices:
        where = f" devices = {{ {', '.join(quoted(device) for device in devices)} }}"
    priority = priority_name(hook.priority or 0, family, name)
    policy = "" if chain.policy is None else f" policy {'drop' if chain.policy == Policy.DROP else 'accept'};"
    yield f"type {chain.type} hook {name}{where} priority {priority};{policy}"
    if int(chain.flags or 0) & ChainFlags.HW_OFFLOAD:
        yield "flags offload"
