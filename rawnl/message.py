"""Netlink messages: a body with the 16-byte nlmsghdr before it.

Strategy: a `Message` is an `Attrs` that also knows its envelope. One read from a dump shares the dump's buffer and
table of offsets with all the others; its length comes from its own nlmsghdr. What rawnl sends is made by `encode`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from rawnl.scan import Scan
from rawnl.wire import Attrs, no_bytes

if TYPE_CHECKING:
    from typing_extensions import Self

_message_length_at = struct.Struct("=I").unpack_from
_MESSAGE_HEADER = struct.Struct("=IHHII")

M = TypeVar("M", bound="Message")


class Message(Attrs):
    """A netlink message: the 16-byte nlmsghdr, a fixed header, attributes.

        +----------------+--------+--------+--------+--------+----------------+-------------+
        | nlmsg_len (32) | type   | flags  | seq (32)        | pid (32)       | body …      |
        +----------------+--------+--------+--------+--------+----------------+-------------+

    Class keyword `types`: the message types by their kernel names, the first of them being what a built object
    encodes as when nothing else is said. `protocol`: "route" or "netfilter".
    """

    __slots__ = ("_origin",)

    types: ClassVar[dict[str, int]] = {}
    protocol: ClassVar[str] = "route"

    if TYPE_CHECKING:
        _origin: Any

    def __init_subclass__(cls, *, types: dict[str, int] | None = None, protocol: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.types = types or cls.types
        cls.protocol = protocol or cls.protocol
        cls._encoders.update((name, no_bytes) for name in _ENVELOPE)

    @property
    def nlmsg_type(self) -> int:
        """The message type, such as 16 for RTM_NEWLINK."""
        return self._envelope("nlmsg_type", 1, next(iter(self.types.values()), 0))

    @property
    def nlmsg_flags(self) -> int:
        """The NLM_F_… flags."""
        return self._envelope("nlmsg_flags", 2, 0)

    @property
    def nlmsg_seq(self) -> int:
        """The sequence number that pairs answers with requests."""
        return self._envelope("nlmsg_seq", 3, 0)

    @property
    def nlmsg_pid(self) -> int:
        """The port id of the sender, or of the receiver in what the kernel sends."""
        return self._envelope("nlmsg_pid", 4, 0)

    def _envelope(self, name: str, index: int, default: int) -> int:
        if self._buffer is None:
            return int(self._table.get(name, default))
        return int(_MESSAGE_HEADER.unpack_from(self._buffer, self._table[self._row] - 16)[index])

    @property
    def type_name(self) -> str:
        """The kernel's name of the message type, such as "RTM_NEWLINK"."""
        number = self.nlmsg_type
        return next((name for name, value in self.types.items() if value == number), str(number))

    @classmethod
    def _view(cls, buffer: Any, start: int, end: int) -> Self:
        # As a nest (VETH_INFO_PEER) there is no nlmsghdr before the body: one is put there, so that the end
        # is found in one way only.
        body = bytes(buffer[start:end])
        kind = next(iter(cls.types.values()), 0)
        data = _MESSAGE_HEADER.pack(len(body) + 16, kind, 0, 0, 0) + body
        return super()._view(data, 16, len(data))

    @classmethod
    def at(cls, buffer: Any, offset: int) -> Self:
        """The message whose nlmsghdr begins at `offset`; the caller has checked that it is whole."""
        length = _message_length_at(buffer, offset)[0]
        return super()._view(buffer, offset + 16, offset + length)

    def _of_body(self, body: bytes) -> Self:
        head = (self.nlmsg_type, self.nlmsg_flags, self.nlmsg_seq, self.nlmsg_pid)
        return type(self).at(_MESSAGE_HEADER.pack(len(body) + 16, *head) + body, 0)

    def _end(self) -> int:
        start = self._table[self._row]
        return int(start - 16 + _message_length_at(self._buffer, start - 16)[0])

    def present(self) -> dict[str, Any]:
        found = super().present()
        for name in _ENVELOPE:
            found.pop(name, None)
        if self.nlmsg_type != next(iter(self.types.values()), 0):
            found["nlmsg_type"] = self.nlmsg_type
        return found

    def encode(
        self,
        nlmsg_type: int | None = None,
        nlmsg_flags: int | None = None,
        nlmsg_seq: int | None = None,
        nlmsg_pid: int | None = None,
    ) -> bytes:
        """The whole message. One that was read gives back the bytes it came from, unless told otherwise."""
        body = self.body()
        return (
            _MESSAGE_HEADER.pack(
                len(body) + 16,
                self.nlmsg_type if nlmsg_type is None else nlmsg_type,
                self.nlmsg_flags if nlmsg_flags is None else nlmsg_flags,
                self.nlmsg_seq if nlmsg_seq is None else nlmsg_seq,
                self.nlmsg_pid if nlmsg_pid is None else nlmsg_pid,
            )
            + body
        )


_ENVELOPE = ("nlmsg_type", "nlmsg_flags", "nlmsg_seq", "nlmsg_pid")


def message_bytes(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """A message for sending: the envelope round a body, from port 0."""
    return _MESSAGE_HEADER.pack(len(body) + 16, kind, flags, sequence, 0) + body


def views(cls: type[M], buffer: Any, scan: Scan, origin: Any = None) -> list[M]:
    """One object per row of a scan; nothing is decoded yet."""
    new = cls.__new__
    table = scan.table
    found = []
    append = found.append
    for row in range(0, scan.rows * scan.width, scan.width):
        view = new(cls)
        view._buffer = buffer
        view._table = table
        view._row = row
        view._origin = origin
        append(view)
    return found
