"""Text of a rule: its statements, or its expressions in the debug form where one of them is outside the vocabulary.

Whoever adds statements of their own registers a function by `text_machine.writes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rawnl.errors import DecodeError
from rawnl.nft import text_action, text_load, text_match, text_nat
from rawnl.nft.text_debug import debug_statement
from rawnl.nft.text_machine import Machine, Style
from rawnl.nft.text_types import Shown, quoted

if TYPE_CHECKING:
    from rawnl.nft.objects import Rule
    from rawnl.nft.text_sets import SetView

VOCABULARY = (text_load, text_match, text_action, text_nat)
"""The modules that hold the vocabulary; importing them registers it."""


def rule_statements(
    rule: Rule, sets: Mapping[str, SetView], style: Style, blocks: Mapping[str, str] | None = None
) -> list[Shown]:
    """The statements of a rule; its expressions in the debug form where they cannot be told. Never raises.

    `blocks`: the text of chains that belong to a rule, which are written where the rule jumps to them.
    """
    try:
        expressions = rule.expressions or []
    except Exception:
        # Attributes that lie about their lengths.
        return [Shown("[ malformed ]", {"debug": "[ malformed ]"})]
    try:
        return Machine(int(rule.family or 0), sets, style, blocks).run(expressions)
    except Exception:
        # Outside of the vocabulary, or what no kernel sends: absent attributes, values of another size. Whatever it is,
        # the whole rule is written in the other form, so that nothing of it is lost or half told.
        return [debug_statement(expression) for expression in expressions]


def rule_text(rule: Rule, sets: Mapping[str, SetView], style: Style, blocks: Mapping[str, str] | None = None) -> str:
    """A rule as one line of nft's syntax. Never raises."""
    words = [shown.text for shown in rule_statements(rule, sets, style, blocks)]
    try:
        comment, handle = rule.comment, rule.handle
    except DecodeError:
        comment = handle = None
    if comment is not None:
        words.append(f"comment {quoted(comment)}")
    if style.handles and handle is not None:
        words.append(f"# handle {handle}")
    return " ".join(words)
