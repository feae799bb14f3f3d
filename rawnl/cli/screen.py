"""What the subcommands share in writing to a terminal: colour where it is wanted, signs, times, aligned columns.

Strategy: colour only on a terminal, never with NO_COLOR (no-color.org) or TERM=dumb; signs beyond ASCII only where the
output's encoding has them. All of it is decided once, when a `Screen` is made.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TextIO

# SGR parameters, ECMA-48.
_STYLES = {"strong": "1", "faint": "2", "good": "32", "bad": "1;31", "quoted": "36"}
_SIGNS = {"tick": ("✓", "+"), "cross": ("✗", "x"), "rule": ("─", "-"), "arrow": ("→", "->")}


class Screen:
    """Where text goes, and what may be used on it."""

    def __init__(self, stream: TextIO, *, plain: bool = False) -> None:
        """`plain`: no colour in any case."""
        self.stream = stream
        terminal = stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
        self.colour = terminal and not plain
        self._ascii = not _can_write(stream, "".join(sign for sign, _ in _SIGNS.values()))

    def write(self, text: str = "") -> None:
        """A line."""
        if self._ascii:
            text = text.encode("ascii", "replace").decode("ascii")
        print(text, file=self.stream, flush=True)

    def paint(self, style: str, text: str) -> str:
        """`text` in a style: strong, faint, good, bad, quoted."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour else text

    def sign(self, name: str) -> str:
        """A sign: tick, cross, rule, arrow."""
        return _SIGNS[name][self._ascii]


def duration(seconds: float) -> str:
    """Seconds in seven characters or fewer.

    >>> [duration(s) for s in (0.0000421, 0.00123, 0.0456, 0.304, 1.5, 75)]
    ['0.04 ms', '1.23 ms', '45.6 ms', '304 ms', '1.50 s', '75.0 s']
    """
    value, unit = (seconds, "s") if seconds >= 0.9995 else (seconds * 1000, "ms")
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} {unit}"


def columns(rows: Iterable[Sequence[object]], *, right: Iterable[int] = ()) -> list[str]:
    """Rows as lines with aligned columns, two blanks between them; those of `right` to the right, empty ones left out.

    >>> columns([(1, "lo", "", "up"), (12, "veth-blue", "", "")], right=[0])
    [' 1  lo         up', '12  veth-blue']
    """
    table = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    flush_right = set(right)
    lines = []
    for row in table:
        cells = (
            cell.rjust(width) if number in flush_right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
            if width
        )
        lines.append("  ".join(cells).rstrip())
    return lines


def _can_write(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
