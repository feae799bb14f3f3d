"""How far a run has come: a bar on a terminal (tqdm where it is installed, a plain line otherwise), else lines.

Strategy: works that share a sandbox run in a child, which draws its own copy of the bar; afterwards the parent catches
up. So nothing here starts a thread.
"""

from __future__ import annotations

import sys
import time
from typing import Any


def _bar(total: int) -> Any:
    try:
        import tqdm
    except ImportError:
        return None
    tqdm.tqdm.monitor_interval = 0
    return tqdm.tqdm(total=total, file=sys.stderr, unit="run", dynamic_ncols=True)


class Progress:
    """Counts steps out of `total` on stderr."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._began = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._bar = _bar(total) if self._terminal else None

    def step(self, label: str) -> None:
        """Another step begins."""
        if self._bar is not None:
            self._bar.set_description_str(label, refresh=False)
            self._bar.n = self._done
            self._bar.refresh()
        elif self._terminal:
            seconds = time.monotonic() - self._began
            rest = seconds / self._done * (self._total - self._done) if self._done else 0
            line = f"[{self._done}/{self._total}] {label}  ({_clock(seconds)} gone, about {_clock(rest)} to go)"
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        else:
            print(f"[{self._done + 1}/{self._total}] {label}", file=sys.stderr, flush=True)
        self._done += 1

    def catch_up(self, steps: int) -> None:
        """So many steps were shown by a child process."""
        self._done += steps

    def close(self) -> None:
        """Clear the line."""
        if self._bar is not None:
            self._bar.close()
        elif self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
