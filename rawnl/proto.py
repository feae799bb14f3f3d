"""The netlink dialogue without I/O: what an answer means.

Strategy: every request carries a sequence number; everything that comes back with that number belongs to it, and
netlink's own messages (type below 16) say how it went. This file reads those messages; it sends and receives nothing,
so it works the same on captured bytes.

    NLMSG_ERROR   | nlmsghdr | error (32) | nlmsghdr of the request | its payload, unless capped | extended ack … |
    NLMSG_DONE    | nlmsghdr | error (32) | extended ack … |

The extended ack (`<linux/netlink.h>`, NLMSGERR_ATTR_…) holds the kernel's own sentence and the byte offset of the
attribute at fault, counted from the start of the request; `failure` turns that into a dotted path.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from rawnl.attribute import binary, string, u32
from rawnl.errors import DecodeError, KernelError
from rawnl.message import Message
from rawnl.nest import path_at
from rawnl.wire import Attrs

NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE, NLMSG_OVERRUN = 1, 2, 3, 4
NLM_F_CAPPED = 0x100
NLM_F_ACK_TLVS = 0x200

_header_at = struct.Struct("=IHHII").unpack_from
_error_at = struct.Struct("=i").unpack_from
_length_at = struct.Struct("=I").unpack_from


class ExtendedAck(Attrs, prefix="NLMSGERR_ATTR_", uapi="linux/netlink.h"):
    """What the kernel adds to an error or ack; `offs` and `miss_nest` are byte offsets into the request."""

    __slots__ = ()

    msg: str | None = string(1)
    offs: int | None = u32(2)
    cookie: bytes | None = binary(3)
    policy: bytes | None = binary(4)
    miss_type: int | None = u32(5)
    miss_nest: int | None = u32(6)


class Control(NamedTuple):
    """One of netlink's own messages. `errno` is positive, and 0 for an ack or a dump that ended well."""

    kind: int
    sequence: int
    errno: int
    extended: ExtendedAck | None


def control(buffer: Any, offset: int) -> Control:
    """The control message at `offset`. DecodeError where it is cut short."""
    length, kind, flags, sequence, _ = _header_at(buffer, offset)
    end = offset + length
    if kind not in (NLMSG_ERROR, NLMSG_DONE):
        return Control(kind, sequence, 0, None)
    if length < 20:
        # A dump may end in a DONE without an error number in very old kernels; an error cannot.
        if kind == NLMSG_DONE:
            return Control(kind, sequence, 0, None)
        raise DecodeError(f"an error message has {length} bytes where 36 are the least", offset=offset)
    error = _error_at(buffer, offset + 16)[0]
    start = offset + 20
    if kind == NLMSG_ERROR:
        if length < 36:
            raise DecodeError(f"an error message has {length} bytes where 36 are the least", offset=offset)
        # An ack never brings the request's payload back, an error does unless NETLINK_CAP_ACK is on.
        whole = error != 0 and not flags & NLM_F_CAPPED
        start += max(16, (_length_at(buffer, start)[0] + 3) & ~3) if whole else 16
    extended = None
    if flags & NLM_F_ACK_TLVS and start < end:
        extended = ExtendedAck._view(buffer, start, end)
    return Control(kind, sequence, -error if error < 0 else 0, extended)


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
