"""The netlink dialogue without I/O: what an answer means.

Strategy: every request carries a sequence number; everything that comes back with that number belongs to it, and
netlink's own messages (type below 16, `control.py`) say how it went. This file tells what they mean; it sends and
receives nothing, so it works the same on captured bytes.

The extended ack (`<linux/netlink.h>`, NLMSGERR_ATTR_…) holds the kernel's own sentence and the byte offset of the
attribute at fault, counted from the start of the request; `failure` turns that into a dotted path.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from rawnl.control import NLMSG_DONE, NLMSG_ERROR, ExtendedAck, answer_parts, extended_ack
from rawnl.errors import KernelError
from rawnl.message import Message
from rawnl.nest import path_at

__all__ = ["NLMSG_DONE", "NLMSG_ERROR", "Control", "ExtendedAck", "control", "failure", "next_sequence"]

_header_at = struct.Struct("=IHHII").unpack_from


class Control(NamedTuple):
    """One of netlink's own messages. `errno` is positive, and 0 for an ack or a dump that ended well."""

    kind: int
    sequence: int
    errno: int
    extended: ExtendedAck | None


def control(buffer: Any, offset: int) -> Control:
    """The control message at `offset`. DecodeError where it is cut short."""
    _, kind, _, sequence, _ = _header_at(buffer, offset)
    if kind not in (NLMSG_ERROR, NLMSG_DONE):
        return Control(kind, sequence, 0, None)
    parts = answer_parts(buffer, offset)
    return Control(kind, sequence, max(0, -parts.error), extended_ack(buffer, parts))


def failure(
    answer: Control, what: str = "", request: bytes = b"", cls: type[Message] | None = None, item: str = ""
) -> KernelError:
    """The error for a refused request; `request` are its bytes and `cls` their class, to name the attribute by."""
    message = attribute = ""
    extended = answer.extended
    if extended is not None:
        message = extended.msg or ""
        if cls is not None and request:
            missing = extended.miss_type
            offset = extended.miss_nest if missing is not None else extended.offs
            if missing is not None or offset is not None:
                attribute = path_at(cls, request, 16, len(request), offset or 0, missing)
    if item:
        attribute = f"{item}.{attribute}" if attribute else item
    return KernelError.of(answer.errno, message=message, attribute=attribute, request=what)


def next_sequence(sequence: int) -> int:
    """The number after `sequence`; 32 bits, and never 0, which stands for the kernel's own notifications."""
    return sequence % 0xFFFFFFFF + 1
