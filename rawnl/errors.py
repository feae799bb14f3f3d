"""The errors that rawnl raises.

Strategy: few types, and each is also the builtin that people already catch. What the kernel refuses is a
`KernelError` (an `OSError`) of the subclass that fits its errno, so `except FileExistsError` works as it does
for a file. What can be told before anything is sent is an `EncodeError` (a `ValueError`). Bytes that make no
sense are a `DecodeError` (a `ValueError`). Each says what was asked, which attribute was at fault, and what to do.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from errno import EAGAIN, EDEADLK, EOPNOTSUPP, errorcode


class RawnlError(Exception):
    """The base of every error that rawnl raises on its own account."""


class EncodeError(RawnlError, ValueError):
    """A value that cannot be put on the wire; nothing was sent.

    `attribute` is the dotted path of the value at fault (`"linkinfo.data.peer.name"`), `reason` the sentence
    without it.

    >>> from rawnl.route.link import Link
    >>> Link(name="far too long a name").encode()
    Traceback (most recent call last):
    ...
    rawnl.errors.EncodeError: name: 'far too long a name' has 19 bytes; an interface name has at most 15
    """

    def __init__(self, reason: str, *, attribute: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.attribute = attribute

    def within(self, outer: str) -> EncodeError:
        """The same error, its path seen from one nest further out."""
        inner = self.attribute
        self.attribute = outer + inner if inner.startswith("[") else f"{outer}.{inner}" if inner else outer
        return self

    def __str__(self) -> str:
        return f"{self.attribute}: {self.reason}" if self.attribute else self.reason


class DecodeError(RawnlError, ValueError):
    """Bytes that are not what they say they are; `offset` counts from the start of the buffer, in bytes."""

    def __init__(self, reason: str, *, offset: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset

    def __str__(self) -> str:
        return self.reason if self.offset is None else f"{self.reason} (at byte {self.offset})"


class KernelError(RawnlError, OSError):
    """The kernel refused a request.

    - `errno`: the number, as in `<errno.h>`; `strerror` its usual text.
    - `message`: the kernel's own sentence (netlink extended ack, NLMSGERR_ATTR_MSG), or "".
    - `attribute`: the dotted path of the attribute it points at (NLMSGERR_ATTR_OFFS or NLMSGERR_ATTR_MISS_TYPE), or "".
    - `request`: what was asked, in words.
    - `hint`: what to do about it, or "".

    Made by `KernelError.of`, which picks the subclass that is also the builtin: EEXIST is a `FileExistsError`,
    EPERM and EACCES a `PermissionError`, ENODEV, ENOENT, ENXIO, EADDRNOTAVAIL and ESRCH a `FileNotFoundError`.
    """

    def __init__(
        self, errno: int, *, message: str = "", attribute: str = "", request: str = "", hint: str = ""
    ) -> None:
        super().__init__(errno, os.strerror(errno))
        self.message = message
        self.attribute = attribute
        self.request = request
        self.hint = hint

    @classmethod
    def of(
        cls, errno: int, *, message: str = "", attribute: str = "", request: str = "", hint: str = ""
    ) -> KernelError:
        """The error for `errno`, of the subclass that is also the builtin people catch."""
        chosen = _BY_ERRNO.get(errno, cls)
        return chosen(errno, message=message, attribute=attribute, request=request, hint=hint or _HINTS.get(errno, ""))

    def __str__(self) -> str:
        number = self.errno or 0
        text = self.message.rstrip(".") or self.strerror
        parts = [f"{self.request}: " if self.request else "", f"{text} ({_ERRNO_NAMES.get(number, number)})"]
        if self.attribute:
            parts.append(f", at {self.attribute}")
        if self.hint:
            parts.append(f"; {self.hint}")
        return "".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        state = {key: getattr(self, key) for key in ("message", "attribute", "request", "hint")}
        return _rebuild, (type(self), self.errno, state)


def _rebuild(cls: type[KernelError], errno: int, state: dict[str, str]) -> KernelError:
    return cls(errno, **state)


class AlreadyExists(KernelError, FileExistsError):
    """EEXIST: there is one already."""


class NotFound(KernelError, FileNotFoundError, ProcessLookupError):
    """ENODEV, ENOENT, ENXIO, ESRCH, EADDRNOTAVAIL: no such link, route, address, table, namespace."""


class NotPermitted(KernelError, PermissionError):
    """EPERM, EACCES: the privilege is missing."""


class TimedOut(KernelError, TimeoutError):
    """ETIMEDOUT: no answer within the deadline. What was asked may or may not have been done."""


class OutcomeUnknown(KernelError):
    """ENOBUFS on receiving: the kernel did the work and its answer was lost.

    Neither a failure nor a success: read back what was asked for.
    """


class DumpInterrupted(KernelError):
    """A listing changed while it was read (NLM_F_DUMP_INTR), more often than it was tried again.

    A partial result is never returned as if it were whole.
    """


class ConnectionClosed(RawnlError, ValueError):
    """A connection or namespace was used after `close()`, or in a child process made by fork."""


class BatchError(RawnlError):
    """Some requests of a batch failed. `failures` holds (index of the request, its `KernelError`) by item."""

    def __init__(self, failures: Sequence[tuple[int, KernelError]], total: int) -> None:
        self.failures = list(failures)
        self.total = total
        first = "; ".join(str(error) if error.attribute else f"[{index}] {error}" for index, error in self.failures[:3])
        more = f"; and {len(self.failures) - 3} more" if len(self.failures) > 3 else ""
        super().__init__(f"{len(self.failures)} of {total} requests failed: {first}{more}")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.failures, self.total)


# Where one number has two names, netlink's documentation uses these.
_ERRNO_NAMES = {**errorcode, EOPNOTSUPP: "EOPNOTSUPP", EAGAIN: "EAGAIN", EDEADLK: "EDEADLK"}

_BY_ERRNO: dict[int, type[KernelError]] = {}
for _class, _names in (
    (AlreadyExists, ("EEXIST",)),
    (NotFound, ("ENODEV", "ENOENT", "ENXIO", "ESRCH", "EADDRNOTAVAIL")),
    (NotPermitted, ("EPERM", "EACCES")),
    (TimedOut, ("ETIMEDOUT",)),
):
    for _number, _name in errorcode.items():
        if _name in _names:
            _BY_ERRNO[_number] = _class

_NO_PRIVILEGE = "this needs CAP_NET_ADMIN over the namespace: run as root, or in namespaces of your own (unshare -Urn)"
_HINTS = {1: _NO_PRIVILEGE, 13: _NO_PRIVILEGE}
