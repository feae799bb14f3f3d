"""One netlink socket: locks, sequence numbers, deadlines, multipart answers; no family at all.

Strategy: one exchange at a time, under a lock, so that a channel may be used from many threads. Whatever breaks an
exchange in the middle (a deadline, Ctrl-C, an overrun) leaves answers behind that belong to nobody; the socket is then
replaced before the next use, by a new one in the same namespace, rather than drained and hoped for.

A request that is answered by ENOBUFS was carried out, and its answer lost: that is `OutcomeUnknown`, never a failure.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from errno import EMSGSIZE, ENOBUFS, ETIMEDOUT
from typing import Any, NamedTuple, TypeVar

from rawnl import kernel
from rawnl.errors import ConnectionClosed, DumpInterrupted, KernelError, OutcomeUnknown
from rawnl.message import Message, message_bytes, views
from rawnl.proto import Control, control, failure, next_sequence
from rawnl.scan import Scan

M = TypeVar("M", bound=Message)

_SHORT = struct.Struct("=H")

NLM_F_REQUEST = 0x001
NLM_F_ACK = 0x004
NLM_F_DUMP_INTR = 0x010
NLM_F_DUMP = 0x300

DUMP_ATTEMPTS = 16
MAX_LOSSES = 16
# <asm-generic/socket.h>; they go beyond net.core.wmem_max and rmem_max, with CAP_NET_ADMIN over the machine.
SO_SNDBUFFORCE = 32
SO_RCVBUFFORCE = 33
SMALLEST_BUFFER = 64 * 1024
DEFAULT_TIMEOUT = 30.0


class _Forks:
    """How many forks lie between this process and the one that imported the module."""

    count = 0


def _forked() -> None:
    _Forks.count += 1


os.register_at_fork(after_in_child=_forked)


class Answers(NamedTuple):
    """What became of a window: the refusals by position; `answered`, whether the end was reached, so that all others
    are known to be done; and what broke in meanwhile, Ctrl-C mostly, which the caller has to raise when it has seen to
    its own."""

    refused: dict[int, Control]
    answered: bool
    interruption: BaseException | None


class Channel:
    """A netlink socket in the namespace of descriptor `netns`, which must stay open as long as the channel."""

    def __init__(
        self,
        protocol: int,
        netns: int,
        *,
        origin: object = None,
        timeout: float = DEFAULT_TIMEOUT,
        socket: tuple[int, int] | None = None,
        arena: kernel.Arena | None = None,
    ) -> None:
        """`socket`: one that is open already, with its port id; `arena`: receive memory to share with other channels
        that are not in use at the same time. Raises KernelError."""
        self.protocol = protocol
        self.timeout = timeout
        self.origin = origin
        self._netns = netns
        self._lock = threading.Lock()
        self._numbers = threading.Lock()
        self._sequence = int(time.time()) & 0x7FFFFFFF
        self._arena = arena or kernel.Arena()
        self._window_items = 0
        self._forks = _Forks.count
        self._broken = False
        self._closed = False
        self._fd, self.port_id = socket or self._socket()

    def _socket(self) -> tuple[int, int]:
        try:
            return kernel.netlink_socket(self.protocol, self._netns)
        except OSError as error:
            hint = "entering a namespace needs CAP_SYS_ADMIN over it" if error.errno == 1 else ""
            raise KernelError.of(error.errno or 0, request="open a netlink socket in a namespace", hint=hint) from None

    def fileno(self) -> int:
        """The socket's descriptor."""
        self._usable()
        return self._fd

    def close(self) -> None:
        """Close the socket; waits for an exchange under way in another thread. Closing twice is no error."""
        if self._forks != _Forks.count:
            # The lock may be held by a thread that this process does not have.
            self._closed = True
            return
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._fd)

    def _usable(self) -> None:
        if self._closed:
            raise ConnectionClosed("this connection is closed; open a new one with rawnl.open()")
        if self._forks != _Forks.count:
            raise ConnectionClosed("this connection was opened before a fork; open one of this process's own")

    def exchange(
        self,
        data: bytes | bytearray,
        stop: int,
        abort: int = 0,
        *,
        sequence: int = 0,
        header: int = 0,
        width: int = 1,
        timeout: float | None = None,
        burst: bool = False,
    ) -> Iterator[tuple[Any, Scan]]:
        """Send `data`, yield what comes back up to the answer to `stop` (or an error for `abort`), with its scan.

        `sequence` narrows the scan to one request; `header` and `width` are those of the expected class. Holds the
        lock while it runs, so exhaust it at once. Raises TimedOut, OutcomeUnknown, KernelError.
        """
        self._usable()
        with self._lock:
            self._usable()
            if self._broken:
                self._replace()
            deadline = time.monotonic_ns() + int((self.timeout if timeout is None else timeout) * 1e9)
            self._broken = True
            arena = self._arena
            try:
                kernel.send(self._fd, data)
                status = kernel.Status.FULL
                while status is not kernel.Status.DONE:
                    status = kernel.receive(self._fd, arena, stop, abort, deadline, burst)
                    if status is kernel.Status.TIMEOUT:
                        raise KernelError.of(ETIMEDOUT, request="wait for the kernel's answer")
                    buffer: Any = arena.take()
                    yield buffer, kernel.scan(buffer, 0, len(buffer), sequence, header, width)
            except OSError as error:
                raise _broken_off(error) from None
            self._broken = False

    def collect(self, datagrams: Sequence[bytes], stop: int, *, timeout: float | None = None) -> tuple[list[Any], bool]:
        """Send datagrams one behind the other, and give back all that came up to the answer to `stop`.

        For what is carried out whole, so that all its answers have to be seen together: where some were lost (a full
        receive buffer, a deadline), what is left of them is still given back, and the second value is True. Buffers
        are widened for a large datagram, as far as that is allowed. Raises KernelError, EMSGSIZE where it is not.
        """
        self._usable()
        with self._lock:
            self._usable()
            if self._broken:
                self._replace()
            deadline = time.monotonic_ns() + int((self.timeout if timeout is None else timeout) * 1e9)
            self._broken = True
            arena = self._arena
            for data in datagrams:
                _make_room(self._fd, len(data))
                try:
                    kernel.send(self._fd, data)
                except OSError as error:
                    raise KernelError.of(error.errno or 0, request="talk to the kernel") from None
            buffers: list[Any] = []
            losses = 0
            status = kernel.Status.FULL
            while status is kernel.Status.FULL and losses < MAX_LOSSES:
                try:
                    status = kernel.receive(self._fd, arena, stop, 0, deadline)
                except OSError:
                    # The work is done, whatever becomes of its answers (ENOBUFS: some were dropped). What came before
                    # the loss is still queued; nothing that would end the wait need come any more.
                    losses += 1
                    deadline = 0
                if arena.used:
                    buffers.append(arena.take())
            lost = bool(losses) or status is not kernel.Status.DONE
            self._broken = lost
        return buffers, lost

    def _replace(self) -> None:
        fd, port_id = self._socket()
        # In one step and under the same number: whoever holds the number meanwhile has a socket in any case.
        os.dup2(fd, self._fd, inheritable=False)
        os.close(fd)
        self.port_id = port_id
        self._arena.clear()
        self._broken = False

    def sequence(self) -> int:
        """A sequence number of its own."""
        return self.sequences(1)

    def request(
        self,
        message: Message,
        kind: int,
        flags: int,
        reply: type[M],
        *,
        what: str = "",
        timeout: float | None = None,
    ) -> list[M]:
        """One request and all that answers it; raises the `KernelError` that fits when it is refused.

        Raises EncodeError before anything is sent.
        """
        sequence = self.sequence()
        data = message_bytes(kind, flags | NLM_F_REQUEST | NLM_F_ACK, sequence, message.body())
        found: list[M] = []
        refusal: Control | None = None
        header, width = reply._header_length, reply._width
        for buffer, scan in self.exchange(
            data, sequence, sequence=sequence, header=header, width=width, timeout=timeout
        ):
            found += views(reply, buffer, scan, self.origin)
            refusal = _refusal(buffer, scan) or refusal
        if refusal is not None:
            raise failure(refusal, what, data, type(message))
        return found

    def window(self, messages: Sequence[bytes], first: int, *, timeout: float | None = None) -> Answers:
        """Send many messages in one datagram; the refusals come back by position.

        The messages carry consecutive sequence numbers from `first` on, which the caller took from `sequences`. The
        kernel answers every request that fails, asked or not, so an ack is asked of the last only, and silence about
        the others means success once that one is answered. Requests are not atomic: those before and after a failing
        one are carried out. Within `window_items` and `window_bytes` no answer is lost even when all of them fail.

        The kernel has carried everything out when the send returns. So Ctrl-C in the middle does not end this: the
        answers, which are there already, are read first, and the exception is handed back beside them. Raises
        KernelError: TimedOut, OutcomeUnknown; nothing is known of the window then.
        """
        data = bytearray().join(messages)
        last = len(data) - len(messages[-1])
        _SHORT.pack_into(data, last + 6, _SHORT.unpack_from(data, last + 6)[0] | NLM_F_REQUEST | NLM_F_ACK)
        refused: dict[int, Control] = {}
        stop = (first + len(messages) - 2) % 0xFFFFFFFF + 1
        interruption: BaseException | None = None
        answered = False
        self._usable()
        with self._lock:
            self._usable()
            if self._broken:
                self._replace()
            deadline = time.monotonic_ns() + int((self.timeout if timeout is None else timeout) * 1e9)
            self._broken = True
            for attempt in range(MAX_LOSSES):
                try:
                    if attempt == 0:
                        kernel.send(self._fd, data)
                    answered = self._answers(stop, first, deadline, refused)
                    break
                except OSError as error:
                    raise _broken_off(error) from None
                except BaseException as error:
                    # Whether it was sent or not is seen by what is there: nothing need be waited for any more.
                    interruption, deadline = error, 0
            if not answered and interruption is None:
                raise KernelError.of(ETIMEDOUT, request="wait for the kernel's answer")
            self._broken = not answered
        return Answers(refused, answered, interruption)

    def _answers(self, stop: int, first: int, deadline: int, refused: dict[int, Control]) -> bool:
        """Read up to the answer to `stop`, noting refusals; False when it did not come in time."""
        status = kernel.Status.FULL
        while status is kernel.Status.FULL:
            status = kernel.receive(self._fd, self._arena, stop, 0, deadline, True)
            buffer: Any = self._arena.take()
            scan = kernel.scan(buffer, 0, len(buffer), 0, 0, 1)
            for offset in scan.controls:
                answer = control(buffer, offset)
                if answer.errno:
                    refused[(answer.sequence - first) % 0xFFFFFFFF] = answer
        return status is kernel.Status.DONE

    def sequences(self, count: int) -> int:
        """Reserve `count` consecutive sequence numbers; the first of them. None of them is 0."""
        with self._numbers:
            first = next_sequence(self._sequence)
            if first + count > 0xFFFFFFFF:
                first = 1
            self._sequence = first + count - 1
            return first

    @property
    def window_items(self) -> int:
        """How many answers fit the receive buffer for sure; an error with its sentence counts as up to 1.3 KiB."""
        if not self._window_items:
            with socket.socket(fileno=os.dup(self.fileno())) as sock:
                self._window_items = max(16, sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 1536)
        return self._window_items

    @property
    def window_bytes(self) -> int:
        """How many bytes one send may have."""
        return 128 * 1024

    def dump(
        self,
        message: Message,
        kind: int,
        reply: type[M],
        *,
        flags: int = 0,
        what: str = "",
        timeout: float | None = None,
    ) -> list[M]:
        """A whole listing, as views. One that changed while it was read is read again, up to 16 times.

        Raises DumpInterrupted when it never held still.
        """
        for _ in range(DUMP_ATTEMPTS):
            found: list[M] = []
            interrupted = False
            for buffer, scan in self.chunks(message, kind, reply, flags=flags, what=what, timeout=timeout):
                interrupted |= bool(scan.flags & NLM_F_DUMP_INTR)
                found += views(reply, buffer, scan, self.origin)
            if not interrupted:
                return found
        raise DumpInterrupted(4, request=what, message=f"The listing changed while it was read, {DUMP_ATTEMPTS} times")

    def chunks(
        self,
        message: Message,
        kind: int,
        reply: type[Message],
        *,
        flags: int = 0,
        what: str = "",
        timeout: float | None = None,
        width: int | None = None,
    ) -> Iterator[tuple[Any, Scan]]:
        """A listing piece by piece: (buffer, scan). The caller looks at NLM_F_DUMP_INTR in `scan.flags`."""
        sequence = self.sequence()
        data = message_bytes(kind, flags | NLM_F_REQUEST | NLM_F_DUMP, sequence, message.body())
        refusal: Control | None = None
        for buffer, scan in self.exchange(
            data,
            sequence,
            sequence=sequence,
            header=reply._header_length,
            width=width or reply._width,
            timeout=timeout,
        ):
            refusal = _refusal(buffer, scan) or refusal
            yield buffer, scan
        if refusal is not None:
            raise failure(refusal, what, data, type(message))


