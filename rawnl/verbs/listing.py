"""Listings in three forms: a list, a stream, columns.

Strategy: a listing is one or more dump requests, narrowed by the kernel where it can, by a predicate where it cannot.

- `list`: all rows as views over the received bytes; read again when it changed meanwhile.
- `stream`: the same, piece by piece in bounded memory, over a socket of its own, so that the connection may be used
  inside the loop. What changes while it runs is only known at its end: DumpInterrupted is raised then.
- `columns`: the chosen attributes of all rows at once, one list each, without an object per row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from rawnl.channel import DUMP_ATTEMPTS, NLM_F_DUMP_INTR, Channel
from rawnl.column import column
from rawnl.errors import DumpInterrupted
from rawnl.message import Message, views

M = TypeVar("M", bound=Message)

# The values of each chosen attribute, all lists of the same length.
Columns: TypeAlias = "dict[str, list[Any]]"


class Listing(Generic[M]):
    """A listing to be made in one of the three forms."""

    def __init__(
        self,
        channel: Channel,
        netns: int,
        cls: type[M],
        kind: int,
        requests: Sequence[Message],
        what: str,
        keep: Callable[[M], bool] | None = None,
    ) -> None:
        self._channel = channel
        self._netns = netns
        self._cls = cls
        self._kind = kind
        self._requests = requests
        self._what = what
        self._keep = keep

    def list(self) -> list[M]:
        """All rows."""
        found: list[M] = []
        for request in self._requests:
            try:
                found += self._channel.dump(request, self._kind, self._cls, what=self._what)
            except FileNotFoundError:
                continue  # A family that has no such table has no such rows.
        keep = self._keep
        return found if keep is None else [row for row in found if keep(row)]

    def stream(self) -> Iterator[M]:
        """Row after row. Raises DumpInterrupted at the end when something changed meanwhile."""
        keep = self._keep
        channel = Channel(
            self._channel.protocol, self._netns, origin=self._channel.origin, timeout=self._channel.timeout
        )
        interrupted = False
        try:
            for request in self._requests:
                try:
                    for buffer, scan in channel.chunks(request, self._kind, self._cls, what=self._what):
                        interrupted |= bool(scan.flags & NLM_F_DUMP_INTR)
                        for row in views(self._cls, buffer, scan, channel.origin):
                            if keep is None or keep(row):
                                yield row
                except FileNotFoundError:
                    continue
        finally:
            channel.close()
        if interrupted:
            raise DumpInterrupted(4, request=self._what, message="The listing changed while it was streamed")

    def columns(self, names: Sequence[str]) -> Columns:
        """One list a name, all of the same length."""
        for name in names:
            if not isinstance(getattr(self._cls, name, None), property):
                self._cls._check_keywords([name])
                raise TypeError(f"{self._cls.__name__} has no attribute {name!r}")
        if self._keep is not None:
            rows = self.list()
            return {name: [getattr(row, name) for row in rows] for name in names}
        found: Columns = {name: [] for name in names}
        for request in self._requests:
            try:
                part = self._part(request, names)
            except FileNotFoundError:
                continue
            for name in names:
                found[name] += part[name]
        return found

    def _part(self, request: Message, names: Sequence[str]) -> Columns:
        for _ in range(DUMP_ATTEMPTS):
            found: Columns = {name: [] for name in names}
            interrupted = False
            for buffer, scan in self._channel.chunks(request, self._kind, self._cls, what=self._what):
                interrupted |= bool(scan.flags & NLM_F_DUMP_INTR)
                for name in names:
                    found[name] += column(self._cls, name, buffer, scan)
            if not interrupted:
                return found
        raise DumpInterrupted(
            4, request=self._what, message=f"The listing changed while it was read, {DUMP_ATTEMPTS} times"
        )
