"""Where messages and attributes begin, in pure Python.

Strategy: decoding is lazy, so all that is needed up front is a table of offsets. The first pass walks the
message headers and checks every length, the second fills one row of the table per message. The C core does
the same, faster (`rawnl.kernel.scan`); this twin serves bytes captured anywhere, on machines without the
core, and is what the core is tested against: same tables, same errors. No length is believed before it was
compared with what remains.

    nlmsghdr          16 bytes                      attribute header   4 bytes
    +--------+------+-------+----------+-----+      +-----+------+-----------+-----+
    | length | type | flags | sequence | pid |      | len | type | payload … | pad |
    +--------+------+-------+----------+-----+      +-----+------+-----------+-----+
      u32      u16    u16     u32        u32          u16   u16

Sources: netlink(7), `<linux/netlink.h>`; of attributes that come twice the last counts, as in `nla_parse`.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from rawnl.errors import DecodeError

if TYPE_CHECKING:
    from typing_extensions import Buffer

MESSAGE_HEADER = struct.Struct("=IHHII")
ATTRIBUTE_HEADER = struct.Struct("=HH")
# Types below NLMSG_MIN_TYPE are netlink's own: noop, error and ack, done, overrun.
MIN_TYPE = 16
# NLA_TYPE_MASK: without the bits "nested" and "network byte order".
TYPE_MASK = 0x3FFF
# Offsets are kept as C's int32.
MAX_LENGTH = 2**31 - 1
# Attribute types have 14 bits: a wider row could never be filled.
MAX_WIDTH = TYPE_MASK + 1

# The numbers are `enum rn_fault` of the C core.
HEADER_CUT, MESSAGE_SHORT, MESSAGE_LONG, BODY_SHORT, ATTRIBUTE_SHORT, ATTRIBUTE_LONG = range(1, 7)
_SENTENCES = {
    HEADER_CUT: "{found} bytes remain where a message header takes {limit}",
    MESSAGE_SHORT: "a message says it is {found} bytes long, less than its own header of {limit}",
    MESSAGE_LONG: "a message says it is {found} bytes long where {limit} remain",
    BODY_SHORT: "a message has {found} bytes of body where its family header takes {limit}",
    ATTRIBUTE_SHORT: "an attribute says it is {found} bytes long, less than its own header of {limit}",
    ATTRIBUTE_LONG: "an attribute says it is {found} bytes long where {limit} remain",
}


class Scan(NamedTuple):
    """Where the messages and attributes in a buffer begin; every offset counts from the buffer's first byte.

    - `table`: `rows * width` offsets, one row after the other. `row[0]` is where the message's body begins,
      16 bytes after its header; `row[n]` where the payload of attribute type `n` begins, 0 where it is
      absent.
    - `rows`, `width`: the shape of the table.
    - `controls`: where netlink's own messages (type below 16: errors, acks, done) begin, headers included.
    - `flags`: the `nlmsg_flags` of all messages of the wanted sequence, ORed.
    - `stale`: how many messages of another sequence were passed over.
    """

    table: Sequence[int]
    rows: int
    width: int
    controls: list[int]
    flags: int
    stale: int


def fault(code: int, offset: int, found: int, limit: int) -> DecodeError:
    """The error for what a scan stumbled over, the same from both scans."""
    return DecodeError(_SENTENCES[code].format(found=found, limit=limit), offset=offset)


def check_range(length: int, start: int, end: int, header: int, width: int) -> None:
    """Refuse what no scan can work on.

    Raises: ValueError for a range outside the buffer or an impossible width or header length (bytes), and
    DecodeError when the range reaches beyond the 2 GiB that offsets can express.
    """
    if not 0 <= start <= end <= length:
        raise ValueError(f"bytes {start} to {end} are not a range within a buffer of {length} bytes")
    if not 1 <= width <= MAX_WIDTH:
        raise ValueError(f"a row must be 1 to {MAX_WIDTH} wide, not {width}")
    if not 0 <= header <= MAX_LENGTH:
        raise ValueError(f"a family header cannot be {header} bytes long")
    if end > MAX_LENGTH:
        raise DecodeError(f"a buffer of {end} bytes is too long to scan; take it in pieces", offset=MAX_LENGTH)


def scan(buffer: Buffer, start: int, end: int, sequence: int, header: int, width: int) -> Scan:
    """Find the messages in `buffer[start:end]` and the attributes in each.

    - `sequence`: messages of another sequence number are passed over and counted; 0 takes all.
    - `header`: length in bytes of the family header between message header and attributes (ifinfomsg: 16).
    - `width`: attribute types 1 to `width - 1` go into the table; 1 means that none is looked for.

    Raises: DecodeError, with the offset, when a length lies; ValueError for a range outside the buffer.

    >>> import struct
    >>> message = struct.pack("=IHHII4xHH4s", 28, 16, 0, 7, 0, 8, 2, b"data")
    >>> scan(message, 0, len(message), 7, 4, 4).table.tolist()
    [16, 0, 24, 0]
    """
    view = memoryview(buffer)
    check_range(view.nbytes, start, end, header, width)
    messages: list[tuple[int, int]] = []
    controls: list[int] = []
    flags = stale = 0
    unpack = MESSAGE_HEADER.unpack_from
    position = start
    while position < end:
        rest = end - position
        if rest < 16:
            raise fault(HEADER_CUT, position, rest, 16)
        length, kind, message_flags, message_sequence, _port = unpack(view, position)
        if not 16 <= length <= rest:
            _raise_length(position, length, rest)
        if sequence and message_sequence != sequence:
            stale += 1
        else:
            flags |= message_flags
            if kind < MIN_TYPE:
                controls.append(position)
            else:
                messages.append((position, length))
        position += (length + 3) & ~3
    return Scan(_fill(view, messages, header, width), len(messages), width, controls, flags, stale)


def attributes(buffer: Buffer, start: int, end: int, width: int) -> list[int]:
    """The row for one nest, whose attributes lie in `buffer[start:end]`: `width` offsets.

    The first is `start`, the one at `n` where the payload of attribute type `n` begins, 0 where it is absent.

    Raises: DecodeError, with the offset, when a length lies; ValueError for a range outside the buffer.

    >>> attributes(bytes.fromhex("0500030041000000"), 0, 8, 5)
    [0, 0, 0, 4, 0]
    """
    view = memoryview(buffer)
    check_range(view.nbytes, start, end, 0, width)
    row = [0] * width
    row[0] = start
    _attributes(view, start, end, row, 0, width)
    return row


def _raise_length(offset: int, length: int, rest: int) -> NoReturn:
    if length < 16:
        raise fault(MESSAGE_SHORT, offset, length, 16)
    raise fault(MESSAGE_LONG, offset, length, rest)


def _fill(view: memoryview, messages: list[tuple[int, int]], header: int, width: int) -> array[int]:
    table = array("i", bytes(4 * len(messages) * width))
    first = 16 + ((header + 3) & ~3)
    row = 0
    for position, length in messages:
        if length - 16 < header:
            raise fault(BODY_SHORT, position, length - 16, header)
        table[row] = position + 16
        if width > 1:
            _attributes(view, position + first, position + length, table, row, width)
        row += width
    return table


def _attributes(view: memoryview, position: int, end: int, table: list[int] | array[int], row: int, width: int) -> None:
    unpack = ATTRIBUTE_HEADER.unpack_from
    # Fewer than four bytes after the last attribute are padding, not a fault.
    last = end - 4
    while position <= last:
        length, kind = unpack(view, position)
        if length < 4:
            raise fault(ATTRIBUTE_SHORT, position, length, 4)
        if length > end - position:
            raise fault(ATTRIBUTE_LONG, position, length, end - position)
        kind &= TYPE_MASK
        if 0 < kind < width:
            table[row + kind] = position + 4
        position += (length + 3) & ~3