def _broken_off(error: OSError) -> KernelError:
    """The error for an exchange that an error of the socket broke off."""
    if isinstance(error, KernelError):
        return error
    if error.errno == ENOBUFS:
        return OutcomeUnknown(
            ENOBUFS,
            request="wait for the kernel's answer",
            message="The answer was lost in a full receive buffer",
            hint="what was asked may have been done; read it back",
        )
    return KernelError.of(error.errno or 0, request="talk to the kernel")


def _make_room(fd: int, length: int) -> None:
    """Widen the buffers of a netlink socket for a datagram of `length` bytes and the answers to all that is in it."""
    if length < SMALLEST_BUFFER:
        return
    with socket.socket(fileno=os.dup(fd)) as handle:
        for forced, allowed, size in (
            (SO_SNDBUFFORCE, socket.SO_SNDBUF, length + 4096),
            (SO_RCVBUFFORCE, socket.SO_RCVBUF, 4 * length),
        ):
            size = min(size, 0x3FFFFFFF)
            # The kernel counts its own overhead too, and so keeps twice of what is asked for.
            if handle.getsockopt(socket.SOL_SOCKET, allowed) >= 2 * size:
                continue
            try:
                handle.setsockopt(socket.SOL_SOCKET, forced, size)
            except OSError:
                handle.setsockopt(socket.SOL_SOCKET, allowed, size)
        room = handle.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) - 32
    if length > room:
        raise KernelError.of(
            EMSGSIZE,
            request="talk to the kernel",
            message=f"A message of {length} bytes is too long for a send buffer of {room}",
            hint="raise net.core.wmem_max, or send it in parts",
        )


def _refusal(buffer: Any, scan: Scan) -> Control | None:
    """The error among the control messages of a scan, if there is one."""
    for offset in scan.controls:
        answer = control(buffer, offset)
        if answer.errno:
            return answer
    return None
