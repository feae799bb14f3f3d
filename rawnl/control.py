"""Netlink's own messages: errors and acks, the end of a listing; and those whose bytes are all that is known.

    NLMSG_ERROR   | nlmsghdr | error (32) | nlmsghdr of the request | its payload, unless capped | extended ack … |
    NLMSG_DONE    | nlmsghdr | error (32) | extended ack … |

Strategy: these bodies are no plain lists of attributes, since flags of the envelope tell what follows (NLM_F_CAPPED:
the payload is left out; NLM_F_ACK_TLVS: an extended ack stands at the end). `answer_parts` is the one place that
knows where each part lies; `proto.py`, which must be quick, and the classes here, which must be complete, both ask it.

Source: `<linux/netlink.h>`, netlink(7).
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from rawnl.attribute import binary, string, u32
from rawnl.errors import DecodeError, EncodeError
from rawnl.message import Message
from rawnl.wire import Attrs, field, no_bytes

if TYPE_CHECKING:
    from typing_extensions import Self

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


class AnswerParts(NamedTuple):
    """Where the parts of a control message lie, as offsets into its buffer; `error` is as it came, mostly negative."""

    error: int
    payload: int
    extended: int
    end: int


def answer_parts(buffer: Any, offset: int, kind: int | None = None) -> AnswerParts:
    """The parts of the NLMSG_ERROR or NLMSG_DONE whose nlmsghdr begins at byte `offset` and which is whole.

    `kind` is which of the two it is taken for; by default what its header says.
    Raises: DecodeError where it is too short for that.
    """
    length, found, flags, _, _ = _header_at(buffer, offset)
    is_error = (found if kind is None else kind) == NLMSG_ERROR
    end = offset + length
    if length < 20 and not is_error:
        # A dump may end in a DONE without an error number in very old kernels; an error cannot.
        return AnswerParts(0, end, end, end)
    if length < 36 and is_error:
        raise DecodeError(f"an error message has {length} bytes where 36 are the least", offset=offset)
    error = _error_at(buffer, offset + 16)[0]
    payload = offset + (36 if is_error else 20)
    extended = end
    if flags & NLM_F_ACK_TLVS:
        extended = payload
        # An ack never brings the request's payload back, an error does unless NETLINK_CAP_ACK is on.
        if is_error and error and not flags & NLM_F_CAPPED:
            extended += max(0, (_length_at(buffer, offset + 20)[0] - 16 + 3) & ~3)
    return AnswerParts(error, payload, min(extended, end), end)


def extended_ack(buffer: Any, parts: AnswerParts) -> ExtendedAck | None:
    """The extended ack among the parts, if there is one. DecodeError where it makes no sense."""
    if parts.extended >= parts.end:
        return None
    return ExtendedAck._parse(bytes(buffer[parts.extended : parts.end]))


class UnknownMessage(Message, protocol="control"):
    """A message of a type that nobody declared, or too short for its declaration: its bytes are kept.

    >>> UnknownMessage(nlmsg_type=99, payload=b"data").encode().hex()
    '1400000063000000000000000000000064617461'
    """

    __slots__ = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._encoders["payload"] = no_bytes

    @classmethod
    def at(cls, buffer: Any, offset: int = 0) -> Self:
        start, end = cls._bounds(buffer, offset)
        if end - start < cls._header_length:
            raise DecodeError(
                f"{cls.__name__} begins with {cls._header_length} bytes, and {end - start} are left", offset=offset
            )
        view = cls.__new__(cls)
        view._buffer, view._table, view._row = buffer, [start], 0
        return view

    def _payload_bounds(self) -> tuple[int, int]:
        return self._table[0] + self._header_length, self._end()

    @property
    def payload(self) -> bytes:
        """What follows the declared members."""
        if self._buffer is None:
            return bytes(self._table.get("payload", b""))
        start, end = self._payload_bounds()
        return bytes(self._buffer[start:end])

    def present(self) -> dict[str, Any]:
        if self._buffer is None:
            return Attrs.present(self)
        found = {name: value for name in self._members if (value := getattr(self, name))}
        if self.payload:
            found["payload"] = self.payload
        if self.nlmsg_type != self._default_type:
            found["nlmsg_type"] = self.nlmsg_type
        return found

    def body(self) -> bytes:
        return super().body() if self._buffer is not None else self._head() + self._rest_of_body()

    def _rest_of_body(self) -> bytes:
        return _given_bytes("payload", self._table.get("payload", b""))

    def raw(self, number: int) -> bytes | None:
        return None


# Only subclasses pass through __init_subclass__.
UnknownMessage._encoders["payload"] = no_bytes


def _given_bytes(name: str, value: Any) -> bytes:
    if not isinstance(value, (bytes, bytearray)):
        raise EncodeError(f"{value!r} is not bytes", attribute=name)
    return bytes(value)


class Answer(UnknownMessage):
    """What an error and the end of a listing have in common: a number that tells how it went, and why.

    `error` is the number as it stands on the wire, negative for a failure; `payload` is what stands between the
    declared members and the extended ack.
    """

    __slots__ = ()

    error: int | None = field("i")

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._encoders["extended"] = no_bytes

    @property
    def errno(self) -> int:
        """The error number, positive as in `<errno.h>`; 0 for an ack or a listing that ended well."""
        return max(0, -int(self.error or 0))

    @property
    def nlmsg_flags(self) -> int:
        """The NLM_F_… flags; of a built answer those that its parts ask for, unless they are given."""
        if self._buffer is None and "nlmsg_flags" not in self._table:
            return self._natural_flags()
        return super().nlmsg_flags

    def _natural_flags(self) -> int:
        # The kernel says so of every ack as well, though it never had the payload.
        capped = not self.payload and "request_type" in self._fields
        return (NLM_F_ACK_TLVS if self.extended is not None else 0) | (NLM_F_CAPPED if capped else 0)

    @property
    def extended(self) -> ExtendedAck | None:
        """The kernel's sentence and what it points at, if it gave any. DecodeError where it makes no sense."""
        if self._buffer is None:
            given: ExtendedAck | None = self._table.get("extended")
            return given
        return extended_ack(self._buffer, self._parts())

    def _parts(self) -> AnswerParts:
        return answer_parts(self._buffer, self._table[0] - 16, self._default_type)

    def _payload_bounds(self) -> tuple[int, int]:
        parts = self._parts()
        return parts.payload, parts.extended

    def present(self) -> dict[str, Any]:
        found = super().present()
        if self._buffer is None:
            return found
        parts = self._parts()
        if parts.extended < parts.end:
            try:
                found["extended"] = self.extended
            except DecodeError:
                found["extended"] = bytes(self._buffer[parts.extended : parts.end])
        # The flags tell the parts from each other; they are shown where the parts alone would not give them.
        mask = NLM_F_CAPPED | NLM_F_ACK_TLVS
        if (type(self)(**found)._natural_flags() ^ self.nlmsg_flags) & mask:
            found["nlmsg_flags"] = self.nlmsg_flags
        return found

    def _rest_of_body(self) -> bytes:
        extended = self._table.get("extended", b"")
        if isinstance(extended, ExtendedAck):
            try:
                extended = extended.body()
            except EncodeError as error:
                raise error.within("extended") from None
        return super()._rest_of_body() + _given_bytes("extended", extended)

    def __str__(self) -> str:
        """`No such device (ENODEV)`, or `ok`."""
        if not self.errno:
            return "ok"
        try:
            sentence = self.extended.msg if self.extended is not None else None
        except DecodeError:
            sentence = None
        return f"{sentence or os.strerror(self.errno)} (errno {self.errno})"


