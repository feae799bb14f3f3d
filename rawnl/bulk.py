"""Windows: many requests, one send, every failure told apart.

Strategy: messages are gathered until a window is full, sent as one datagram with an ack asked of the last, and the
refusals that come back are matched to their items by sequence number. A window is small enough that even if each of its
items fails the answers fit a receive buffer of default size, so none is ever lost; larger ones gained nothing (for
routes, whose kernel part is the smallest, 138, 500 and 2,000 messages a window took the same time within the noise).
Memory is bounded by the window, however long the load.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Literal, TypeAlias

from rawnl.channel import NLM_F_REQUEST, Channel
from rawnl.errors import BatchError, EncodeError, KernelError
from rawnl.message import Message, message_bytes
from rawnl.proto import failure

OnError: TypeAlias = 'Literal["stop", "continue", "rollback"]'
Pack: TypeAlias = "Callable[..., bytes]"
Progress: TypeAlias = "Callable[[int], object]"

_ENVELOPE = struct.Struct("=IHHII")
_POLICIES = ("stop", "continue", "rollback")


def checked_policy(on_error: str) -> str:
    """One of "stop", "continue", "rollback"; ValueError otherwise."""
    if on_error not in _POLICIES:
        raise ValueError(f"on_error is one of {', '.join(_POLICIES)}, not {on_error!r}")
    return on_error


class Window:
    """Requests that wait for their send, and the failures of those that were sent.

    `failures` holds (number, label, error); `answered`: whether the last window was answered to its end, so that what
    did not fail is known to be done.
    """

    __slots__ = ("_bytes", "_channel", "_items", "_rows", "_size", "answered", "failures", "sent")

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._items = channel.window_items
        self._size = channel.window_bytes
        self._rows: list[tuple[Pack, tuple[Any, ...], int, type[Message], str]] = []
        self._bytes = 0
        self.answered = False
        self.failures: list[tuple[int, str, KernelError]] = []
        self.sent = 0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def full(self) -> bool:
        """Whether it is time to send."""
        return len(self._rows) >= self._items or self._bytes >= self._size

    def add(
        self, pack: Pack, values: tuple[Any, ...], number: int, cls: type[Message], what: str, size: int = 64
    ) -> None:
        """Put a request in: `pack(sequence, *values)` gives the message, of about `size` bytes."""
        self._rows.append((pack, values, number, cls, what))
        self._bytes += size

    def send(self) -> int:
        """Send what waits, and return how many requests were refused.

        Ctrl-C is raised once the answers were seen to, so that `failures` and `answered` tell the truth then too.
        """
        rows = self._rows
        if not rows:
            return 0
        self._rows, self._bytes = [], 0
        self.answered = False
        first = self._channel.sequences(len(rows))
        messages = [row[0](sequence, *row[1]) for sequence, row in enumerate(rows, first)]
        refused, answered, interruption = self._channel.window(messages, first)
        self.sent += len(rows)
        self.answered = answered
        for position, answer in sorted(refused.items()):
            _, _, number, cls, what = rows[position]
            noun = _noun(cls, number)
            self.failures.append((number, noun, failure(answer, what, messages[position], cls, noun)))
        if interruption is not None:
            raise interruption
        return len(refused)


def packed(sequence: int, kind: int, flags: int, body: bytes) -> bytes:
    """A message of its own among others, the sequence number first, as windows want it."""
    return message_bytes(kind, flags, sequence, body)


def _noun(cls: type[Message], number: int) -> str:
    """`links[37]`: how an item is called in an error."""
    name = cls.__name__.lower()
    # The verbs' own names: links, addresses, routes, neighbours, rules.
    return f"{name}{'es' if name.endswith('s') else 's'}[{number}]"


def load(
    channel: Channel,
    pack: Pack,
    items: Iterable[Any],
    cls: type[Message],
    what: str,
    *,
    size: int,
    on_error: OnError = "stop",
    undo: Callable[[Channel, list[bytes]], None] | None = None,
    progress: Progress | None = None,
) -> int:
    """Stream uniform requests: `pack(sequence, item)` for each item. Returns how many were sent.

    `on_error`: "stop" ends after the first window with a failure (what that window held beside it is done), "continue"
    goes on to the end; both then raise BatchError. "rollback" takes back all that was done, by `undo`, also when
    anything else breaks off the load, an error in `items` or Ctrl-C; it keeps the messages in memory until the end.
    """
    checked_policy(on_error)
    at_once = min(channel.window_items, max(1, channel.window_bytes // max(size, 1)))
    rest = iter(items)
    done: list[bytes] = []
    failures: list[tuple[int, KernelError]] = []
    total = 0
    try:
        while part := list(islice(rest, at_once)):
            first = channel.sequences(len(part))
            try:
                messages = [pack(sequence, item) for sequence, item in enumerate(part, first)]
            except EncodeError:
                raise _numbered(pack, part, cls, total) from None
            refused, answered, interruption = channel.window(messages, first)
            for position, answer in sorted(refused.items()):
                number = total + position
                error = failure(answer, what, messages[position], cls, _noun(cls, number))
                failures.append((number, error))
            # Only what is known to be done is ever taken back: what was refused may be a stranger's.
            if on_error == "rollback" and answered:
                done += [message for position, message in enumerate(messages) if position not in refused]
            total += len(messages)
            if interruption is not None:
                raise interruption
            if progress is not None:
                progress(total)
            if failures and on_error != "continue":
                break
        if failures:
            raise BatchError(failures, total)
    except BaseException:
        if on_error == "rollback" and undo is not None and done:
            undo(channel, done)
        raise
    return total


def _numbered(pack: Pack, part: list[Any], cls: type[Message], total: int) -> EncodeError:
    """The error of the first item that cannot be packed, with its number; looked for only once there is one."""
    for number, item in enumerate(part, total):
        try:
            pack(1, item)
        except EncodeError as error:
            return error.within(_noun(cls, number))
    return EncodeError("an item cannot be encoded", attribute=_noun(cls, total))


def undo_by_deleting(channel: Channel, messages: list[bytes]) -> None:
    """Send each message again, last first, as the deletion that goes with it (RTM_NEW… + 1); absence is no error.

    Raises BatchError with what could not be taken back.
    """
    failures: list[tuple[int, KernelError]] = []
    interruption: BaseException | None = None
    messages = messages[::-1]
    for start in range(0, len(messages), channel.window_items):
        part = messages[start : start + channel.window_items]
        first = channel.sequences(len(part))
        deletions = [_deletion(message, sequence) for sequence, message in enumerate(part, first)]
        refused, _, broken_in = channel.window(deletions, first)
        interruption = interruption or broken_in
        for position, answer in refused.items():
            error = failure(answer, "take back a request")
            if not isinstance(error, FileNotFoundError):
                failures.append((len(messages) - 1 - start - position, error))
    if interruption is not None:
        raise interruption
    if failures:
        raise BatchError(failures, len(messages))


def _deletion(message: bytes, sequence: int) -> bytes:
    length, kind, _, _, port = _ENVELOPE.unpack_from(message)
    return _ENVELOPE.pack(length, kind + 1, NLM_F_REQUEST, sequence, port) + message[16:]
