"""Text of verdicts. Source: nft(8), "Verdict statement"."""

from __future__ import annotations

from typing import Any

from rawnl.nft.expr import Verdict, VerdictCode
from rawnl.nft.text_types import Shown

_PLAIN = {
    VerdictCode.ACCEPT: "accept",
    VerdictCode.DROP: "drop",
    VerdictCode.CONTINUE: "continue",
    VerdictCode.RETURN: "return",
    VerdictCode.BREAK: "break",
    VerdictCode.STOLEN: "stolen",
    VerdictCode.QUEUE: "queue",
    VerdictCode.REPEAT: "repeat",
}
_TARGETED = {VerdictCode.JUMP: "jump", VerdictCode.GOTO: "goto"}


def verdict(given: Verdict) -> Shown:
    """A verdict in both forms: `jump web`."""
    code: Any = given.code
    if code in _TARGETED:
        word, chain = _TARGETED[code], given.chain or ""
        return Shown(f"{word} {chain}", {word: {"target": chain}})
    word = _PLAIN.get(code, str(code))
    return Shown(word, {word: None})
