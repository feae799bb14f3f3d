"""Netlink messages: a body with the 16-byte nlmsghdr before it.

Strategy: a `Message` is an `Attrs` that also knows its envelope. One read from a dump shares the dump's buffer and
table of offsets with all the others; its length comes from its own nlmsghdr. What rawnl sends is made by `encode`.
Every class that is declared with message types is known to `message_class`, by which `decode.py` finds it.
"""

from __future__ import annotations

import gc
import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from rawnl.errors import DecodeError, EncodeError
from rawnl.scan import Scan
from rawnl.wire import Attrs, no_bytes

if TYPE_CHECKING:
    from typing_extensions import Self

_message_length_at = struct.Struct("=I").unpack_from
_MESSAGE_HEADER = struct.Struct("=IHHII")
_ENVELOPE = {"nlmsg_type": 16, "nlmsg_flags": 16, "nlmsg_seq": 32, "nlmsg_pid": 32}

M = TypeVar("M", bound="Message")

_registry: dict[tuple[str, int], type[Message]] = {}


class Message(Attrs):
    """A netlink message: the 16-byte nlmsghdr, a fixed header, attributes.

        +----------------+--------+--------+--------+--------+----------------+-------------+
        | nlmsg_len (32) | type   | flags  | seq (32)        | pid (32)       | body …      |
        +----------------+--------+--------+--------+--------+----------------+-------------+

    Class keyword `types`: the message types by their kernel names, the first of them being what a built object
    encodes as when nothing else is said. `protocol`: "route" or "netfilter", or a name of the user's own.

    Equality goes by the type and the body; flags, sequence number and port id are not compared.
    """

    __slots__ = ("_origin",)

    _types: ClassVar[dict[str, int]] = {}
    _protocol: ClassVar[str] = "route"
    _default_type: ClassVar[int] = 0

    def __init_subclass__(cls, *, types: dict[str, int] | None = None, protocol: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._protocol = protocol or cls._protocol
        cls._encoders.update((name, no_bytes) for name in _ENVELOPE)
        if types:
            cls._types = types
            cls._default_type = next(iter(types.values()))
            for number in types.values():
                known = _registry.get((cls._protocol, number))
                # rawnl's own modules are loaded late, and must not push aside what the user declared earlier.
                if known is None or not cls.__module__.startswith("rawnl."):
                    _registry[cls._protocol, number] = cls

    @property
    def nlmsg_type(self) -> int:
        """The message type, such as 16 for RTM_NEWLINK."""
        return self._envelope("nlmsg_type", 1, self._default_type)

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
            return self._table.get(name, default)  # type: ignore[no-any-return]
        return int(_MESSAGE_HEADER.unpack_from(self._buffer, self._table[self._row] - 16)[index])

    @property
    def type_name(self) -> str:
        """The kernel's name of the message type, such as "RTM_NEWLINK"."""
        number = self.nlmsg_type
        return next((name for name, value in self._types.items() if value == number), str(number))

    @classmethod
    def _view(cls, buffer: Any, start: int, end: int) -> Self:
        # As a nest (VETH_INFO_PEER) there is no nlmsghdr before the body: one is put there, so that the end
        # is found in one way only.
        body = bytes(buffer[start:end])
        data = _MESSAGE_HEADER.pack(len(body) + 16, cls._default_type, 0, 0, 0) + body
        return super()._view(data, 16, len(data))

    @classmethod
    def at(cls, buffer: Any, offset: int = 0) -> Self:
        """The message whose nlmsghdr begins at byte `offset`. DecodeError where it is not whole."""
        return super()._view(buffer, *cls._bounds(buffer, offset))

    @staticmethod
    def _bounds(buffer: Any, offset: int) -> tuple[int, int]:
        """Where the body of the message at `offset` begins and ends. DecodeError where it is not whole."""
        rest = len(buffer) - offset
        length = _message_length_at(buffer, offset)[0] if rest >= 16 else 0
        if not 16 <= length <= rest:
            raise DecodeError(f"a message says it has {length} bytes, and {max(rest, 0)} are left", offset=offset)
        return offset + 16, offset + length

    @classmethod
    def _parse(cls, data: bytes) -> Self:
        return cls.at(data)

    def _whole(self) -> bytes:
        return self.encode()

    def _of_body(self, body: bytes) -> Self:
        return super()._of_body(self._enveloped(body))

    def _end(self) -> int:
        start = self._table[self._row]
        return int(start - 16 + _message_length_at(self._buffer, start - 16)[0])

    def _become(self, other: Attrs) -> None:
        super()._become(other)
        if hasattr(other, "_origin"):
            self._origin = other._origin

    def _like(self, values: dict[str, Any]) -> Self:
        # As a dictionary: a change to the envelope goes before what it was.
        built = super()._like({**{name: getattr(self, name) for name in _ENVELOPE}, **values})
        if hasattr(self, "_origin"):
            built._origin = self._origin
        return built

    def _identity(self) -> Any:
        return self.nlmsg_type, self.body()

    def present(self) -> dict[str, Any]:
        found = super().present()
        if self.nlmsg_type != self._default_type:
            found["nlmsg_type"] = self.nlmsg_type
        for name in _ENVELOPE:
            if name != "nlmsg_type":
                found.pop(name, None)
        return found

    def encode(
        self,
        nlmsg_type: int | None = None,
        nlmsg_flags: int | None = None,
        nlmsg_seq: int | None = None,
        nlmsg_pid: int | None = None,
    ) -> bytes:
        """The whole message. One that was read gives back the bytes it came from, unless told otherwise.

        Raises: EncodeError, with the path of the value at fault.
        """
        body = self.body()
        try:
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
        except struct.error:
            given = (nlmsg_type, nlmsg_flags, nlmsg_seq, nlmsg_pid)
            own = (self.nlmsg_type, self.nlmsg_flags, self.nlmsg_seq, self.nlmsg_pid)
            envelope = [mine if value is None else value for mine, value in zip(own, given, strict=True)]
            raise _envelope_fault(envelope, body) from None

    def _enveloped(self, body: bytes) -> bytes:
        envelope = (self.nlmsg_type, self.nlmsg_flags, self.nlmsg_seq, self.nlmsg_pid)
        try:
            return _MESSAGE_HEADER.pack(len(body) + 16, *envelope) + body
        except struct.error:
            raise _envelope_fault(envelope, body) from None


def _envelope_fault(envelope: Iterable[Any], body: bytes) -> EncodeError:
    for (name, bits), value in zip(_ENVELOPE.items(), envelope, strict=True):
        if not isinstance(value, int) or not 0 <= value < 1 << bits:
            return EncodeError(f"{value!r} is not an integer that fits {bits} bits", attribute=name)
    return EncodeError(f"{len(body)} bytes are too many for one message")


def message_class(protocol: str, number: int) -> type[Message] | None:
    """The declared class for a message type, such as `Link` for ("route", 16); None where there is none yet."""
    return _registry.get((protocol, number))


def message_bytes(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """A message for sending: the envelope round a body, from port 0."""
    return _MESSAGE_HEADER.pack(len(body) + 16, kind, flags, sequence, 0) + body


def views(cls: type[M], buffer: Any, scan: Scan, origin: Any = None) -> list[M]:
    """One object per row of a scan; nothing is decoded yet."""
    new = cls.__new__
    table = scan.table
    found: list[M] = []
    append = found.append
    # Thousands of objects that all stay alive: the collector would walk them again and again for nothing, and take
    # longer than making them does (409 ns an object with it, 169 without; CPython 3.11).
    paused = scan.rows > 256 and gc.isenabled()
    if paused:
        gc.disable()
    try:
        for row in range(0, scan.rows * scan.width, scan.width):
            view = new(cls)
            view._buffer = buffer
            view._table = table
            view._row = row
            view._origin = origin
            append(view)
    finally:
        if paused:
            gc.enable()
    return found