Answer._encoders["extended"] = no_bytes


class Error(Answer, types={"NLMSG_ERROR": NLMSG_ERROR}, struct="nlmsgerr", uapi="linux/netlink.h"):
    """NLMSG_ERROR: a refusal or, with `error` 0, an ack; the nlmsghdr of the request it answers comes with it.

    >>> Error(error=-17, request_type=16, extended=ExtendedAck(msg="There is one already"))
    Error(error=-17, request_type=16, extended=ExtendedAck(msg='There is one already'))
    """

    __slots__ = ()

    request_length: int | None = field("I", "MSG.NLMSG_LEN")
    request_type: int | None = field("H", "MSG.NLMSG_TYPE")
    request_flags: int | None = field("H", "MSG.NLMSG_FLAGS")
    request_seq: int | None = field("I", "MSG.NLMSG_SEQ")
    request_pid: int | None = field("I", "MSG.NLMSG_PID")


class Done(Answer, types={"NLMSG_DONE": NLMSG_DONE}):
    """NLMSG_DONE: the end of a listing, with an error number where it went wrong on the way."""

    __slots__ = ()


class Noop(UnknownMessage, types={"NLMSG_NOOP": NLMSG_NOOP}):
    """NLMSG_NOOP: to be passed over."""

    __slots__ = ()


class Overrun(UnknownMessage, types={"NLMSG_OVERRUN": NLMSG_OVERRUN}):
    """NLMSG_OVERRUN: data was lost."""

    __slots__ = ()
